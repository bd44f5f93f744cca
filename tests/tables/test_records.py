import pytest

import emodist
from emodist import storage
from emodist.errors import ConfigError
from emodist.tables import records


@pytest.fixture(params=records.FORMATS)
def uri(request, tmp_path):
    return f"{tmp_path}/{request.param}"


def test_a_record_says_its_format_first(uri):
    records.write(uri, {"emodist": "0.2.0", "format": 0})
    assert records.read(uri) == {
        "format": records.FORMATS[uri.rpartition("/")[2]],
        "emodist": "0.2.0",
    }
    assert not records.create(uri, {"emodist": "another"})
    assert records.read(uri)["emodist"] == "0.2.0"
    assert next(iter(storage.read_json(uri))) == "format"


def test_a_record_without_a_format_is_of_the_first_one(uri):
    storage.write_json(uri, {"emodist": "0.1.0"})
    assert records.read(uri) == {"emodist": "0.1.0"}


def test_a_record_from_the_future_is_refused_with_both_versions(uri):
    storage.write_json(uri, {"emodist": "9.8.7", "format": 99})
    with pytest.raises(
        ConfigError, match=r"of format 99, written by emodist 9\.8\.7; this is"
    ) as told:
        records.read(uri)
    assert f"emodist {emodist.__version__}" in str(told.value)
    assert "\n" not in str(told.value)


def test_what_is_no_json_is_refused_by_its_name(uri):
    storage.write(uri, b"")
    with pytest.raises(ConfigError, match=f"{uri} is no JSON"):
        records.read(uri)

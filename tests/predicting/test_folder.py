"""Whose an output folder of predictions is."""

import json

import pytest

from emodist.errors import ConfigError, OutputError
from emodist.predicting import folder
from emodist.predicting.settings import PredictSettings, Rules
from tests import make
from tests.predicting import windows


@pytest.fixture
def settings(tmp_path):
    return PredictSettings(bundle="/bundles/b", path=f"{tmp_path}/media", out=f"{tmp_path}/out")


def test_a_folder_belongs_to_one_bundle(settings):
    folder.check(settings, "d1")
    folder.begin(settings, "d1")
    folder.check(settings, "d1")
    folder.begin(settings, "d1")
    for asked in (folder.check, folder.begin):
        with pytest.raises(OutputError, match=r"another bundle \(/bundles/b, d1"):
            asked(settings, "d2")


def test_what_was_saved_is_read_again(settings):
    rules = Rules("/bundles/b", "d1", settings.path, 0.5, 0.1, 4.0, ("json", "png"))
    folder.begin(settings, "d1")
    folder.save(settings, rules, {"segments": 3})
    again, summary = folder.read(settings.out)
    # Where the media lay stands in the rules too; the bundle and its digest stand beside them.
    assert again == rules
    assert summary == {"segments": 3}


def test_a_folder_that_was_begun_and_not_finished_says_so(settings):
    folder.begin(settings, "d1")
    with pytest.raises(ConfigError, match="was begun and not finished; predict again"):
        folder.read(settings.out)


def test_a_folder_without_predictions_says_so(tmp_path):
    with pytest.raises(ConfigError, match=r"has no predictions: it has no predict\.json"):
        folder.read(str(tmp_path))


def test_predictions_for_files_that_are_no_more_go(tmp_path):
    make.output(tmp_path / "out", make.rows(4), n_files=2)
    for name in ("0.parquet", "7.parquet"):
        windows.write(tmp_path / "out", windows.table([0.5]), name)
    folder.drop_stale(f"{tmp_path}/out")
    assert [path.name for path in (tmp_path / "out" / "predictions").iterdir()] == ["0.parquet"]


@pytest.mark.parametrize(("then", "now"), [("ab" * 32, None), (None, "ab" * 32), ("ab", "ab")])
def test_the_same_yamnet_or_an_unknown_one_is_none_to_refuse(settings, tmp_path, then, now):
    record(tmp_path, now)
    card = make.card(origin={"yamnet_sha256": then})
    assert folder.check_network(settings, card) is None


def test_another_yamnet_than_that_of_the_training_is_refused(settings, tmp_path):
    record(tmp_path, "cd" * 32)
    with pytest.raises(ConfigError, match=r"with YAMNet abababababab, .*made with cdcdcdcdcdcd"):
        folder.check_network(settings, make.card(origin={"yamnet_sha256": "ab" * 32}))


def record(tmp_path, sha):
    """An output folder that knows which YAMNet made it."""
    for name in ("recordings", "yamnet"):
        (tmp_path / "out" / name).mkdir(parents=True)
    told = {"emodist": "0.2.0", "settings": {}, "versions": {}}
    (tmp_path / "out" / "run.json").write_text(json.dumps(told))
    if sha is not None:
        (tmp_path / "out" / "yamnet" / "core.json").write_text(json.dumps({"core_sha256": sha}))

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError
from emodist.tables import flat, locate, schema


@pytest.fixture
def features(tmp_path):
    rms = ("rms", (2,), ("rms_mean", "rms_std"))
    fields = schema.features([rms, ("f0", (1,), ("f0_mean",)), ("log_mel", (2, 2), ())])
    keys = {name: pa.nulls(3, fields.field(name).type) for name in schema.SEGMENTS.names}
    keys["uri"] = pa.array(['a "quoted", name.wav', "b.wav", "ü.wav"])
    values = {
        "rms": np.arange(6).reshape(3, 2) / 3,
        "f0": np.arange(3).reshape(3, 1),
        "log_mel": np.zeros((3, 2, 2)),
    }
    columns = [
        schema.column(f, values[f.name]) if schema.is_feature(f) else keys[f.name] for f in fields
    ]
    (tmp_path / "features").mkdir()
    table = pa.Table.from_arrays(columns, schema=fields)
    pq.write_table(table, tmp_path / "features" / "x.parquet")
    return tmp_path / "features"


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_number_has_a_named_column(features, tmp_path):
    left_out = flat.to_csv(locate.open_table(str(features)), str(tmp_path / "x.csv"))
    rows = read(tmp_path / "x.csv")
    assert list(rows[0]) == [*schema.SEGMENTS.names, "rms_mean", "rms_std", "f0_mean"]
    assert [row["uri"] for row in rows] == ['a "quoted", name.wav', "b.wav", "ü.wav"]
    np.testing.assert_array_equal(
        np.float32([row["rms_std"] for row in rows]), np.float32([1 / 3, 1, 5 / 3])
    )
    assert left_out == ["log_mel"]


def test_features_are_chosen_by_name_and_images_too(features, tmp_path):
    flat.to_csv(locate.open_table(str(features)), str(tmp_path / "x.csv"), ["log_mel"])
    columns = list(read(tmp_path / "x.csv")[0])
    assert columns[-4:] == ["log_mel_1_1", "log_mel_1_2", "log_mel_2_1", "log_mel_2_2"]
    assert "rms_mean" not in columns


def test_a_file_of_a_table_is_a_table(features, tmp_path):
    assert locate.open_table(str(features / "x.parquet")).count_rows() == 3


def test_an_unknown_feature_is_refused(features, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'rms'"):
        flat.to_csv(locate.open_table(str(features)), str(tmp_path / "x.csv"), ["rm"])
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("place", ["nowhere", "nowhere.parquet"])
def test_no_table_is_refused(place, tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        locate.open_table(str(tmp_path / place))

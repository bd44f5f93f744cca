import csv
import datetime
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from scipy.io import arff

from emodist.errors import ConfigError
from emodist.tables import formats, locate, schema


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


@pytest.fixture
def everything(tmp_path):
    """A table with all kinds of columns, in two files."""
    when = [datetime.datetime(2024, 2, 29, 12, 30, 5, tzinfo=datetime.UTC), None, None]
    field = schema.features([("rms", (2,), ("rms_mean", "rms_std"))]).field("rms")
    table = pa.table(
        {
            "uri": ["=1+1 'quoted', \\ 50%.wav", "{b}.wav", "tab\tnew\nline ü.wav"],
            "label": ["happy", None, "very sad"],
            "speaker": pa.array([None] * 3, pa.string()),
            "segment": pa.array([1, None, 3], pa.int32()),
            "modified": pa.array(when, schema.TIMESTAMP),
            "abstained": [True, False, None],
            "folds": [[{"name": "a", "score": 0.5}], None, []],
            "p_very sad": pa.array([0.1, np.nan, None], pa.float32()),
        }
    ).append_column(field, schema.column(field, np.arange(6).reshape(3, 2) / 3))
    folder = tmp_path / "all"
    folder.mkdir()
    for name, rows in (("a", table[:2]), ("b", table[2:])):
        pq.write_table(rows, folder / f"{name}.parquet")
    return folder


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_number_has_a_named_column(features, tmp_path):
    left_out = formats.write(locate.open_table(str(features)), str(tmp_path / "x.csv"))
    rows = read(tmp_path / "x.csv")
    assert list(rows[0]) == [*schema.SEGMENTS.names, "rms_mean", "rms_std", "f0_mean"]
    assert [row["uri"] for row in rows] == ['a "quoted", name.wav', "b.wav", "ü.wav"]
    np.testing.assert_array_equal(
        np.float32([row["rms_std"] for row in rows]), np.float32([1 / 3, 1, 5 / 3])
    )
    assert left_out == ["log_mel"]


def test_features_are_chosen_by_name_and_images_too(features, tmp_path):
    formats.write(locate.open_table(str(features)), str(tmp_path / "x.csv"), ["log_mel"])
    columns = list(read(tmp_path / "x.csv")[0])
    assert columns[-4:] == ["log_mel_1_1", "log_mel_1_2", "log_mel_2_1", "log_mel_2_2"]
    assert "rms_mean" not in columns


def test_a_file_of_a_table_is_a_table(features, tmp_path):
    assert locate.open_table(str(features / "x.parquet")).count_rows() == 3


def test_an_unknown_feature_is_refused(features, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'rms'"):
        formats.write(locate.open_table(str(features)), str(tmp_path / "x.csv"), ["rm"])
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("place", ["nowhere", "nowhere.parquet"])
def test_no_table_is_refused(place, tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        locate.open_table(str(tmp_path / place))


RMS = np.float32(np.arange(6).reshape(3, 2) / 3)
READERS = {
    "csv": pd.read_csv,
    "tsv": lambda file: pd.read_csv(file, sep="\t"),
    "parquet": pd.read_parquet,
    "arrow": lambda file: pyarrow.feather.read_table(file).to_pandas(),
    "xlsx": pd.read_excel,
}


@pytest.mark.parametrize("suffix", READERS)
def test_other_programs_read_what_stood_in_the_table(everything, tmp_path, suffix):
    target = tmp_path / f"flat.{suffix}"
    assert formats.write(locate.open_table(str(everything)), str(target)) == []
    rows = READERS[suffix](target)
    assert list(rows) == [
        *("uri", "label", "speaker", "segment", "modified", "abstained", "folds", "p_very sad"),
        *("rms_mean", "rms_std"),
    ]
    assert rows["uri"].tolist() == [
        *("=1+1 'quoted', \\ 50%.wav", "{b}.wav", "tab\tnew\nline ü.wav"),
    ]
    assert rows["label"].tolist()[::2] == ["happy", "very sad"]
    assert rows.isna()["label"].tolist() == [False, True, False]
    assert rows["speaker"].isna().all()
    assert rows["segment"].tolist()[::2] == [1, 3]
    assert pd.Timestamp(rows["modified"][0]).strftime("%F %T") == "2024-02-29 12:30:05"
    assert rows["abstained"].tolist()[:2] == [True, False]
    assert rows["folds"].tolist()[0] == '[{"name": "a", "score": 0.5}]'
    assert np.float32(rows["p_very sad"][0]) == np.float32(0.1)
    assert rows["p_very sad"].isna().tolist() == [False, True, True]
    np.testing.assert_array_equal(np.float32(rows[["rms_mean", "rms_std"]]), RMS)


def test_arff_is_read_with_classes_and_the_label_last(everything, tmp_path):
    target = tmp_path / "flat.arff"
    # Weka reads quotes inside of quotes and more than ASCII, SciPy does not.
    rows = pq.read_table(everything).drop_columns("folds")
    plain = pc.replace_substring_regex(rows["uri"], r"[^ -&(-\[\]-~]", "")
    pq.write_table(rows.set_column(0, "uri", plain), tmp_path / "plain.parquet")
    formats.write(locate.open_table(str(tmp_path / "plain.parquet")), str(target))
    rows, about = arff.loadarff(target)
    assert about.names()[-1] == "label"
    assert about["label"] == ("nominal", ("happy", "very sad"))
    assert rows["label"].tolist() == [b"happy", b"?", b"very sad"]
    assert rows["segment"].tolist()[::2] == [1, 3]
    assert rows["modified"][0] == np.datetime64("2024-02-29T12:30:05")
    assert rows["abstained"].tolist() == [b"true", b"false", b"?"]
    assert np.isnan(rows["speaker"]).all()
    assert np.isnan(rows["p_very sad"]).tolist() == [False, True, True]
    np.testing.assert_array_equal(np.float32([rows["rms_mean"], rows["rms_std"]]).T, RMS)


def test_quotes_and_line_ends_are_escaped_in_arff(everything, tmp_path):
    formats.write(locate.open_table(str(everything)), str(tmp_path / "x.arff"))
    data = (tmp_path / "x.arff").read_text().partition("@data\n")[2].splitlines()
    assert len(data) == 3
    assert data[0].startswith(r"'=1+1 \'quoted\', \\ 50%.wav',")
    assert data[2].startswith(r"'tab\tnew\nline ü.wav',")


def test_words_that_differ_from_row_to_row_are_no_classes_in_arff(tmp_path):
    names = [f"{n}.wav" for n in range(1001)]
    pq.write_table(pa.table({"uri": names, "label": ["a"] * 1001}), tmp_path / "x.parquet")
    formats.write(locate.open_table(str(tmp_path / "x.parquet")), str(tmp_path / "x.arff"))
    lines = (tmp_path / "x.arff").read_text().splitlines()
    assert "@attribute uri string" in lines
    assert "@attribute label {'a'}" in lines
    assert lines[-1] == "'1000.wav','a'"


@pytest.mark.parametrize("name", ["x.xls", "x.csv.gz", "x"])
def test_a_suffix_that_says_nothing_is_refused_with_those_that_do(features, tmp_path, name):
    with pytest.raises(ConfigError, match=r"\.csv, \.tsv, \.parquet, \.arrow, \.xlsx, \.arff; got"):
        formats.write(locate.open_table(str(features)), str(tmp_path / name))
    assert not (tmp_path / name).exists()


def test_what_no_sheet_can_hold_is_refused_before_it_is_written(tmp_path, monkeypatch):
    wide = [("wide", (16_384,), tuple(f"n_{i}" for i in range(16_384)))]
    field = schema.features(wide).field("wide")
    rows = pa.Table.from_arrays(
        [pa.array(["a"]), schema.column(field, np.zeros((1, 16_384)))],
        schema=pa.schema([("uri", pa.string()), field]),
    )
    pq.write_table(rows, tmp_path / "wide.parquet")
    pq.write_table(pa.table({"n": pa.nulls(1_048_576, pa.int8())}), tmp_path / "long.parquet")
    for name, what in (("wide", "16,385 columns"), ("long", "1,048,577 rows")):
        with pytest.raises(ConfigError, match=f"{what}, and Excel takes"):
            formats.write(
                locate.open_table(str(tmp_path / f"{name}.parquet")), str(tmp_path / "x.xlsx")
            )
    assert not (tmp_path / "x.xlsx").exists()


def test_without_the_library_for_excel_the_way_out_is_named(features, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigError, match=r"pip install 'emodist\[excel\]'"):
        formats.write(locate.open_table(str(features)), str(tmp_path / "x.xlsx"))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError
from emodist.learning import dataset
from emodist.tables import schema
from tests import make


def test_rows_come_in_one_order_with_their_numbers(tmp_path):
    one = dataset.load(make.output(tmp_path / "a", make.rows(), n_files=1))
    three = dataset.load(make.output(tmp_path / "b", make.rows()[::-1], n_files=3))
    for rows in (one, three):
        assert list(rows.uri) == [f"{index:02d}.wav" for index in range(6)]
        np.testing.assert_array_equal(rows.x, np.arange(6)[:, None] + np.float32([0, 1, 0]))
        assert rows.x.dtype == np.float32
        assert list(rows.names) == ["rms_mean", "rms_std", "f0_mean"]
        assert list(rows.columns) == ["rms", "rms", "f0"]
        assert rows.images == {}
        assert rows.speech_fraction.tolist() == [0.5] * 6


@pytest.mark.parametrize("place", ["", "/features", "/features/0.parquet"])
def test_attributes_are_joined_from_the_recordings_table(place, tmp_path):
    rows = make.rows(statement="Dogs")
    rows[1]["intensity"] = "strong"
    found = dataset.load(make.output(tmp_path / "a", rows) + place)
    assert list(found.attributes["statement"]) == ["Dogs"] * 6
    assert list(found.attributes["intensity"]) == [None, "strong", None, None, None, None]


def test_a_lone_file_has_no_attributes_and_further_columns_are_some(tmp_path):
    rows = [{**row, "extra": index} for index, row in enumerate(make.rows(statement="Dogs"))]
    folder = make.output(tmp_path / "a", rows)
    (tmp_path / "lone").mkdir()
    (tmp_path / "a" / "features" / "0.parquet").rename(tmp_path / "lone" / "x.parquet")
    found = dataset.load(str(tmp_path / "lone" / "x.parquet"))
    assert {name: list(value) for name, value in found.attributes.items()} == {
        "extra": [0, 1, 2, 3, 4, 5]
    }
    assert "extra" not in dataset.load(f"{folder}/recordings").attributes


def test_features_and_images_are_chosen_by_name(tmp_path):
    table = make.output(tmp_path / "a", make.rows())
    found = dataset.load(table, ["log_mel", "f0"])
    assert list(found.names) == ["f0_mean"]
    assert found.images["log_mel"].shape == (6, 2, 3)
    np.testing.assert_array_equal(found.images["log_mel"][4], [[4, 5, 6], [7, 8, 9]])
    assert dataset.load(table, []).x.shape == (6, 0)
    whole = dataset.load(table)
    np.testing.assert_array_equal(whole.pick(["f0"]).x, whole.x[:, 2:])
    with pytest.raises(ConfigError, match="no feature 'rsm'; did you mean 'rms'"):
        dataset.load(table, ["rsm"])
    with pytest.raises(ConfigError, match="did you mean 'f0'"):
        whole.pick(["f00"])


def test_rows_are_selected_by_number_or_mask(tmp_path):
    found = dataset.load(make.output(tmp_path / "a", make.rows(statement="Dogs")))
    few = found.select(np.array([4, 1]))
    assert list(few.uri) == ["04.wav", "01.wav"]
    assert len(few.attributes["statement"]) == 2
    np.testing.assert_array_equal(few.x[:, 0], [4, 1])
    assert len(found.select(found.speaker == "00")) == 2


def test_targets_are_numbers_of_sorted_classes(tmp_path):
    y, classes = dataset.load(make.output(tmp_path / "a", make.rows())).targets()
    assert classes == ("happy", "sad")
    assert y.tolist() == [0, 1, 0, 1, 0, 1]


def test_tables_of_two_corpora_join_and_their_speakers_stay_apart(tmp_path):
    acted = make.output(tmp_path / "a", make.rows(statement="Dogs"))
    vlogs = make.output(tmp_path / "b", make.rows(corpus="vlogs", session="1"))
    found = dataset.load([vlogs, acted])
    assert list(found.corpus) == ["acted"] * 6 + ["vlogs"] * 6
    assert set(found.speakers()) == {f"{c}/0{s}" for c in ("acted", "vlogs") for s in range(3)}
    assert list(found.attributes["statement"]) == ["Dogs"] * 6 + [None] * 6
    assert set(found.select(found.corpus == "vlogs").speakers()) == {"00", "01", "02"}
    np.testing.assert_array_equal(found.x[:6], found.x[6:])


def test_tables_with_other_columns_do_not_join(tmp_path):
    one = make.output(tmp_path / "a", make.rows())
    other = make.output(tmp_path / "b", make.rows(corpus="b"), [make.RMS])
    with pytest.raises(ConfigError, match=r"other feature columns.*f0_mean"):
        dataset.load([one, other])
    assert list(dataset.load([one, other], ["rms"]).names) == ["rms_mean", "rms_std"]


def test_a_table_named_twice_is_refused(tmp_path):
    table = make.output(tmp_path / "a", make.rows())
    with pytest.raises(ConfigError, match="6 rows come twice"):
        dataset.load([table, table])


def test_numbers_that_are_not_finite_are_named(tmp_path):
    rows = make.rows()
    rows[2]["uri"] = "nan"
    with pytest.raises(ConfigError, match=r"rms_mean \(1 rows\), rms_std.*leave the feature out"):
        dataset.load(make.output(tmp_path / "a", rows))


def test_what_is_missing_is_said_only_where_it_is_needed(tmp_path):
    rows = make.rows()
    rows[1]["speaker"] = rows[2]["label"] = None
    found = dataset.load(make.output(tmp_path / "a", rows))
    with pytest.raises(ConfigError, match=r"1 of 6 have none, such as 01\.wav.*a list \(CSV"):
        found.speakers()
    with pytest.raises(ConfigError, match="needs a label; 1 of 6"):
        found.targets()
    assert len(found.labelled()) == 5
    assert found.people().tolist() == ["00", None, "02", "00", "01", "02"]
    with pytest.raises(ConfigError, match="no labels"):
        dataset.load(make.output(tmp_path / "b", make.rows(label=None))).targets()
    with pytest.raises(ConfigError, match="all rows are 'sad'"):
        dataset.load(make.output(tmp_path / "c", make.rows(label="sad"))).targets()


def test_no_table_and_no_rows_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        dataset.load(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="no table was named"):
        dataset.load([])
    pq.write_table(schema.features([make.RMS]).empty_table(), tmp_path / "empty.parquet")
    with pytest.raises(ConfigError, match="has no rows"):
        dataset.load(str(tmp_path / "empty.parquet"))
    pq.write_table(pa.table({"x": [1]}), tmp_path / "foreign.parquet")
    with pytest.raises(ConfigError, match="no column recording_id"):
        dataset.load(str(tmp_path / "foreign.parquet"))


def with_variants():
    """Four recordings of two speakers; three variants, of which one was made from another."""
    rows = [
        {**row, "speaker": f"s{index // 2}", "label": ("x", "y")[index % 2]}
        for index, row in enumerate(make.rows(4))
    ]
    for name, parent in (("v1", rows[0]["recording_id"]), ("v2", "v1")):
        rows.append({**rows[0], "recording_id": name, "parent": parent})
    rows.append({**rows[3], "recording_id": "v3", "parent": rows[3]["uri"]})
    return rows


def test_a_variant_knows_its_source_by_id_by_file_and_through_another_variant(tmp_path):
    rows = dataset.load(make.output(tmp_path / "out", with_variants()))
    known = zip(rows.sources(), rows.is_variant(), strict=True)
    named = dict(zip(rows.recording_id, known, strict=True))
    originals = sorted(name for name, (_, is_variant) in named.items() if not is_variant)
    assert [named[name][0] for name in originals] == originals
    assert named["v1"] == named["v2"] == (originals[0], True)
    assert named["v3"] == (originals[3], True)


def test_folds_are_made_of_originals_and_variants_train_with_their_source(tmp_path):
    rows = dataset.load(make.output(tmp_path / "out", with_variants()))
    is_variant = rows.is_variant()
    folds = rows.folds("loso")
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), np.flatnonzero(~is_variant))
    for fold in folds:
        train = rows.with_variants(fold.train)
        assert set(train) >= set(fold.train)
        assert not set(rows.sources()[train]) & set(rows.sources()[fold.test])
        assert set(rows.speaker[train]).isdisjoint(rows.speaker[fold.test])
        assert is_variant[train].sum() == (2 if rows.speaker[fold.train[0]] == "s0" else 1)


def test_a_table_without_variants_has_none(tmp_path):
    rows = dataset.load(make.output(tmp_path / "out", make.rows()))
    assert not rows.is_variant().any()
    np.testing.assert_array_equal(rows.sources(), rows.recording_id)

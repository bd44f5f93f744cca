"""Rows by number, wherever they lie."""

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.learning import dataset
from emodist.learning.speaker_norm import Moments
from emodist.network_training import sources
from emodist.network_training.sources import ArraySource, ScaledSource, TableSource
from emodist.tables import locate
from tests import make
from tests.network_training.conftest import N_ROWS


def test_rows_of_a_table_are_those_that_are_loaded_whole(table):
    whole = dataset.load(table, ["log_mel"])
    source = TableSource(table, dataset.load(table, []), ["log_mel"])
    rows = np.array([5, 0, 22, 5, 11])
    np.testing.assert_array_equal(source.take(rows), whole.images["log_mel"][rows])
    flat = dataset.load(table)
    source = TableSource(table, dataset.load(table, []))
    assert source.names == list(flat.names)
    np.testing.assert_array_equal(source.take(rows), flat.x[rows])
    assert len(np.unique(source.groups)) == 7


def test_a_source_that_went_to_another_process_reads_the_same(table):
    import pickle

    source = TableSource(table, dataset.load(table, []), ["log_mel"])
    rows = np.arange(N_ROWS)
    before = source.take(rows)
    moved = pickle.dumps(source)
    assert len(moved) < before.nbytes + 4000
    np.testing.assert_array_equal(pickle.loads(moved).take(rows), before)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["log_mle"], "did you mean 'log_mel'"),
        (["log_mel", "rms"], "log_mel has two axes and is learned from alone"),
    ],
)
def test_columns_that_a_network_cannot_take_are_refused(table, columns, message):
    with pytest.raises(ConfigError, match=message):
        TableSource(table, dataset.load(table, []), columns)


def test_statistics_over_row_groups_are_those_of_each_speaker():
    rng = np.random.default_rng(0)
    x = (1e4 + rng.normal(size=(60, 3, 7))).astype(np.float32)
    who, source = np.arange(60) % 4, ArraySource(x)
    source.groups = np.arange(60) // 16
    found = sources.statistics(source, np.arange(60), who)
    for speaker in range(4):
        own = x[who == speaker].astype(float)
        assert found[speaker].n == 15
        np.testing.assert_allclose(found[speaker].mean, own.mean(axis=(0, 2)), rtol=1e-9)
        np.testing.assert_allclose(found[speaker].variance, own.var(axis=(0, 2)), rtol=1e-6)
    some = x[np.isin(who, [1, 2])].astype(float)
    both = found[1].joined(found[2]).variance
    np.testing.assert_allclose(both, some.var(axis=(0, 2)), rtol=1e-6)


def test_a_scaled_source_brings_each_speaker_to_mean_0_and_spread_1():
    x = np.random.default_rng(0).normal(3, 2, size=(40, 5)).astype(np.float32)
    x[:, 4] = 7.0
    who = np.arange(40) % 2
    known = sources.statistics(ArraySource(x), np.arange(40), who)
    scaled = ScaledSource(ArraySource(x), who, known)
    found = scaled.take(np.flatnonzero(who == 1))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(axis=0)[:4], 1, rtol=1e-5)
    np.testing.assert_array_equal(found[:, 4], 0)


def test_rows_of_speakers_of_whom_nothing_is_known_stay_as_they_are():
    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    scaled = ScaledSource(ArraySource(x), np.array(["a", "a", "b", "b"]), {})
    np.testing.assert_array_equal(scaled.take(np.array([2, 0])), x[[2, 0]])


def test_what_is_only_rounding_beside_the_mean_is_no_spread():
    of = Moments(2, np.array([1e4, 1e4, 0.0]), np.array([2 * 0.01**2, 2 * 1.0**2, 2 * 1e-12]))
    np.testing.assert_allclose(sources.spread(of), [1, 1, 1e-6])


def test_columns_come_in_the_order_of_the_table_and_say_the_shape_of_a_row(table):
    fields = locate.open_table(table).schema
    assert sources.feature_shape(fields, None) == (("rms", "f0"), (3,))
    assert sources.feature_shape(fields, ["f0", "rms"]) == (("rms", "f0"), (3,))
    assert sources.feature_shape(fields, ["log_mel"]) == (("log_mel",), (3, 5))


def test_a_table_of_images_alone_has_no_flat_columns(tmp_path):
    place = make.table(tmp_path / "a.parquet", {"log_mel": np.zeros((2, 3, 5))})
    with pytest.raises(ConfigError, match="no flat feature columns"):
        sources.feature_shape(locate.open_table(place).schema, None)


def test_numbers_that_are_not_finite_are_refused_when_they_are_read(tmp_path):
    x = np.ones((3, 2))
    x[1, 0] = np.nan
    place = make.table(tmp_path / "a.parquet", {"rms": x})
    source = TableSource(place, dataset.load(place, []), ["rms"])
    with pytest.raises(ConfigError, match=r"rms holds numbers that are not finite; leave"):
        source.take(np.array([0]))


def test_rows_are_grouped_as_they_are_best_read():
    source = ArraySource(np.zeros((6, 1)))
    source.groups = np.array([1, 0, 1, 0, 2, 1])
    parts = sources.by_group(source, np.array([5, 3, 0, 4]))
    assert [part.tolist() for part in parts] == [[3], [5, 0], [4]]

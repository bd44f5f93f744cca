"""One order of the rows, whoever reads them and however many learn."""

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.learning import dataset
from emodist.network_training import batches
from emodist.network_training.sources import ArraySource, TableSource

N_ROWS = 23


@pytest.mark.parametrize("n_together", [1, 5, 9, 1000])
def test_a_pass_has_every_row_once_and_windows_of_bounded_size(n_together):
    groups = np.repeat(np.arange(8), 4)
    rows = np.setdiff1d(np.arange(32), [3, 7, 8, 9, 10, 11])
    rng = np.random.default_rng(0)
    found = list(batches.windows(groups, rows, rng, n_together))
    np.testing.assert_array_equal(np.sort(np.concatenate(found)), rows)
    # A row group is read as a whole, so a window is never smaller than one.
    assert max(map(len, found)) <= max(n_together, 4)
    again = batches.windows(groups, rows, np.random.default_rng(0), n_together)
    np.testing.assert_array_equal(np.concatenate(found), np.concatenate(list(again)))


def test_each_epoch_has_another_order_that_follows_from_seed_and_epoch():
    groups, train, dev = np.zeros(40, int), np.arange(30), np.arange(30, 40)

    def order(seed, epochs):
        found = batches.schedule(groups, train, dev, epochs, seed, 100)
        return {w.epoch: w.rows.tolist() for w in found if w.does_learn}

    both = order(0, range(2))
    assert both[0] != both[1]
    assert sorted(both[0]) == train.tolist()
    # A training that goes on with epoch 1 sees what one in a single piece sees.
    assert order(0, range(1, 2))[1] == both[1]
    assert order(1, range(2))[0] != both[0]
    judged = [w for w in batches.schedule(groups, train, dev, range(1), 0, 4) if not w.does_learn]
    assert np.concatenate([w.rows for w in judged]).tolist() == dev.tolist()


@pytest.mark.parametrize("n_rows", [1, 7, 8, 9, 16, 23])
@pytest.mark.parametrize("n_workers", [1, 2, 3, 4])
def test_workers_together_have_the_global_batches_and_drop_no_row(n_rows, n_workers):
    size = 8
    parts = [batches.places(n_rows, size, rank, n_workers) for rank in range(n_workers)]
    alone, weight = batches.places(n_rows, size, 0, 1)
    for rank, (place, w) in enumerate(parts):
        np.testing.assert_array_equal(place, alone[:, rank::n_workers])
        np.testing.assert_array_equal(w, weight[:, rank::n_workers])
    # Every worker takes as many steps, of as many rows; three have one more or less of eight.
    assert {len(place) for place, _ in parts} == {-(-n_rows // size)}
    n_each = [place.shape[1] for place, _ in parts]
    assert sum(n_each) == size
    assert max(n_each) - min(n_each) == (n_workers == 3)
    # Real rows once, each batch a mean.
    assert np.sort(alone[weight > 0]).tolist() == list(range(n_rows))
    np.testing.assert_allclose(weight.sum(axis=1), 1)


def test_one_worker_alone_has_the_batches_that_workers_share(table):
    source = TableSource(table, dataset.load(table, []), ["log_mel"])
    y = np.arange(N_ROWS) % 2
    plan = list(batches.schedule(source.groups, np.arange(20), np.arange(20, 23), range(1), 0, 9))
    alone = list(batches.chunks(source, y, plan, 4))
    assert len(alone) == len(plan) > 2
    for part, window in zip(alone, plan, strict=True):
        shared = [
            batches.chunk(source.take(window.rows), y[window.rows], window, 4, rank, 2)
            for rank in range(2)
        ]
        for name in ("x", "y", "weight"):
            both = [getattr(each, name) for each in shared]
            for rank in range(2):
                np.testing.assert_array_equal(getattr(part, name)[:, rank::2], both[rank])
        assert part.x.dtype == np.float32


def test_augmentation_sees_training_batches_alone_and_is_drawn_anew_in_each_step():
    """In each window of an epoch, and each epoch, too; and on each worker."""
    x, y = np.zeros((14, 3), np.float32), np.arange(14) % 2
    train, dev = np.arange(12), np.arange(12, 14)

    def shift(batch, rng):
        return batches.Batch(batch.x + rng.random(dtype=np.float32), batch.y, batch.weight)

    def seen(does_learn, epochs, rank=0):
        # Windows of two row groups, two batches each.
        plan = batches.schedule(np.arange(14) // 4, train, dev, epochs, 0, 8)
        parts = batches.chunks(ArraySource(x), y, plan, 4)
        found = batches.feed(parts, 2, np.ones(2), shift, (0, rank))
        return [float(batch.x[0, 0]) for _, learns, batch in found if learns == does_learn]

    assert seen(False, range(2)) == [0.0, 0.0]
    both = seen(True, range(2))
    assert len(set(both)) == 6
    assert 0.0 not in both
    # A training that goes on with epoch 1 draws what one in a single piece draws.
    assert seen(True, range(1, 2)) == both[3:]
    assert not set(seen(True, range(2), rank=1)) & set(both)


def test_class_weights_count_in_training_only():
    x, y = np.zeros((4, 1), np.float32), np.array([0, 0, 0, 1])
    window = batches.Window(0, True, np.arange(4))
    part = batches.chunk(x, y, window, 4, 0, 1)
    (batch,) = part.batches(2, np.array([0.5, 3.0]), None, (0,))
    np.testing.assert_allclose(batch.weight, [0.125, 0.125, 0.125, 0.75])


def test_work_ahead_passes_items_and_errors_on():
    assert list(batches.ahead(range(5))) == [0, 1, 2, 3, 4]

    def broken():
        yield 1
        raise ConfigError("no more")

    items = batches.ahead(broken())
    assert next(items) == 1
    with pytest.raises(ConfigError, match="no more"):
        next(items)

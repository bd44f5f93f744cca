"""The loop: learning rate, best epoch, stopping, checkpoints that go on as if nothing was."""

import contextlib
import dataclasses
import socket
import subprocess
import sys

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.network_training import batches, loop
from emodist.network_training.batches import Batch
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import ArraySource
from emodist.network_training.state import Problem, State

SETTINGS = NetworkSettings(
    model="mlp_net",
    model_settings={"width": 8, "dropout": 0.3},
    epochs=4,
    batch_size=16,
    warmup_epochs=1,
    learning_rate=0.01,
)


def task(noise=1.0):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.normal(size=(60, 6)).astype(np.float32) * noise
    x[np.arange(60), y] += 2
    given = Problem((6,), ("a", "b", "c"), x.mean(axis=0), x.var(axis=0), np.ones(3), 3, True)
    return x, y, given


def run(settings, state=None, stop_after=None, **more):
    """Train from a state; `stop_after` epochs the process dies, as far as anyone can see."""
    x, y, given = task(**more)
    learner = Learner(given, settings)
    state = State() if state is None else state
    if state.epoch:
        learner.restore(state, "here")
    epochs = range(state.epoch, settings.epochs)
    plan = batches.schedule(np.zeros(60, int), np.arange(45), np.arange(45, 60), epochs, 0, 1000)
    chunks = batches.chunks(ArraySource(x), y, plan, settings.batch_size)
    kept = []

    def report(progress, state):
        if state is not None:
            kept.append((progress, state.to_bytes()))
            if state.epoch == stop_after:
                raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        loop.train(learner, given, chunks, state, report)
    return state, kept


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_the_learning_rate_rises_in_the_warm_up_and_then_falls_or_stays(schedule):
    settings = NetworkSettings(learning_rate=0.4, warmup_epochs=2, epochs=6, schedule=schedule)
    rates = [loop.learning_rate(settings, step, 10) for step in range(60)]
    np.testing.assert_allclose(rates[:20], 0.4 * np.arange(1, 21) / 20)
    assert rates[20] == pytest.approx(0.4)
    if schedule == "constant":
        assert set(rates[20:]) == {0.4}
    else:
        assert rates[40] == pytest.approx(0.2)
        assert 0 < rates[-1] < 0.01


def test_a_learning_rate_without_warm_up_starts_at_its_highest():
    settings = NetworkSettings(learning_rate=0.4, warmup_epochs=0, epochs=2)
    assert loop.learning_rate(settings, 0, 5) == 0.4


@pytest.mark.tf
def test_a_training_that_was_cut_off_ends_as_one_that_was_not():
    """Dropout too goes on where it was."""
    whole, _ = run(SETTINGS)
    cut, kept = run(SETTINGS, stop_after=2)
    assert cut.epoch == 2
    goes_on = State.from_bytes(kept[-1][1], "here")
    finished, _ = run(SETTINGS, goes_on)
    for ours, theirs in zip(finished.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for row, other in zip(finished.history, whole.history, strict=True):
        assert row["loss"] == other["loss"]
        assert row["dev_uar"] == other["dev_uar"]
    assert finished.best_epoch == whole.best_epoch


@pytest.mark.tf
def test_the_best_epochs_weights_are_kept_and_patience_ends_the_training():
    settings = dataclasses.replace(SETTINGS, epochs=40, patience=3, learning_rate=0.05)
    state, kept = run(settings, noise=3.0)
    uars = [row["dev_uar"] for row in state.history]
    assert len(uars) < 40
    assert state.best_uar == max(uars)
    assert len(uars) == state.best_epoch + 3
    best = State.from_bytes(kept[state.best_epoch - 1][1], "here")
    for ours, theirs in zip(state.best, best.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.tf
def test_progress_names_loss_uar_learning_rate_speed_and_time_left():
    _, kept = run(SETTINGS)
    progress, _ = kept[1]
    assert progress.epoch == 2
    assert {"loss", "dev_loss", "dev_uar", "learning_rate", "rows_per_s"} <= set(progress.row)
    assert progress.rows_per_s > 0
    assert progress.left_s > 0


@pytest.mark.tf
def test_a_class_without_rows_in_training_or_in_a_batch_does_no_harm():
    x, y, given = task()
    given = dataclasses.replace(given, class_weight=loop.balanced(y[y < 2], 3))
    learner = Learner(given, SETTINGS)
    one = Batch(x[y == 0], np.eye(3, dtype=np.float32)[y[y == 0]], np.full(20, 0.05, np.float32))
    assert np.isfinite(float(learner.learn(one, 0.01)))
    empty = dataclasses.replace(one, weight=np.zeros(20, np.float32))
    assert float(learner.learn(empty, 0.01)) == 0.0


@pytest.mark.tf
def test_a_loss_that_is_not_finite_is_one_clear_line():
    with pytest.raises(ConfigError, match=r"the loss of epoch 1 is .*smaller learning_rate"):
        run(dataclasses.replace(SETTINGS, learning_rate=1e38, warmup_epochs=0, weight_decay=0))


@pytest.mark.tf
def test_xla_learns_the_same():
    plain, _ = run(dataclasses.replace(SETTINGS, model_settings={"width": 8, "dropout": 0.0}))
    fast, _ = run(
        dataclasses.replace(SETTINGS, model_settings={"width": 8, "dropout": 0.0}, xla=True)
    )
    for row, other in zip(plain.history, fast.history, strict=True):
        assert row["loss"] == pytest.approx(other["loss"], rel=1e-4)


WORKER = """
import json, os, sys
rank, n_workers, port, out = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
augment = tuple(sys.argv[5:])
os.environ["TF_CONFIG"] = json.dumps({
    "cluster": {"worker": [f"localhost:{port + i}" for i in range(n_workers)]},
    "task": {"type": "worker", "index": rank},
})
import numpy as np
from emodist.network_training import batches, loop, sources
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem, State
from emodist.network_training.tensorflow import import_tensorflow
tf, _ = import_tensorflow()
tf.config.threading.set_intra_op_parallelism_threads(1)
strategy = tf.distribute.MultiWorkerMirroredStrategy() if n_workers > 1 else None
settings = NetworkSettings(
    model="deep_cnn", model_settings={"filters": 4, "dropout": 0.0, "pool": (1, 1)},
    epochs=2, batch_size=8, warmup_epochs=1, augment=augment,
)
rng = np.random.default_rng(0)
y = np.arange(29) % 2
x = rng.normal(size=(29, 16, 16)).astype(np.float32)
# Rows of one worker are louder: statistics of its own would be others.
x[::2] *= 3
mean, variance = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
problem = Problem((16, 16), ("a", "b"), mean, variance, np.ones(2), 3, True)
source = sources.ArraySource(x)
train, dev = np.arange(21), np.arange(21, 29)
learner = Learner(problem, settings, strategy)
chunks = (
    batches.chunk(source.take(w.rows), y[w.rows], w, 8, rank, n_workers)
    for w in batches.schedule(source.groups, train, dev, range(2), 0, 1000)
)
state = loop.train(learner, problem, chunks, State(), rank=rank)
losses = [[row[name] for name in ("loss", "dev_loss", "dev_uar")] for row in state.history]
np.savez(out, losses=losses, **{v.path: v.numpy() for v in learner.model.variables})
"""


def work(folder, *workers, augment=()):
    """What processes end with, given as (rank, number of workers)."""
    port = _free_port()

    def start(rank, n_workers):
        out = folder / f"{n_workers}_{rank}.npz"
        words = [sys.executable, "-c", WORKER, rank, n_workers, port, out, *augment]
        return out, subprocess.Popen([str(word) for word in words], stderr=subprocess.PIPE)

    found = []
    for out, process in [start(*worker) for worker in workers]:
        _, errors = process.communicate(timeout=400)
        assert process.returncode == 0, errors.decode()[-2000:]
        found.append(np.load(out))
    return found


@pytest.mark.tf
@pytest.mark.slow
def test_batch_norm_takes_its_statistics_over_all_workers(tmp_path):
    """Two processes with batch norm, and an odd number of rows, do what one does."""
    alone, *both = work(tmp_path, (0, 1), (0, 2), (1, 2))
    for name in alone.files:
        np.testing.assert_array_equal(both[0][name], both[1][name])
        np.testing.assert_allclose(both[0][name], alone[name], rtol=1e-4, atol=1e-5, err_msg=name)
    assert any("moving_variance" in name for name in alone.files)


@pytest.mark.tf
@pytest.mark.slow
def test_workers_that_augment_their_own_rows_end_with_one_network(tmp_path):
    both = work(tmp_path, (0, 2), (1, 2), augment=("spec_augment", "mixup"))
    for name in both[0].files:
        np.testing.assert_array_equal(both[0][name], both[1][name])
    assert np.isfinite(both[0]["losses"]).all()


def _free_port() -> int:
    """The first of two neighbours that nobody listens on."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("localhost", 0))
            port = one.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                two.bind(("localhost", port + 1))
                return port

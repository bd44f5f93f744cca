"""One training, whoever does it: in this process, by Ray on two workers, and through kills."""

import dataclasses
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from emodist import cli
from emodist.errors import ConfigError, OutputError
from emodist.learning import dataset
from emodist.models import bundle
from emodist.network_training import checkpoint
from emodist.network_training.settings import NetworkSettings
from emodist.pipelines import train_network
from tests import make
from tests.pipelines.conftest import start

# 3 labels, 6 speakers, 66 rows: the last batch is short, and two workers have uneven parts of it.
N_ROWS, BATCH = 66, 16
SETTINGS = NetworkSettings(
    model="simple_cnn",
    model_settings={"filters": 4, "width": 16, "dropout": 0.0, "pool": (1, 1)},
    epochs=3,
    batch_size=BATCH,
    learning_rate=0.005,
    warmup_epochs=1,
    # Two windows an epoch.
    shuffle_mb=0.04,
    dev_fraction=0.34,
)
WORDS = (
    *("--model", "simple_cnn", "simple_cnn.filters=4", "simple_cnn.width=16"),
    *("simple_cnn.dropout=0", "simple_cnn.pool=1,1", "epochs=3", f"batch_size={BATCH}"),
    "learning_rate=0.005",
    *("warmup_epochs=1", "shuffle_mb=0.04", "dev_fraction=0.34"),
)


def write_table(folder: Path, shift: float = 2.0) -> str:
    """Images of 16 by 16 that a label shifts in a few bands; row groups of 10."""
    rng = np.random.default_rng(0)
    y, who = np.arange(N_ROWS) % 3, np.arange(N_ROWS) // 3 % 6
    x = rng.normal(size=(N_ROWS, 16, 16))
    for band in range(3):
        x[y == band, 4 * band : 4 * band + 4] += shift
    return make.table(
        folder / "a.parquet",
        {"rms": x[:, :2, 0], "log_mel": 20 * x - 60},
        row_group_size=10,
        corpus=["media"] * N_ROWS,
        speaker=[f"s{i}" for i in who],
        label=[["angry", "happy", "sad"][i] for i in y],
    ).rpartition("/")[0]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> str:
    return write_table(tmp_path_factory.mktemp("table") / "features")


def train(table, out, augment=None, **more):
    settings = dataclasses.replace(SETTINGS, **more)
    return train_network.train(table, settings, str(out), augment=augment).card


def history(out) -> np.ndarray:
    rows = np.genfromtxt(f"{out}/history.csv", delimiter=",", names=True)
    return np.array([rows[name] for name in ("epoch", "loss", "dev_loss", "dev_uar")])


def said(out, table) -> np.ndarray:
    found = bundle.load(str(out))
    return found.probabilities(dataset.load(table, found.columns))


@pytest.fixture(scope="module")
def alone(table, tmp_path_factory):
    """A bundle that one process made without a break, and what it says of the table."""
    out = tmp_path_factory.mktemp("alone") / "bundle"
    train(table, out)
    return out


@pytest.fixture(scope="module")
def cluster():
    import ray

    os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")
    ray.shutdown()  # one that tests before have left
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


def assert_same(out, alone, table):
    np.testing.assert_allclose(history(out), history(alone), rtol=1e-4)
    ours, theirs = (bundle.load(str(place)).model.get_weights() for place in (out, alone))
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(said(out, table), said(alone, table), rtol=1e-4, atol=1e-6)


class DiesOnce:
    """Changes nothing, but in one batch of one worker kills its process, once for all workers."""

    def __init__(self, marker: str, at_batch: int, how=signal.SIGKILL):
        self.marker, self.at_batch, self.how, self.n_batches = marker, at_batch, how, 0

    def __call__(self, batch, rng):
        self.n_batches += 1
        if self.n_batches == self.at_batch:
            try:
                os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return batch
            # The batches before this one are learned from meanwhile.
            time.sleep(1)
            os.kill(os.getpid(), self.how)
        return batch


@pytest.mark.tf
def test_a_bundle_has_what_it_takes_to_use_and_to_judge_it(alone, table):
    names = {"bundle.json", "model.keras", "rows.parquet", "run.json", "history.csv"}
    assert names | {"runs", "tensorboard", "training_curves.png"} == set(os.listdir(alone))
    found = bundle.load(str(alone))
    assert found.classes == ("angry", "happy", "sad")
    assert found.columns == ("log_mel",)
    assert found.card.model == "simple_cnn"
    assert len(found.card.development["speakers"]) == 2
    record = json.loads((alone / "run.json").read_text())
    assert record["runs"][-1]["epochs"] == 3
    assert record["versions"]["keras"]
    probabilities = said(alone, table)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    labels = dataset.load(table, []).label
    assert np.mean(np.array(found.classes)[probabilities.argmax(axis=1)] == labels) > 0.6


@pytest.mark.tf
def test_rows_of_other_features_are_refused_by_the_bundle(alone, table):
    with pytest.raises(ConfigError, match=r"trained on 16 by 16 numbers .*; got 2 numbers"):
        bundle.load(str(alone)).probabilities(dataset.load(table))


@pytest.mark.tf
def test_the_same_command_again_has_nothing_to_do_and_another_is_refused(alone, table):
    before = (alone / "model.keras").stat().st_mtime_ns
    train(table, alone)
    assert (alone / "model.keras").stat().st_mtime_ns == before
    with pytest.raises(OutputError, match=r"was made with model=simple_cnn, now it is deep_cnn"):
        train(table, alone, model="deep_cnn", model_settings={})
    with pytest.raises(OutputError, match=r"epochs=3, now it is 4"):
        train(table, alone, epochs=4)


@pytest.mark.tf
def test_other_rows_than_those_it_was_begun_with_are_refused(alone, table, tmp_path):
    rows = pq.read_table(f"{table}/a.parquet")
    pq.write_table(rows.slice(0, 60), tmp_path / "other.parquet")
    with pytest.raises(OutputError, match="made with rows of another table"):
        train(str(tmp_path / "other.parquet"), alone)


@pytest.mark.tf
def test_a_folder_with_other_files_is_refused(table, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(OutputError, match="holds other files"):
        train(table, tmp_path)


@pytest.mark.tf
@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_with_the_same_command(table, alone, tmp_path):
    words = ["train", table, *WORDS, "--out", tmp_path / "out"]
    code = (
        "import sys; from emodist import cli; from emodist.pipelines import train_network;"
        "from tests.pipelines.test_train_network import DiesOnce;"
        "real = train_network.train;"
        f"dies = DiesOnce({str(tmp_path / 'died')!r}, 7);"
        "train_network.train = lambda *a: real(*a, augment=dies);"
        f"sys.exit(cli.main({[str(word) for word in words]!r}))"
    )
    import subprocess

    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        for _ in range(2)
    ]
    assert done[0].returncode == -signal.SIGKILL
    assert done[1].returncode == 0, done[1].stderr
    assert "epoch 1," not in done[1].stderr
    assert "epoch 3," in done[1].stderr
    assert_same(tmp_path / "out", alone, table)


@pytest.mark.tf
@pytest.mark.slow
def test_a_disk_that_is_full_is_one_line(table, tmp_path):
    import resource

    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    run = start("train", table, *WORDS, "--out", tmp_path / "out", preexec_fn=small_files_only)
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 2
    last = errors.strip().splitlines()[-1]
    assert last.startswith(f"emodist train: {tmp_path}/out/training/state.npz cannot be written")
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "3"], "batch_size=16 cannot be shared by workers=3; take a multiple"),
        (["--workers", "16", "cpus_per_worker=64"], "workers=16 need 1024 CPUs; the cluster has"),
        (["--model", "deep_cmn"], "did you mean 'deep_cnn'"),
        (["features=rms"], "simple_cnn learns from one feature with two axes"),
        (["features=log_mel,rms"], "log_mel has two axes and is learned from alone"),
        (["features=log_mell"], "did you mean 'log_mel'"),
        (["simple_cnn.filtres=3"], "did you mean 'filters'"),
        (["dev_fraction=1"], "dev_fraction must be within 0 and 1"),
    ],
)
@pytest.mark.tf
def test_a_wrong_request_is_one_line_at_once(table, tmp_path, words, message, capsys, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert cli.main(["train", table, *WORDS, "--out", f"{tmp_path}/out", *words]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.tf
def test_a_place_that_cannot_be_written_is_one_line(table, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["train", table, *WORDS, "--out", f"{tmp_path}/file/out"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "cannot be written: Not a directory" in line


@pytest.mark.ray
@pytest.mark.tf
@pytest.mark.slow
def test_two_workers_learn_what_one_process_learns(cluster, table, alone, tmp_path):
    train(table, tmp_path / "out", workers=2)
    assert_same(tmp_path / "out", alone, table)
    assert not (tmp_path / "out" / "training").exists()


@pytest.mark.ray
@pytest.mark.tf
@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hangs"])
def test_a_worker_that_is_lost_in_an_epoch_changes_nothing(
    cluster, table, alone, tmp_path, monkeypatch, how
):
    """The survivor waits in a collective for one who is gone; it must not wait for ever."""
    monkeypatch.setenv("RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S", "20")
    dies = DiesOnce(str(tmp_path / "died"), at_batch=7, how=how)
    train(table, tmp_path / "out", dies, workers=2)
    assert (tmp_path / "died").exists()
    assert_same(tmp_path / "out", alone, table)


@pytest.mark.ray
@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.long
def test_a_driver_that_is_killed_goes_on_with_the_same_command(cluster, table, alone, tmp_path):
    out = tmp_path / "out"
    words = ["train", table, *WORDS, "--workers", "2", "--out", out, f"address={cluster}"]
    run = start(*words)
    # Killed as soon as there is something to go on from.
    until = time.monotonic() + 300
    while not Path(checkpoint.state_uri(str(out))).exists():
        assert run.poll() is None, run.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.05)
    run.kill()
    run.wait()
    assert not (out / "bundle.json").exists()
    assert cli.main([str(word) for word in words]) == 0
    assert_same(out, alone, table)


@pytest.mark.ray
@pytest.mark.tf
@pytest.mark.slow
def test_what_a_running_cluster_cannot_do_is_refused_at_once(cluster, table, tmp_path):
    for more, what in (({"workers": 4}, "4 CPUs"), ({"workers": 2, "use_gpu": True}, "2 GPUs")):
        with pytest.raises(ConfigError, match=rf"need {what}; the cluster has"):
            train(table, tmp_path / "out", **more)
    deep = {"model": "deep_cnn", "model_settings": {}, "xla": True}
    with pytest.raises(ConfigError, match="cannot compile the batch norm of deep_cnn over several"):
        train(table, tmp_path / "out", workers=2, **deep)

"""Sweeps of networks by both engines: killed and started again, refused, and memory given back."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest

from emodist import cli, config, storage
from emodist.network_training.settings import NetworkSettings
from emodist.pipelines import train_network, tune_local
from emodist.sweeps import trials
from emodist.sweeps.trials import Sweep, SweepSettings
from emodist.tuning.network import Network, NetworkSweep
from tests.pipelines.conftest import start
from tests.pipelines.test_tune import plain, receipts, wait_for
from tests.sweeps.hill import Hill
from tests.tuning.test_network import write_table

ROOT = Path(__file__).parents[2]
WORDS = (
    *("models=mlp_net", "mlp_net.width=8", "mlp_net.depth=1", "augment=none", "epochs=3"),
    *("batch_size=16", "folds=group2", "inner_folds=2", "trials=2"),
)
# Two configurations in three searches.
N_TRIALS = 6


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table") / "speech.parquet")


def finished(run, timeout=500):
    stdout, stderr = run.communicate(timeout=timeout)
    assert run.returncode == 0, stderr
    return json.loads(stdout)


def rows_of(out):
    return plain([json.loads((out / "trials" / name).read_text()) for name in receipts(out)])


@pytest.mark.slow
@pytest.mark.tf
@pytest.mark.long
def test_a_sweep_that_was_killed_goes_on_as_a_job_and_comes_to_the_same_trials(table, tmp_path):
    whole = tmp_path / "whole"
    words = ("tune", "network", table, *WORDS, "engine=local", "workers=1")
    undisturbed = finished(start(*words, "--out", whole, "--json"))
    out = tmp_path / "out"
    driver = start(*words, "--out", out, start_new_session=True)
    # In the middle of a trial: after a fold of it, and after other trials.
    wait_for(
        lambda: (
            (len(receipts(out)) >= 2 and list(out.glob("unfinished/*/*/*.npz")))
            or driver.poll() is not None
        )
    )
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    before = receipts(out)
    assert 2 <= len(before) < N_TRIALS
    file = tmp_path / "sweep.yaml"
    lines = ["kind: network", f"table: {table}", f"out: {out}", "engine: local", "workers: 1"]
    lines += [word.replace("=", ": ") for word in WORDS if "." not in word]
    file.write_text("\n".join([*lines, "mlp_net: {width: 8, depth: 1}"]))
    again = subprocess.Popen(
        [sys.executable, "jobs/tune.py", str(file), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    found = finished(again)
    after = receipts(out)
    assert {name: after[name] for name in before} == before, "a finished trial was done again"
    assert rows_of(out) == rows_of(whole)
    assert found["found"] == undisturbed["found"]
    assert not (out / "unfinished").exists()
    settings = config.load(NetworkSettings, str(out / "best.yaml"))
    card = train_network.train(table, settings, str(tmp_path / "bundle")).card
    assert card.settings["model"] == "mlp_net"


@pytest.mark.slow
@pytest.mark.tf
def test_what_a_trial_keeps_lies_in_a_bucket_as_on_a_disk(bucket, table):
    out = f"{bucket}/networks"
    settings = config.load(NetworkSweep, None, WORDS)
    kind = Network.load(table, settings)
    sweep = Sweep(kind, settings, out=out)
    row = trials.advance(kind, sweep.ask())
    (kept,) = storage.names(row["scratch"])
    assert len(storage.names(f"{row['scratch']}/{kept}")) == 3
    done = trials.advance(Network.load(table, settings), row)
    assert (done["status"], len(done["steps"])) == ("done", 2)
    trials.save_row(out, kind, sweep.tell(done))
    assert storage.names(out) == {"trials"}


@dataclasses.dataclass(frozen=True)
class Heavy(Hill):
    """Says which process did a step."""

    prune: bool = False
    RUNGS: ClassVar[tuple[int, ...]] = ()

    def step(self, row):
        return {"name": "step", "score": 0.5, "pid": os.getpid()}


@pytest.mark.slow
def test_a_process_gives_way_to_a_new_one_after_its_steps_and_no_step_is_lost():
    """TensorFlow gives memory back with its process only."""
    sweep = Sweep(Heavy(), SweepSettings(trials=4))
    tune_local.work(sweep.kind, sweep, 2, steps_per_process=8)
    steps = [step for row in sweep.rows for step in row["steps"]]
    assert len(steps) == 4 * 2 * 3
    assert max(Counter(step["pid"] for step in steps).values()) <= 8
    assert trials.counts(sweep.rows)["done"] == 8


@pytest.mark.slow
@pytest.mark.tf
@pytest.mark.ray
@pytest.mark.long
def test_ray_gives_each_trial_a_process_and_comes_to_the_trials_of_the_local_engine(
    table, tmp_path
):
    words = ("tune", "network", table, *WORDS, "trials=1", "workers=2", "--json")
    found = finished(start(*words, "--out", tmp_path / "ray"))
    local = finished(start(*words, "--out", tmp_path / "local", "engine=local"))
    assert found["trials"] == {"done": 3, "pruned": 0, "failed": 0}
    assert found["runs"][0]["engine"] == "ray"
    assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "local")
    assert found["found"] == local["found"]


@pytest.mark.slow
@pytest.mark.ray
def test_a_share_of_a_gpu_that_the_cluster_does_not_have_is_refused_at_once(table, tmp_path):
    words = ("tune", "network", table, *WORDS, "gpus_per_trial=0.5", "--out", tmp_path / "out")
    # A cluster that is started here has none, whatever the machine has.
    run = start(*words, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    _, stderr = run.communicate(timeout=300)
    assert run.returncode == 2
    assert "gpus_per_trial=0.5, but the cluster has 0 GPUs" in stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["T", "models=deep_cnm"], "did you mean 'deep_cnn'"),
        (["T", "models=[]"], "models is empty"),
        (["T", "models=yamnet_head"], "the table has no feature 'yamnet'"),
        (["T", "mlp_net.widht=8"], "mlp_net has no setting 'widht'"),
        (["T", "folds=group9"], "9 folds need 9 speakers"),
        (["T", "folds=group2", "inner_folds=5"], "5 folds need 5 speakers"),
        (["T", "learning_rate=fast"], "learning_rate takes a number or search"),
        (["T", "gpus_per_trial=0.5", "engine=local"], "gpus_per_trial=0.5 needs engine=ray"),
        (["/nowhere"], "nowhere"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(words, message, table, tmp_path, capsys):
    words = [table if word == "T" else word for word in words]
    assert cli.main(["tune", "network", *words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert message in error[0]
    assert not (tmp_path / "out").exists()

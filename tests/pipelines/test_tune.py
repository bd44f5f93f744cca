"""Sweeps by both engines: killed and started again, refused, and as a job."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from emodist import cli, registry
from emodist.config import load
from emodist.errors import EmodistError
from emodist.learning import dataset
from emodist.pipelines import tune, tune_local
from emodist.sweeps import trials
from emodist.sweeps.trials import Sweep
from tests import make
from tests.held import Held
from tests.pipelines.conftest import start
from tests.tuning.conftest import work

ROOT = Path(__file__).parents[2]
WORDS = ("models=knn,logistic_regression,mlp", "folds=group3", "inner_folds=2", "pca=null")
SEARCHES = 4


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Eight voices that say two things, in forty numbers."""
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 96)
    x = rng.normal(size=(192, 40))
    x[:, :3] += labels[:, None]
    return make.table(
        tmp_path_factory.mktemp("table") / "speech.parquet",
        {"rms": x},
        speaker=[f"s{i // 24}" for i in range(192)],
        label=[("happy", "sad")[i] for i in labels],
    )


@pytest.fixture(scope="module")
def undisturbed(table):
    """The trials that a sweep of ten must come to, made in this process."""
    entry = registry.get("tuning", "classifier")
    kind = entry.load(table, load(entry.SETTINGS, None, [*WORDS, "trials=10"]))
    sweep = Sweep(kind, kind.settings)
    work(sweep)
    return plain(sweep.rows), trials.best(sweep.rows, "all")["values"]


TRIAL = "*/trials/*.json"


def plain(rows):
    kept = ("search", "number", "values", "score", "status")
    return sorted(
        ({k: row[k] for k in kept} for row in rows), key=lambda r: (r["search"], r["number"])
    )


def receipts(out):
    return {file.name: file.stat().st_mtime_ns for file in out.glob("trials/*.json")}


def wait_for(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def command(table, out, engine):
    return ("tune", "classifier", table, "--out", out, *WORDS, "trials=10", f"engine={engine}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine", ["local", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.long])]
)
def test_a_driver_that_is_killed_and_started_again_does_exactly_the_rest(
    engine, table, undisturbed, tmp_path
):
    rows, best = undisturbed
    out = tmp_path / "out"
    words = (*command(table, out, engine), "workers=2")
    driver = Held(tmp_path / "held", TRIAL, 7, *words, start_new_session=True).wait()
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = receipts(out)
    assert 7 <= len(before) < 10 * SEARCHES
    assert not (out / "best.yaml").exists()
    again = start(*command(table, out, engine), "workers=2", "--json")
    stdout, stderr = again.communicate(timeout=400)
    assert again.returncode == 0, stderr
    found = json.loads(stdout)
    after = receipts(out)
    assert {name: after[name] for name in before} == before, "a finished trial was done again"
    assert found["runs"][-1]["trials"] == 10 * SEARCHES - len(before)
    saved = [json.loads((out / "trials" / name).read_text()) for name in after]
    assert plain(saved) == rows
    assert found["found"]["best"]["values"] == best
    trials = pq.read_table(out / "trials.parquet")
    assert trials.num_rows == 10 * SEARCHES
    assert {"search", "number", "status", "score", "seconds", "model", "folds"} <= set(
        trials.column_names
    )
    for name in ("best.yaml", "sweep.json", "sweep.png"):
        assert (out / name).exists()


@pytest.mark.slow
def test_workers_end_with_a_driver_that_is_killed(table, tmp_path):
    out = tmp_path / "out"
    words = (*command(table, out, "local"), "workers=2")
    driver = Held(tmp_path / "held", TRIAL, 1, *words).wait()
    with open(f"/proc/{driver.pid}/task/{driver.pid}/children") as file:
        children = file.read().split()
    assert children
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    wait_for(lambda: not [pid for pid in children if os.path.exists(f"/proc/{pid}")], seconds=20)


@pytest.mark.slow
def test_an_interrupted_sweep_keeps_what_is_finished(table, tmp_path):
    out = tmp_path / "out"
    words = (*command(table, out, "local"), "workers=2")
    driver = Held(tmp_path / "held", TRIAL, 3, *words).wait()
    driver.send_signal(signal.SIGINT)
    _, stderr = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "the same command does the rest" in stderr
    assert "Traceback" not in stderr
    assert pq.read_table(out / "trials.parquet").num_rows == len(receipts(out)) >= 3


@pytest.mark.slow
def test_pruning_is_decided_between_the_steps_of_a_pool(table, tmp_path):
    words = [*WORDS, "trials=12", "prune=true", "engine=local", "workers=2"]
    entry = registry.get("tuning", "classifier")
    found = tune.run(table, load(entry.SETTINGS, None, words), str(tmp_path / "out"))
    assert found.record["trials"]["pruned"] > 4
    assert found.record["found"]["nested_score_unbiased"] > 0.6
    assert "nested score (unbiased)" in str(found)


@pytest.mark.slow
def test_a_killed_worker_is_said_in_one_line(table):
    entry = registry.get("tuning", "classifier")
    kind = entry.load(table, load(entry.SETTINGS, None, [*WORDS, "trials=1"]))
    sweep = Sweep(kind, kind.settings)
    first = sweep.ask
    killed = []

    def ask():
        if not killed:
            killed.append(True)
            return first()
        for process in multiprocessing.active_children():
            process.kill()
        return None

    sweep.ask = ask
    with pytest.raises(EmodistError, match="a worker was killed"):
        tune_local.work(kind, sweep, 2)


@pytest.mark.slow
def test_the_job_reads_table_out_and_kind_from_its_file(table, tmp_path):
    words = [f"table={table}", f"out={tmp_path}/out", "engine=local", "workers=1", "trials=1"]
    run = subprocess.run(
        [sys.executable, "jobs/tune.py", "jobs/tune.yaml", *words, "models=knn", "folds=group3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == f"wrote {tmp_path}/out"
    table = make.table(tmp_path / "b.parquet", {"rms": make.blobs()[0]})
    words = [f"table={table}", f"out={tmp_path}/clusters"]
    (tmp_path / "clusters.yaml").write_text("kind: clusters\nk_max: 4\ntrials: 3\nengine: local\n")
    assert cli.main(["tune", "--config", str(tmp_path / "clusters.yaml"), *words]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["classifiers", "T"], "did you mean 'classifier'"),
        (["T"], "say what to tune: emodist tune classifier|clusters"),
        (["classifier", "T", "trails=3"], "did you mean 'trials'"),
        (["classifier", "T", "models=rbf_smv"], "did you mean 'rbf_svm'"),
        (["classifier", "T", "rbf_svm.cc=3", "models=rbf_svm"], "rbf_svm has no setting 'cc'"),
        (["classifier", "T", "folds=group9"], "9 folds need 9 speakers"),
        (["classifier", "T", "features=mfcc"], "no feature 'mfcc'"),
        (["classifier", "T", "search=random"], "search takes sobol or optuna; got 'random'"),
        (["classifier", "/nowhere"], "nowhere"),
        (["clusters", "T", "k_min=1"], "k_min must be at least 2"),
        (["clusters", "T", "objective=silhouete"], "objective takes silhouette"),
        (["classifier"], "table is not set"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(words, message, table, tmp_path, capsys):
    words = [table if word == "T" else word for word in words]
    assert cli.main(["tune", *words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert message in error[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_sweep_says_both_scores_and_can_be_extended(table, tmp_path, capsys):
    out = str(tmp_path / "out")
    words = ["tune", "classifier", table, "--out", out, *WORDS, "engine=local", "workers=1"]
    assert cli.main([*words, "trials=1"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert any(line.startswith("selected score (optimistic)") for line in shown)
    assert any(line.startswith("nested score (unbiased)") for line in shown)
    assert shown[-1] == f"wrote {out}"
    assert cli.main([*words, "trials=2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [run["trials"] for run in record["runs"]] == [SEARCHES, SEARCHES]
    assert cli.main([*words, "trials=2", "seed=5"]) == 2
    assert "made with seed=0, now it is 5" in capsys.readouterr().err
    assert cli.main([*words, "trials=2"]) == 0
    assert "this run" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_sweep_without_any_score_is_an_error_that_says_why(table, tmp_path, capsys):
    words = ["min_rows=1000", "trials=2", "engine=local", "workers=1"]
    assert cli.main(["tune", "clusters", table, "--out", str(tmp_path / "out"), *words]) == 2
    assert "no trial has a score" in capsys.readouterr().err


def test_a_worker_gets_the_problem_and_gives_a_row(table):
    entry = registry.get("tuning", "clusters")
    kind = entry.of(dataset.load(table), load(entry.SETTINGS, None, ["algorithms=kmeans"]))
    row = Sweep(kind, kind.settings).ask()
    tune_local._kind = kind
    done = tune_local._advance(row)
    assert not trials.has_more(kind, done)
    assert done["steps"][0]["n_clusters"] == done["values"]["k"]

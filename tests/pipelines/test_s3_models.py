"""From a list of media to a model and its report without a file on the disk; and bad S3 access."""

import json
import os
import signal
import time

import numpy as np
import pytest
import s3fs

from emodist import cli, storage
from emodist.models import bundle
from emodist.network_training import checkpoint
from tests.held import Held
from tests.pipelines.conftest import table, write_clip
from tests.pipelines.refusing_s3 import refusing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NETWORK = ("--model", "mlp_net", "epochs=6", "batch_size=16", "dev_fraction=0.34")


@pytest.fixture(scope="module")
def featurized(bucket, tmp_path_factory):
    """An output folder of featurize in the bucket, from a list there: 8 speakers, 2 labels."""
    folder = tmp_path_factory.mktemp("clips")
    rows = ["uri,speaker,label"]
    for index in range(32):
        write_clip(folder / f"{index}.wav", index, 1.0)
        label = ("angry", "sad")[index // 2 % 2]
        rows.append(f"clips/{index}.wav,s{index // 4},{label}")
    fs, root = storage.filesystem(f"{bucket}/media")
    fs.put(f"{folder}/", f"{root}/clips/", recursive=True)
    storage.write(f"{bucket}/media/list.csv", "\n".join(rows).encode())
    out = f"{bucket}/table"
    words = ("--out", out, "--engine", "local", "--workers", "1", "features=mfcc,rms,log_mel")
    assert cli.main(["featurize", f"{bucket}/media/list.csv", *words]) == 0
    return out


def run(capsys, *words) -> dict:
    """What a command prints with --json."""
    capsys.readouterr()
    assert cli.main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_a_classifier_is_judged_trained_tuned_and_reported_in_the_bucket(
    bucket, featurized, capsys
):
    judged = ("--model", "logistic_regression", "--folds", "group4")
    assert cli.main(["audit", featurized, "--folds", "group4"]) == 0
    evaluation = f"{bucket}/evaluation"
    found = run(capsys, "evaluate", featurized, *judged, "--out", evaluation)
    assert json.loads(storage.read(f"{evaluation}/evaluation.json"))["uar"] == found["uar"]

    sweep = ("tune", "classifier", featurized, "--out", f"{bucket}/sweep", "--engine", "local")
    sweep = (*sweep, "--trials", "2", "models=logistic_regression", "folds=group2", "workers=1")
    first = run(capsys, *sweep)
    assert run(capsys, *sweep)["runs"] == first["runs"], "trials were done again"
    best = f"{bucket}/sweep/best.yaml"
    run(capsys, "train", featurized, "--config", best, "--out", f"{bucket}/best")
    assert bundle.load(f"{bucket}/best").classes == ("angry", "sad")

    run(capsys, "cluster", featurized, "--out", f"{bucket}/clusters", "k_max=3")
    parts = ("--evaluation", evaluation, "--clusters", f"{bucket}/clusters")
    parts = (*parts, "--sweep", f"{bucket}/sweep", "--out", f"{bucket}/report")
    page = run(capsys, "report", featurized, *parts)["page"]
    assert b"logistic_regression" in storage.read(page)

    known = ("--table", featurized, "--evaluation", evaluation, "--verify")
    chain = run(capsys, "trace", "clips/0.wav", *known)
    assert chain["recording"]["uri"] == f"{bucket}/media/clips/0.wav"
    assert chain["file"]["sound"] == "same"
    assert cli.main(["export", featurized, "--out", f"{bucket}/table.csv"]) == 0
    assert storage.read(f"{bucket}/table.csv").count(b"\n") == 33


@pytest.mark.tf
def test_a_network_killed_in_the_bucket_goes_on_and_predicts(bucket, featurized, capsys, tmp_path):
    out, whole = f"{bucket}/network", f"{bucket}/whole"
    train = ("train", featurized, *NETWORK, "--out", out)
    driver = Held(tmp_path / "held", checkpoint.state_uri(out), 1, *train).wait()
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert not storage.exists(f"{out}/bundle.json")
    run(capsys, "train", featurized, *NETWORK, "--out", out)
    assert len(json.loads(storage.read(f"{out}/run.json"))["runs"]) == 2
    run(capsys, "train", featurized, *NETWORK, "--out", whole)
    histories = [
        np.genfromtxt(storage.read(f"{uri}/history.csv").decode().splitlines(), delimiter=",")
        for uri in (out, whole)
    ]
    np.testing.assert_allclose(histories[0][1:, 1], histories[1][1:, 1], rtol=1e-5)
    assert "training" not in storage.names(out)

    words = ("--out", f"{bucket}/by_network", "--engine", "local", "timelines=json")
    summary = run(capsys, "predict", out, f"{bucket}/media/clips", *words)
    assert summary["predicted"] == table(f"{bucket}/by_network", "predictions").num_rows == 32
    assert cli.main(["export-model", out, "--format", "tflite", "--out", f"{bucket}/tflite"]) == 0
    assert "model.tflite" in storage.names(f"{bucket}/tflite")


@pytest.fixture
def no_connection_is_kept(monkeypatch):
    s3fs.S3FileSystem.clear_instance_cache()
    # In a process of its own, a command has not heard of any server yet.
    monkeypatch.setattr(storage, "_has_answered", False)
    yield
    s3fs.S3FileSystem.clear_instance_cache()


VERBS = {
    "input": ("featurize", "s3://archive/clips", "--out", "OUT"),
    "output": ("featurize", "CLIPS", "--out", "s3://archive/out", "features=rms"),
    "table": ("train", "s3://archive/table", "--out", "OUT"),
    "bundle": ("predict", "s3://archive/bundle", "CLIPS", "--out", "OUT"),
    "config": ("train", "CLIPS", "--config", "s3://archive/best.yaml", "--out", "OUT"),
    "trained": ("train", "CLIPS", "--out", "s3://archive/bundle"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "AccessDenied", "Access Denied"),
        (400, "ExpiredToken", "The provided token has expired"),
    ],
)
@pytest.mark.usefixtures("no_connection_is_kept")
def test_a_bucket_that_refuses_is_one_line_before_work_begins(
    bucket, clips, tmp_path, capsys, monkeypatch, verb, status, code, message
):
    words = [word.replace("OUT", f"{tmp_path}/out") for word in VERBS[verb]]
    words = [word.replace("CLIPS", str(clips)) for word in words]
    with refusing(status, code, message) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert cli.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "s3://archive/" in line
    assert message in line
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_connection_is_kept")
def test_an_endpoint_that_does_not_answer_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    assert cli.main(["featurize", "s3://archive/clips", "--out", f"{tmp_path}/out"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "s3://archive/clips cannot be reached: Could not connect to the endpoint" in line
    assert "AWS_ENDPOINT_URL" in line


@pytest.mark.parametrize(
    "words",
    [
        ("train", "TABLE", "--model", "lda", "--out", "s3://nowhere/bundle"),
        ("evaluate", "TABLE", "--model", "lda", "--out", "s3://nowhere/evaluation"),
        ("cluster", "TABLE", "--out", "s3://nowhere/clusters"),
        ("tune", "classifier", "TABLE", "--out", "s3://nowhere/sweep"),
        ("report", "TABLE", "--out", "s3://nowhere/report"),
    ],
    ids=lambda words: words[0],
)
def test_an_output_bucket_that_is_not_there_is_found_out_at_once(bucket, featurized, capsys, words):
    began = time.monotonic()
    assert cli.main([word.replace("TABLE", featurized) for word in words]) == 2
    assert time.monotonic() - began < 10
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{words[-1]} cannot be written: The specified bucket does not exist" in line

"""Plugins in jobs: in children, in pools, on Ray; in `run.json` and in bundles."""

import hashlib
import json
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from emodist import cli
from emodist.errors import ConfigError, OutputError
from emodist.models import bundle
from emodist.pipelines import packing
from emodist.plugins import folders
from tests import make_plugins as make
from tests.pipelines.conftest import featurize, table, write_clip


def sha(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def ours(tmp_path):
    """Recordings of a corpus that only a plugin knows: four speakers, two labels."""
    for index in range(16):
        name = f"s{index % 4}_{('glad', 'sad')[index // 4 % 2]}_{index}.wav"
        write_clip(tmp_path / "ours" / name, index, 0.4)
    return tmp_path / "ours"


@pytest.mark.slow
def test_a_feature_and_a_corpus_of_a_folder_make_a_table_that_names_them(own, ours, tmp_path):
    feature, corpus = make.feature(own), make.corpus(own)
    more = {"features": ("rms", "ones"), "corpus": "our_lab", "plugins": (str(own),)}
    summary = featurize(ours, tmp_path / "out", **more)
    assert (summary["recordings"], summary["failed"]) == (16, 0)
    rows = table(tmp_path / "out")
    np.testing.assert_array_equal(np.stack(rows["ones"].to_pylist())[:, 0], 1)
    assert set(rows["label"].to_pylist()) == {"glad", "sad"}
    made = json.loads((tmp_path / "out" / "run.json").read_text())["settings"]
    assert made["plugin_files"] == {
        "features/ones.py": sha(feature), "corpora/our_lab.py": sha(corpus),
    }  # fmt: skip
    # The folder may move; what it holds may not change.
    shutil.move(own, tmp_path / "moved")
    more["plugins"] = (str(tmp_path / "moved"),)
    folders._used.pop(str(own))
    folders._forget(str(own))
    assert featurize(ours, tmp_path / "out", **more)["new"] == 0
    feature = tmp_path / "moved" / "features" / "ones.py"
    feature.write_text(feature.read_text().replace("ones(", "zeros("))
    with pytest.raises(OutputError, match=r"made with another version of features/ones\.py"):
        featurize(ours, tmp_path / "out", **more)


@pytest.mark.slow
def test_an_exception_in_a_feature_is_told_once_with_its_line(own, ours, tmp_path, capfd):
    path = make.feature(own, body="np.ones((1, analysis.n_frames // 0))")
    out = tmp_path / "out"
    words = ["--out", str(out), "--engine", "local", f"plugins={own}", "features=ones"]
    assert cli.main(["featurize", str(ours), *words]) == 1
    told = [line for line in capfd.readouterr().err.splitlines() if line.startswith("failed:")]
    assert len(told) == 1
    assert told[0].startswith("failed: 16 files, such as s")
    assert told[0].endswith(f"ZeroDivisionError: integer division or modulo by zero ({path}:15)")
    rows = pq.read_table(out / "failures").to_pylist()
    assert {row["error"] for row in rows} == {"UnexpectedError"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("np.full((1, analysis.n_frames), np.nan)", "ones gives numbers that are not finite"),
        ("np.ones((2, analysis.n_frames))", r"ones gives numbers of shape \(8,\), and promises"),
    ],
)
def test_numbers_that_are_not_as_promised_are_failures_that_say_so(
    own, ours, tmp_path, body, message
):
    make.feature(own, body=body)
    summary = featurize(ours, tmp_path / "out", features=("ones",), corpus="media",
                        plugins=(str(own),))  # fmt: skip
    assert summary["failed"] == 16
    (said,) = {row["message"].split(": ", 1)[1]
               for row in pq.read_table(tmp_path / "out" / "failures").to_pylist()}  # fmt: skip
    assert re.search(message, said)


@pytest.mark.slow
def test_a_corpus_that_trips_over_a_name_is_a_failure_that_says_where(own, ours, tmp_path):
    path = make.corpus(own)
    write_clip(ours / "noname.wav", 0, 0.4)
    more = {"corpus": "our_lab", "plugins": (str(own),)}
    assert featurize(ours, tmp_path / "out", **more)["failed"] == 1
    (row,) = pq.read_table(tmp_path / "out" / "failures").to_pylist()
    assert row["message"].startswith("noname.wav: ValueError: not enough values to unpack")
    assert f"({path}:" in row["message"]


@pytest.fixture
def trained(own, ours, tmp_path):
    """A bundle of a plugin's classifier on a plugin's feature of a plugin's corpus."""
    make.feature(own), make.corpus(own), make.estimator(own)
    plugins = f"plugins={own}"
    words = [plugins, "features=rms,ones", "--corpus", "our_lab", "--engine", "local"]
    assert cli.main(["featurize", str(ours), "--out", str(tmp_path / "table"), *words]) == 0
    out = str(tmp_path / "bundle")
    words = [plugins, "--model", "prior", "folds=group2", "--out", out]
    assert cli.main(["train", str(tmp_path / "table"), *words]) == 0
    return out


@pytest.mark.slow
def test_a_bundle_names_its_plugins_and_predicts_with_them_alone(
    trained, own, ours, tmp_path, capsys
):
    record = json.loads((tmp_path / "bundle" / "bundle.json").read_text())
    estimator = own / "estimators" / "prior.py"
    assert record["settings"]["plugin_files"] == {"estimators/prior.py": sha(estimator)}
    assert "features/ones.py" in record["featurized"]["plugin_files"]
    words = ["predict", trained, str(ours), "--engine", "local", "timelines=json"]
    assert cli.main([*words, "--out", str(tmp_path / "p"), f"plugins={own}"]) == 0
    assert "is acted speech" in capsys.readouterr().err
    assert table(tmp_path / "p", "predictions").num_rows == 16
    # Another process, in which nothing was used: the folder moved away.
    shutil.move(own, tmp_path / "moved")
    folders._used.pop(str(own))
    folders._forget(str(own))
    with pytest.raises(ConfigError, match=r"the plugin estimators/prior\.py, which is not here"):
        bundle.load(trained)
    moved = tmp_path / "moved" / "estimators" / "prior.py"
    moved.write_text(moved.read_text() + "# another\n")
    folders.use([str(tmp_path / "moved")])
    with pytest.raises(ConfigError, match=r"with another version of estimators/prior\.py"):
        bundle.load(trained)


@pytest.mark.slow
def test_a_bundle_loads_no_type_but_those_that_its_own_model_names(trained, own):
    make.estimator(own, module="another_module")
    record = f"{trained}/bundle.json"
    folders.use([str(own)])
    with open(record) as file:
        about = json.load(file)
    about["settings"]["plugin_files"] = folders.versions("estimators", ["prior"])
    with open(record, "w") as file:
        json.dump(about, file)
    with pytest.raises(ConfigError, match=r"holds emodist.estimators.prior.Shares, which is not"):
        bundle.load(trained)


@pytest.mark.slow
def test_a_sweep_tries_a_classifier_of_a_folder_in_its_pool(trained, own, tmp_path):
    words = [f"plugins={own}", "models=prior,lda", "trials=4", "folds=group2", "inner_folds=2"]
    out = tmp_path / "sweep"
    words += ["engine=local", "workers=2", "balance=weights", "pca=null", "--out", str(out)]
    assert cli.main(["tune", "classifier", str(tmp_path / "table"), *words]) == 0
    record = json.loads((out / "sweep.json").read_text())
    assert list(record["settings"]["plugin_files"]) == ["estimators/prior.py"]
    rows = pq.read_table(out / "trials.parquet").to_pylist()
    assert {row["status"] for row in rows} == {"done"}
    assert {row["model"] for row in rows} == {"prior", "lda"}


@pytest.mark.ray
@pytest.mark.slow
def test_workers_of_ray_have_the_plugins_of_the_driver(own, ours, tmp_path):
    make.feature(own)
    summary = featurize(ours, tmp_path / "out", engine="ray", corpus="media",
                        features=("ones",), plugins=(str(own),))  # fmt: skip
    assert (summary["engine"], summary["recordings"], summary["failed"]) == ("ray", 16, 0)


def test_a_submitted_job_takes_its_plugins_along(own, tmp_path):
    make.feature(own)
    (tmp_path / "job.yaml").write_text(f"plugins: [{own}]\nfeatures: [ones]\n")
    for job in (
        packing.Job("featurize", str(tmp_path / "job.yaml"), ("out=s3://x/y",)),
        packing.Job("featurize", None, (f"plugins={own}", "out=s3://x/y")),
    ):
        assert job.entrypoint.endswith("featurize --config featurize.yaml out=s3://x/y plugins="
                                       "plugins/0" if job.config else
                                       "featurize out=s3://x/y plugins=plugins/0")  # fmt: skip
        with packing.packed(job) as folder:
            assert sorted(p.name for p in (folder / "plugins/0/features").iterdir()) == ["ones.py"]

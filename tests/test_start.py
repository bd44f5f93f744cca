"""What a process loads says what its start costs: times are for `benchmarks/start.py`."""

import collections
import os
import subprocess
import sys

import numpy as np
import pytest

from emodist.audio import encode

HEAVY = {"pandas", "numba", "scipy", "sklearn", "matplotlib", "librosa", "ray", "tensorflow"}


def loaded(*words: str) -> set[str]:
    """The packages that a command, and every process that it starts, imports."""
    done = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rpartition("|")[2].strip() for line in lines}
    # One that was looked for in vain is listed as well, but nothing of what it holds.
    parts = collections.Counter(module.partition(".")[0] for module in modules)
    return {package for package, n_modules in parts.items() if n_modules > 2}


@pytest.mark.parametrize("words", [("-c", "import emodist"), ("-m", "emodist", "--help")])
def test_the_package_and_its_overview_load_no_numbers(words):
    found = loaded(*words)
    assert "importlib" in found
    assert found & {*HEAVY, "numpy", "yaml", "pyarrow"} == set()


@pytest.mark.parametrize("verb", ["featurize", "extract"])
def test_the_help_of_a_media_verb_loads_no_more_than_numpy(verb):
    found = loaded("-m", "emodist", verb, "--help")
    assert "numpy" in found
    assert found & {*HEAVY, "pyarrow", "fsspec", "soxr", "av", "pyfftw"} == set()


@pytest.mark.slow
def test_a_clip_is_featurized_without_what_it_does_not_need(tmp_path):
    rng = np.random.default_rng(0)
    with encode.writer(str(tmp_path / "clip.wav")) as write:
        write(0.1 * rng.standard_normal(16_000).astype(np.float32))

    def featurize(out: str) -> set[str]:
        return loaded("-m", "emodist", "featurize", str(tmp_path / "clip.wav"), "--out", out)

    featurize(str(tmp_path / "first"))  # the kernels may have to be compiled
    found = featurize(str(tmp_path / "second"))
    assert {"emodist", "pyarrow", "pyfftw"} <= found
    assert found & {*HEAVY, "av", "s3fs"} == set()

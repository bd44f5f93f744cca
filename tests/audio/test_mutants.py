"""A small run of `benchmarks/fuzz.py`: damaged files of every container through a whole run."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.audio import mutants

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("way", mutants.WAYS, ids=lambda way: way.__name__)
def test_the_same_numbers_make_the_same_mutant_and_it_is_another_file(way):
    data = np.random.default_rng(0).bytes(5000)
    first, again = (way(bytearray(data), np.random.default_rng(7)) for _ in range(2))
    assert first == again != data


@pytest.mark.slow
def test_every_damaged_file_is_a_row_or_a_failure_that_says_why():
    command = [sys.executable, "benchmarks/fuzz.py", "--files", "200", "--seed", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["files"] == found["rows"] + found["failures"] == 200
    assert found["rows"] > 50
    assert found["failures"] > 20
    for never in ("lost", "not_finite", "another_length"):
        assert found[never] == 0, done.stdout
    assert set(found["errors"]) == {"AudioError"}
    assert found["most_memory_mb"] < 1000 * found["limit_gb"] + 400

"""A process that has said its answer exits with it, also on a busy machine.

Arrow's threads once held a Python file while the interpreter shut down, and about one run in
seventy ended in "terminate called without an active exception" after all was said.
"""

import collections
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from emodist import storage
from tests import make
from tests.learning.test_audit import acted, write_folds

pytestmark = pytest.mark.slow

AT_ONCE = 4
FEW, MANY = 20, 400


@pytest.fixture
def archive(tmp_path):
    """A table, and folds of it by the exit code that they deserve."""
    rows = acted()
    make.output(tmp_path / "out", rows, [make.RMS])
    folds = [int(row["speaker"]) % 4 for row in rows]
    write_folds(tmp_path / "0.csv", rows, folds)
    folds[1] = 3
    write_folds(tmp_path / "2.csv", rows, folds)
    write_folds(tmp_path / "2.parquet", rows, folds)
    return tmp_path


def audited(place, n_runs):
    """How often each audit ended how, of `n_runs` processes, four at a time."""
    folds = ("0.csv", "2.csv", "0.csv", "2.parquet")

    def run(number):
        name = folds[number % len(folds)]
        words = ("audit", f"{place}/out", "--folds", f"{place}/{name}")
        done = subprocess.run(
            [sys.executable, "-m", "emodist", *words], capture_output=True, text=True
        )
        return name, done.returncode, done.stderr

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return collections.Counter(pool.map(run, range(n_runs)))


def right(n_runs):
    n = n_runs // 4
    return {("0.csv", 0, ""): 2 * n, ("2.csv", 2, ""): n, ("2.parquet", 2, ""): n}


def uploaded(archive, bucket):
    for folder, _, names in os.walk(archive):
        for name in names:
            file = os.path.join(folder, name)
            with open(file, "rb") as content:
                storage.write(f"{bucket}/audited{file[len(str(archive)) :]}", content.read())
    return f"{bucket}/audited"


N_RUNS = [FEW, pytest.param(MANY, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]


@pytest.mark.parametrize("n_runs", N_RUNS)
def test_audits_of_a_local_table_exit_with_their_answer(archive, n_runs):
    assert audited(archive, n_runs) == right(n_runs)


@pytest.mark.parametrize("n_runs", N_RUNS)
def test_audits_of_a_table_in_a_bucket_exit_with_their_answer(archive, bucket, n_runs):
    assert audited(uploaded(archive, bucket), n_runs) == right(n_runs)

"""Kernels run the same with numba and, in the next process, without it."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emodist.compiled import machine_code

KERNELS = """
import numpy as np
from emodist.compiled import REASSOCIATE, compiled

FACTOR = 2.0

@compiled(REASSOCIATE)
def total(x):
    found = 0.0
    for i in range(x.size):
        found += x[i]
    return found

@compiled()
def scaled(x, n, out):
    out[:] = np.sort(x)[:n] * FACTOR
    return total(out)

@compiled()
def ordered(x):
    return np.sort(x), x.min()

@compiled()
def share(x, n):
    return x / n
"""
CALLS = """
import sys
import numpy as np
import kernels
for dtype in (np.float32, np.float64):
    x = np.random.default_rng(0).standard_normal(1000).astype(dtype)
    for given in (x, x[::3]):
        out = np.empty(100, dtype)
        print(float(kernels.scaled(given, 100, out)).hex(), out.tobytes().hex())
print(kernels.total(np.arange(5)), kernels.share(1, 4))
"""
SAYS_NUMBA = "print('with numba' if 'numba' in sys.modules else 'without numba')"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not machine_code.is_possible(), reason="machine code is kept on Linux and x86-64 alone"
    ),
]


@pytest.fixture
def run(tmp_path):
    """Runs code in a process that has the module `kernels`, and says what it prints."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    root = str(Path(__file__).parents[2])

    def run(code: str, **environment: str) -> list[str]:
        own = {"PYTHONPATH": f"{tmp_path}:{root}", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def code_files(tmp_path):
    return sorted((tmp_path / "cache").glob("*.code"))


@pytest.mark.slow
def test_the_next_process_has_the_same_bits_without_numba(run, tmp_path):
    *first, how_first = run(CALLS + SAYS_NUMBA)
    *second, how_second = run(CALLS + SAYS_NUMBA)
    plain = run(CALLS.replace("import kernels", without_machine_code()))
    assert (how_first, how_second) == ("with numba", "without numba")
    assert first == second == plain
    # Four kinds of array for `scaled`, one for `total`, and two numbers of Python.
    assert len(code_files(tmp_path)) == 6


def test_loaded_code_can_return_arrays_and_tuples(run):
    code = (
        "import numpy as np, kernels\n"
        "values, least = kernels.ordered(np.array([3.0, 1.0, 2.0]))\n"
        "print(values.dtype, values.tolist(), least)"
    )
    assert run(code) == run(code) == ["float64 [1.0, 2.0, 3.0] 1.0"]


def without_machine_code() -> str:
    hidden = "from emodist.compiled import machine_code; machine_code.is_possible = lambda: False"
    return f"{hidden}\nimport kernels"


@pytest.mark.slow
def test_numba_can_be_used_beside_code_that_was_loaded_without_it(run):
    more = "import numba; print(numba.njit(lambda x: np.sort(x).sum())(np.arange(4.0)))"
    assert run(CALLS + more)[-1] == run(CALLS + more)[-1] == "6.0"


def test_an_error_in_loaded_code_is_the_one_that_python_would_raise(run):
    code = "import kernels\ntry: kernels.share(1.0, 0)\nexcept ZeroDivisionError: print('raised')"
    assert run(code) == run(code) == ["raised"]


def test_a_damaged_file_is_made_anew(run, tmp_path):
    code = "import sys, kernels; print(kernels.share(1.0, 4));" + SAYS_NUMBA
    assert run(code) == ["0.25", "with numba"]
    (file,) = code_files(tmp_path)
    whole = file.read_bytes()
    for damaged in (b"", whole[:20], whole[:-1], whole[:-1] + b"x", b"x" + whole):
        file.write_bytes(damaged)
        assert machine_code.load(file) is None
    assert run(code) == ["0.25", "with numba"]
    assert run(code) == ["0.25", "without numba"]


@pytest.mark.parametrize(
    ("old", "new"), [("FACTOR = 2.0", "FACTOR = 3.0"), ("found += x[i]", "found += 2 * x[i]")]
)
def test_changed_constants_and_functions_that_are_called_count(tmp_path, monkeypatch, old, new):
    (tmp_path / "outer.py").write_text(
        "from kernels import FACTOR, total\nfrom emodist.compiled import compiled\n"
        "@compiled()\ndef f(x): return FACTOR * total(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    said = []
    for text in (KERNELS, KERNELS, KERNELS.replace(old, new)):
        (tmp_path / "kernels.py").write_text(text)
        for name in ("kernels", "outer"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        said.append(importlib.import_module("outer").f.source)
    assert said[0] == said[1] != said[2]


def test_without_a_place_to_write_kernels_run_all_the_same(run, tmp_path):
    (tmp_path / "file").write_text("")
    code = "import sys, kernels; print(kernels.share(1.0, 4));" + SAYS_NUMBA
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path / "file")) == ["0.25", "with numba"]


def test_without_compilation_kernels_are_plain_functions(run, tmp_path):
    code = "import kernels; print(kernels.share(1.0, 4))"
    assert run(code, NUMBA_DISABLE_JIT="1") == ["0.25"]
    assert not code_files(tmp_path)


def test_a_version_of_numba_that_was_not_tried_is_left_alone(run, tmp_path):
    other = "from emodist.compiled import machine_code; machine_code.TRIED = ((0, 1), (0, 2))\n"
    assert run(f"{other}import kernels; print(kernels.share(1.0, 4))") == ["0.25"]
    assert not code_files(tmp_path)


def test_threads_that_call_at_once_have_one_function(run):
    code = (
        "import numpy as np, kernels\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(set(pool.map(kernels.total, [np.ones(10)] * 64)))"
    )
    assert run(code) == run(code) == ["{10.0}"]

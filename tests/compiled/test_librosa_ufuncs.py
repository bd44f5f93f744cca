"""Functions of librosa that several processes want at once, in a fresh installation."""

import os
import subprocess
import sys

import pytest

# Each process has compiled another number of functions before: numba counts them in its names.
CODE = """
import sys
import numba
import numpy as np
for number in range(int(sys.argv[1])):
    numba.njit(eval(f"lambda x: x + {number}"))(1)
from emodist.compiled import librosa_ufuncs
librosa_ufuncs.make()
import librosa
print(librosa.estimate_tuning(y=np.sin(np.arange(16_000) / 5), sr=16_000))
"""


@pytest.mark.slow
def test_processes_that_begin_together_leave_what_the_next_can_call(tmp_path):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def start(number):
        return subprocess.Popen(
            [sys.executable, "-c", CODE, str(number)], env=env, stdout=subprocess.PIPE, text=True
        )

    together = [start(number) for number in range(3)]
    told = [process.communicate()[0] for process in together]
    again = start(0)
    told.append(again.communicate()[0])
    assert [process.returncode for process in (*together, again)] == [0, 0, 0, 0]
    assert len(set(told)) == 1
    assert len(list(tmp_path.glob("librosa-*.made"))) == 1

"""openSMILE in a process of its own: its C++ writes beside its memory.

Beside TensorFlow, glibc notices that ("malloc(): invalid size") and ends the process.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ALONE = Path(__file__).with_name("opensmile_alone.py")


@pytest.mark.slow
def test_opensmile_passes_its_own_tests_and_the_contract_of_features():
    pytest.importorskip("opensmile", reason='needs: pip install "emodist[opensmile]"')
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ALONE)]
    done = subprocess.run(command, cwd=ALONE.parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

import subprocess
import sys

import numpy as np
import pytest

from emodist.reporting import _maps


def blobs():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    x[30:] += 20
    return x, ["a"] * 30 + ["b"] * 30


def test_tsne_keeps_groups_apart_and_is_the_same_each_time():
    x, groups = blobs()
    at = _maps.plane(x, "tsne", 0)
    assert at.shape == (60, 2)
    share, chance = _maps.neighbours(at, groups)
    assert share > 0.95
    assert chance == pytest.approx(29 / 59)
    np.testing.assert_array_equal(at, _maps.plane(x, "tsne", 0))


@pytest.mark.slow
def test_umap_keeps_groups_apart_and_loads_no_tensorflow():
    code = (
        "import sys, numpy as np\n"
        "from emodist.reporting import _maps\n"
        "from tests.reporting.test_maps import blobs\n"
        "x, groups = blobs()\n"
        "print(_maps.neighbours(_maps.plane(x, 'umap', 0), groups)[0] > 0.95)\n"
        "print('tensorflow' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_neighbours_need_two_groups():
    assert _maps.neighbours(np.zeros((5, 2)), ["a"] * 4 + [None]) is None

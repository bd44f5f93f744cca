import numpy as np
import pytest

from tests import make

N_ROWS = 23


@pytest.fixture
def table(tmp_path):
    """A table of 23 rows in two files with row groups of 4, an image and two flat features."""
    shapes = {"rms": (2,), "f0": (1,), "log_mel": (3, 5)}
    order = np.random.default_rng(0).permutation(N_ROWS)
    for part, ids in enumerate((order[:10], order[10:])):
        # Each number says which row it is of.
        numbers = {
            name: 100.0 * ids.reshape(-1, *(1,) * len(shape))
            + np.arange(np.prod(shape)).reshape(shape)
            for name, shape in shapes.items()
        }
        make.table(
            tmp_path / "features" / f"{part}.parquet",
            numbers,
            row_group_size=4,
            recording_id=[f"r{i:02}" for i in ids],
            uri=[f"{i:02}.wav" for i in ids],
            speaker=[f"s{i % 3}" for i in ids],
            label=["ab"[i % 2] for i in ids],
        )
    return str(tmp_path / "features")

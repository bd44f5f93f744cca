import os
from pathlib import Path

import pytest

# Before numpy and scikit-learn are loaded: on small data, threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Fixtures, for the network's own tests and for those of the pipelines.
from tests.yamnet_models import (  # noqa: F401
    SHARED,
    cache,
    real,
    real_call,
    real_folder,
    speech,
    tiny,
    tiny_folder,
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real speech and media, which lie beside the repository and not in it."""
    folder = SHARED / "data"
    if not folder.exists():
        pytest.skip("real data is not here: ../shared/data")
    return folder

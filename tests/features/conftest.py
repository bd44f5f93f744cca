import numpy as np
import pytest
import soundfile

from tests.features.signals import SIGNALS


@pytest.fixture(scope="session")
def speech(shared_data) -> list[np.ndarray]:
    """Eight clips of RAVDESS, spread over actors and emotions."""
    paths = sorted((shared_data / "ravdess").rglob("*.flac"))
    if len(paths) < 8:
        pytest.skip("RAVDESS clips are not here: ../shared/data/ravdess")
    return [soundfile.read(path, dtype="float32")[0] for path in paths[7 :: len(paths) // 8]][:8]


@pytest.fixture(params=SIGNALS)
def signal(request) -> np.ndarray:
    """Each synthetic signal in turn."""
    return SIGNALS[request.param]

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from emodist.compiled import librosa_ufuncs
from emodist.plugins import folders

# Before numpy and scikit-learn are loaded: on small data, threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests import make

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


def pytest_addoption(parser):
    parser.addoption(
        "--entries",
        help="folder whose entries the contract tests are to judge too (emodist.plugins)",
    )


# The same examples in every run: what fails here fails there.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")


def pytest_configure(config):
    # Many tests call librosa, and two processes of them begin together.
    if not hasattr(config, "workerinput"):
        librosa_ufuncs.make()
    # Before tests are collected: they are made for each name of a registry.
    if config.getoption("--entries"):
        folders.use([config.getoption("--entries")])


@pytest.fixture
def own(tmp_path) -> Iterator[Path]:
    """An empty folder for plugins, which are in force until the test ends and not after."""
    before = dict(folders._used)
    (tmp_path / "own").mkdir()
    yield tmp_path / "own"
    for place in {*folders._used, str(tmp_path / "own")} - before.keys():
        folders._forget(place)
        folders._used.pop(place, None)


@pytest.fixture
def emotional():
    """Ten voices that say three things: `tests.make.emotional`."""
    return make.emotional()

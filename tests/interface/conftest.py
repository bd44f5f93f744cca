from pathlib import Path

import pytest

import emodist
from emodist import synthesis


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    """Clips of four speakers in five label folders."""
    made = synthesis.write_corpus(
        tmp_path_factory.mktemp("corpus"), n_speakers=4, n_per_emotion=2, n_vlogs=0
    )
    return made / "clips"


@pytest.fixture(scope="session")
def table(clips, tmp_path_factory):
    """Their features, made through the front door."""
    return emodist.featurize(
        clips,
        corpus="folder",
        folder={"speaker_pattern": "prefix"},
        features=["mfcc", "rms"],
        out=tmp_path_factory.mktemp("out") / "features",
        engine="local",
        workers=2,
    )

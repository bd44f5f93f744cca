"""A convolutional network that learns from synthetic speech, masked and blended on its way."""

import dataclasses

import numpy as np
import pytest

from emodist import config, synthesis
from emodist.learning import dataset
from emodist.models import bundle
from emodist.network_training.settings import NetworkSettings
from emodist.pipelines import train_network
from tests.pipelines.conftest import featurize

pytestmark = [pytest.mark.tf, pytest.mark.slow]
SETTINGS = config.load(
    NetworkSettings,
    None,
    [
        "simple_cnn.pool=4,4",
        "augment=spec_augment,mixup",
        "epochs=12",
        "batch_size=16",
        "learning_rate=0.003",
        "warmup_epochs=1",
        "dev_fraction=0.34",
        # Three windows an epoch.
        "shuffle_mb=1.5",
    ],
    model="simple_cnn",
)


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("synthetic")
    synthesis.write_corpus(folder / "corpus", n_speakers=6, n_per_emotion=3, n_vlogs=0)
    by_name = {"speaker_pattern": "prefix"}
    clips = folder / "corpus" / "clips"
    featurize(clips, folder / "out", features=("log_mel",), corpus_settings=by_name)
    return str(folder / "out")


def losses(out) -> np.ndarray:
    return np.genfromtxt(f"{out}/history.csv", delimiter=",", names=True)["loss"]


def test_it_learns_across_speakers_and_finds_it_harder_than_plain_images(table, tmp_path):
    about = train_network.train(table, SETTINGS, str(tmp_path / "augmented")).card
    plain = dataclasses.replace(SETTINGS, augment=())
    train_network.train(table, plain, str(tmp_path / "plain"))
    # Five emotions: chance is 0.2.
    assert about.development["uar"] > 0.35
    augmented, plain = losses(tmp_path / "augmented"), losses(tmp_path / "plain")
    assert augmented[-3:].mean() < 0.9 * augmented[0]
    assert plain[-1] < augmented[-1]
    found = bundle.load(str(tmp_path / "augmented"))
    said = found.probabilities(dataset.load(table, found.columns)).argmax(axis=1)
    assert np.mean(np.array(found.classes)[said] == dataset.load(table, []).label) > 0.35

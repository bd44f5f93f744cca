"""What a network learns from: variants of the training side, and batches changed anew."""

import numpy as np
import pytest

from emodist import config
from emodist.errors import ConfigError
from emodist.network_training import fitting, loop
from emodist.network_training.batches import Batch
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.sources import ArraySource
from tests import make
from tests.learning.test_classifier_variants import with_variants


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    speakers = np.repeat([f"s{i}" for i in range(8)], 12)
    return with_variants(
        make.dataset(rng.normal(size=(96, 5)), speakers, rng.choice(["a", "b"], 96))
    )


@pytest.mark.parametrize("dev_fraction", [0.0, 0.25])
def test_variants_train_beside_their_original_and_stop_nothing(data, dev_fraction):
    settings = NetworkSettings(model="mlp_net", dev_fraction=dev_fraction)
    is_variant = data.is_variant()
    for rows in (np.arange(len(data)), np.flatnonzero(~is_variant)):
        todo = fitting.task(ArraySource(data.x), data, rows, settings)
        assert is_variant[todo.train].sum() == 2 * (~is_variant[todo.train]).sum()
        assert not is_variant[todo.dev].any()
        assert len(todo.dev) == 96 * dev_fraction
        assert not set(data.sources()[todo.train]) & set(data.sources()[todo.dev])


def test_a_networks_speakers_are_scaled_by_what_they_said(data):
    settings = NetworkSettings(model="mlp_net", speaker_norm=True)
    scaled = fitting.scaled(ArraySource(data.x), data, settings)
    said = np.flatnonzero(~data.is_variant() & (data.speaker == "s3"))
    np.testing.assert_allclose(scaled.take(said).mean(axis=0), 0, atol=1e-5)


def image_batch():
    rng = np.random.default_rng(0)
    x = rng.uniform(-80, 0, (4, 128, 128)).astype(np.float32)
    return Batch(x, np.eye(2, dtype=np.float32)[[0, 1, 0, 1]], np.full(4, 0.25, np.float32))


def test_named_augmentations_change_a_batch_in_their_order_with_their_settings():
    settings = config.load(
        NetworkSettings, None, ["augment=spec_augment,mixup", "spec_augment.n_mel_masks=0"]
    )
    change = loop.augmentation(settings)
    found = change(image_batch(), np.random.default_rng(0))
    assert found.x.shape == (4, 128, 128)
    assert not np.array_equal(found.x, image_batch().x)
    assert found.y.max(axis=1).min() < 1
    assert loop.augmentation(NetworkSettings()) is None
    assert settings.identity()["augment"] == ["spec_augment", "mixup"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["augment=spec_aug"], "did you mean 'spec_augment'"),
        (["augment=spec_augment", "model=mlp_net"], "mlp_net learns from flat features"),
        (["augment=gain", "speaker_norm=true"], "gain needs levels in dB"),
        (["augment=mixup", "mixup.alpha=0"], "mixup.alpha must be a number"),
    ],
)
def test_what_does_not_fit_the_network_is_refused_at_once(wrong, message):
    with pytest.raises(ConfigError, match=message):
        config.load(NetworkSettings, None, wrong)


@pytest.mark.tf
@pytest.mark.slow
def test_a_network_learns_with_mixup_and_the_same_way_each_time(data):
    rows = np.flatnonzero(~data.is_variant())

    def losses(*augment):
        settings = NetworkSettings(model="mlp_net", epochs=3, augment=augment)
        network = fitting.fit(ArraySource(data.x), data, rows, settings)
        return [row["loss"] for row in network.history]

    plain, mixed, again = losses(), losses("mixup"), losses("mixup")
    assert mixed == again
    assert mixed != plain
    assert np.isfinite(mixed).all()

import numpy as np
import pytest

from emodist.batch_augmentations.spec_augment import SpecAugment
from tests.batch_augmentations.test_contract import images


def masked(n_rows=200, **settings):
    x = images(n_rows=n_rows)
    found = SpecAugment(**settings).apply(x, None, None, np.random.default_rng(0))[0]
    return x, found, found != x


def test_whole_bands_and_whole_frames_become_the_mean_and_the_rest_stays():
    x, found, is_hidden = masked(20)
    for row in range(20):
        bands, frames = is_hidden[row].all(axis=1), is_hidden[row].all(axis=0)
        np.testing.assert_array_equal(is_hidden[row], bands[:, None] | frames[None, :])
        np.testing.assert_allclose(found[row][is_hidden[row]], x[row].mean(), rtol=1e-5)


def test_a_mask_is_never_wider_than_its_share_and_evenly_wide_up_to_it():
    _, _, is_hidden = masked(n_mel_masks=1, n_frame_masks=0, mel_fraction=0.25)
    widths = is_hidden.all(axis=2).sum(axis=1)
    assert widths.max() == 32
    assert widths.min() == 0
    assert widths.mean() == pytest.approx(16, abs=2)


def test_every_place_may_be_hidden():
    _, _, is_hidden = masked(400, n_mel_masks=0)
    often = is_hidden.all(axis=1).mean(axis=0)
    assert often.min() > 0.01


def test_without_masks_nothing_happens():
    _, _, is_hidden = masked(n_mel_masks=0, n_frame_masks=0)
    assert not is_hidden.any()

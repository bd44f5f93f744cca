"""What every decoder offers: the same downmix, the same patience."""

import numpy as np
import pytest

from emodist.audio.readers import Downmix, check_complete
from emodist.errors import AudioError


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6])
def test_every_channel_has_the_same_weight(n_channels):
    channels = np.random.default_rng(0).normal(size=(n_channels, 50)).astype(np.float32)
    mono = Downmix()(list(channels.copy()))
    np.testing.assert_allclose(mono, channels.mean(axis=0), atol=1e-6)
    assert mono.dtype == np.float32


def test_integers_come_to_full_scale_without_overflow():
    loud = np.full(3, -32768, np.int16)
    np.testing.assert_array_equal(Downmix()([loud, loud], 1 << 15), [-1, -1, -1])
    np.testing.assert_array_equal(loud, [-32768] * 3)


def test_one_channel_or_the_louder_one_can_be_asked_for():
    soft, loud = np.full(9, 0.1, np.float32), np.full(9, 0.5, np.float32)
    assert Downmix("left")([soft, loud])[0] == np.float32(0.1)
    assert Downmix("right")([soft, loud])[0] == np.float32(0.5)
    mix = Downmix("max")
    assert mix([soft, loud])[0] == np.float32(0.5)
    # Kept until the other one is louder by 3 dB.
    assert mix([loud * np.float32(1.2), loud])[0] == np.float32(0.5)
    assert mix([loud, soft])[0] == np.float32(0.5)


def test_channels_that_cancel_are_remarked_upon():
    sound = np.random.default_rng(0).normal(size=2000).astype(np.float32)
    opposite, together = Downmix(), Downmix()
    opposite([sound, -sound])
    together([sound, sound])
    assert "opposite phase" in opposite.remark()
    assert together.remark() is None


@pytest.mark.parametrize(
    ("declared_s", "found_s", "lost_s", "is_exact"),
    [
        # A second, or two in a hundred, whichever is more.
        (10.0, 9.0, 0.0, False),
        (100.0, 98.0, 0.0, False),
        (10.0, 9.8, 0.0, True),
        # A file of half a second lacks a quarter at most.
        (0.5, 0.375, 0.0, False),
        (10.0, 9.5, 0.5, False),
        # What no header promises cannot be absent.
        (None, 1.0, 0.0, False),
        (10.0, 11.0, 0.0, True),
    ],
)
def test_what_files_in_order_lack_is_allowed(declared_s, found_s, lost_s, is_exact):
    check_complete("a", declared_s, found_s, lost_s, is_exact)


@pytest.mark.parametrize(
    ("declared_s", "found_s", "lost_s", "is_exact", "message"),
    [
        (10.0, 8.9, 0.0, False, r"promises 10\.00 s of sound, only 8\.90 s could be decoded"),
        (10.0, 9.7, 0.0, True, r"promises 10\.00 s"),
        (0.5, 0.3, 0.0, False, r"promises 0\.50 s"),
        (10.0, 9.6, 0.7, False, r"damaged: 0\.70 s of 10\.00 s cannot be decoded"),
        (None, 2.0, 1.5, False, r"damaged: 1\.50 s of 2\.00 s"),
    ],
)
def test_what_lacks_more_is_refused_with_both_lengths(
    declared_s, found_s, lost_s, is_exact, message
):
    with pytest.raises(AudioError, match=f"^a: .*{message}"):
        check_complete("a", declared_s, found_s, lost_s, is_exact)

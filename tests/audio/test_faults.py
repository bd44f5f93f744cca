"""Files as they were found or are known from others' trackers; beside the repository."""

import io

import numpy as np
import pytest

from emodist.audio.decode import blocks
from emodist.errors import AudioError

# Seconds, offset, silence that was put in.
READ = {
    "01_object.mp3": (12, 0, 0),
    "01_object_stream.wav": (6, 0, 0),
    "02_gap.mp4": (12, 0, 2),
    "02_gap_control.mkv": (12, 0, 2),
    "02_small_gaps.mkv": (12, 0, 2.4),
    "05_arecord_80000000.wav": (1, 0, 0),
    "06_adpcm_ima.wav": (4, 0, 0),
    "07_short_16k.mp3": (0.2, 0, 0),
    "09_memory.m4a": (12, 0, 0),
    "11_joined.flac": (6, 0, 0),
    "15_late_sound.mp4": (12.1, 1.5, 0),
    "15_second_track_default.mp4": (12, 0, 0),
    "16_pause_70s.mkv": (82, 0, 70),
    "17_tail.ts": (12.1, 0, 0),
    "18_gap.wmv": (12, 0, 2),
}
REFUSED = {
    "08_clock_40000.ts": r"damaged: 4\.\d\d s of .* cannot be decoded",
    "08_control_clock_0.ts": r"damaged: 4\.\d\d s of .* cannot be decoded",
    "10_cut.avi": r"truncated.* only 7\.\d\d s",
    "10_cut.flv": r"truncated.* only 7\.\d\d s",
    "10_cut.wmv": r"truncated.* only 7\.\d\d s",
    "12_drm.m4a": "is encrypted",
}


@pytest.mark.parametrize("name", READ)
def test_what_is_whole_is_read_alike_from_a_path_and_an_object(shared_data, name):
    path = shared_data / "faults" / name
    seconds, offset_s, filled_s = READ[name]
    stream = blocks(path)
    got = np.concatenate(list(stream))
    assert len(got) / 16_000 == pytest.approx(seconds, abs=0.1)
    assert stream.account.offset_s == pytest.approx(offset_s, abs=0.1)
    assert stream.account.filled_s == pytest.approx(filled_s, abs=0.15)
    assert np.abs(got).max() > 1e-4
    with io.BytesIO(path.read_bytes()) as file:
        np.testing.assert_array_equal(np.concatenate(list(blocks(file))), got)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_is_refused_with_the_reason(shared_data, name):
    path = shared_data / "faults" / name
    for source in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises(AudioError, match=REFUSED[name]) as caught:
            list(blocks(source))
        assert "Errno" not in str(caught.value)


def test_what_a_damaged_file_has_can_be_kept(shared_data):
    for name in REFUSED:
        if name != "12_drm.m4a":
            stream = blocks(shared_data / "faults" / name, damaged="keep")
            got = np.concatenate(list(stream))
            assert len(got) > 6 * 16_000
            assert stream.account.damage
            assert stream.account.lost_s > 3


def test_a_pause_takes_no_memory(shared_data):
    """The table of one asks for 37 hours of silence at once."""
    for block in blocks(shared_data / "faults" / "09_memory.m4a"):
        assert len(block) <= 160_000

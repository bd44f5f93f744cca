"""Lengths that headers do not tell, by counting packets."""

import av
import numpy as np
import pytest

from emodist.audio import decode
from emodist.audio.length import counted_s

RATE = 16_000


def write(path, kind, n_s, codec, **options):
    """Quiet for a third of the time and loud for the rest, so that the bit rate changes."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", format=kind, options=options) as file:
        stream = file.add_stream(codec, rate=RATE)
        stream.layout = "mono"
        # A quality instead of a bit rate.
        stream.codec_context.flags |= 1 << 1
        stream.codec_context.global_quality = 4 * 118
        for second in range(n_s):
            sound = rng.normal(size=(1, RATE)) * (1e-3 if second < n_s / 3 else 0.3)
            if codec == "aac":
                frame = av.AudioFrame.from_ndarray(sound.astype(np.float32), "fltp", "mono")
            else:
                sound = (sound.clip(-1, 1) * 32767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(sound, "s16p", "mono")
            frame.rate, frame.pts = RATE, second * RATE
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("kind", "codec"), [("mp3", "libmp3lame"), ("adts", "aac")])
def test_frames_are_counted_where_ffmpeg_guesses(tmp_path, kind, codec):
    options = {"write_xing": "0"} if kind == "mp3" else {}
    path = write(tmp_path / "x", kind, 60, codec, **options)
    assert abs(decode.probe(path).duration_s - 60) > 1
    assert counted_s(path) == pytest.approx(60, abs=0.2)
    with open(path, "rb") as file:
        assert counted_s(file) == counted_s(path)


def test_nothing_is_counted_where_a_header_tells(tmp_path, shared_data):
    assert counted_s(write(tmp_path / "x", "mp3", 5, "libmp3lame")) is None
    assert counted_s(shared_data / "media/chaplin.mp4") is None


def test_nothing_is_counted_of_what_is_no_sound(tmp_path):
    (tmp_path / "x.mp3").write_bytes(b"no sound" * 100)
    assert counted_s(tmp_path / "x.mp3") is None

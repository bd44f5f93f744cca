from contextlib import closing

import numpy as np
import pytest

from emodist.audio.pyav_reader import PyavReader
from emodist.audio.source import open_source
from emodist.errors import AudioError
from tests.audio.media import RATE, make_media, make_silent_film, make_wav, stereo, voice


def opened(file):
    return closing(PyavReader(open_source(file)))


@pytest.mark.parametrize(
    ("name", "codec", "vouched"),
    [
        ("a.mp4", "aac", True),
        ("a.mp3", "libmp3lame", True),
        # Its one duration is that of the longest stream.
        ("a.mkv", "aac", False),
        # Nothing but packets.
        ("a.aac", "aac", False),
    ],
)
def test_a_length_is_declared_where_a_header_vouches_for_it(tmp_path, name, codec, vouched):
    with opened(make_media(tmp_path / name, stereo(2.0), codec=codec)) as reader:
        assert (reader.info.n_channels, reader.info.sample_rate) == (2, RATE)
        assert (reader.declared_s is not None) is vouched
        assert reader.declared_s == (pytest.approx(2.0, abs=0.1) if vouched else None)


@pytest.mark.parametrize(
    ("subtype", "quantum"),
    [("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_32", 2**-31), ("DOUBLE", 0)],
)
def test_every_sample_format_comes_to_the_same_scale(tmp_path, subtype, quantum):
    sound = voice(0.2)
    with opened(make_wav(tmp_path / "a.wav", sound, subtype=subtype)) as reader:
        got = np.concatenate([piece for piece, _ in reader.chunks()])
    np.testing.assert_allclose(got, sound, atol=max(quantum, 1e-7))


def test_a_whole_file_lacks_nothing(tmp_path):
    with opened(make_media(tmp_path / "a.mp4", voice(2.0))) as reader:
        pieces = list(reader.chunks())
        assert (reader.offset_s, reader.filled_s, reader.lost_s, reader.share) == (0, 0, 0, 1)
    assert sum(len(piece) for piece, _ in pieces) == pytest.approx(2 * RATE, abs=2048)


def test_a_film_without_sound_names_its_streams(tmp_path):
    with pytest.raises(AudioError, match=r"has no audio stream \(its streams: video\)"):
        opened(make_silent_film(tmp_path / "a.mp4"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#EXTM3U\nother.mp3\n", "is not media but text, it starts with '#EXTM3U other.mp3'"),
        (b"\x00\x00\x00\x10ftypisom" + bytes(40), "its index .moov. is missing"),
        (bytes(range(1, 250)) * 20, "is damaged, or not a media file"),
    ],
)
def test_what_is_no_media_is_told_with_its_reason(tmp_path, content, message):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(AudioError, match=message):
        opened(tmp_path / "a.mp4")


def test_a_matroska_file_that_was_cut_off_is_told_by_its_bytes(tmp_path):
    file = make_media(tmp_path / "a.mkv", voice(4.0))
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with opened(file) as reader:
        assert reader.share == pytest.approx(0.5, abs=0.001)

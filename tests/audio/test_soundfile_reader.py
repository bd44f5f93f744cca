import io
from contextlib import closing

import numpy as np
import pytest

from emodist.audio.soundfile_reader import SoundfileReader
from emodist.audio.source import AudioInfo, open_source
from emodist.errors import GaveUpError
from tests.audio.media import RATE, make_media, make_wav, stereo, voice


def opened(file):
    return closing(SoundfileReader(open_source(file)))


@pytest.mark.parametrize(
    ("format", "subtype", "codec"),
    [("WAV", "PCM_24", "pcm_24"), ("WAV", "FLOAT", "float"), ("FLAC", "PCM_16", "flac")],
)
def test_the_header_is_exact(tmp_path, format, subtype, codec):
    file = make_wav(tmp_path / "a", stereo(1.5), subtype=subtype, format=format)
    with opened(file) as reader:
        assert reader.info == AudioInfo(1.5, codec, 2, RATE)
        assert (reader.declared_s, reader.is_exact, reader.lost_s) == (1.5, True, 0)


def test_sound_comes_in_pieces_of_about_a_second(tmp_path):
    sound = voice(2.0)
    with opened(make_wav(tmp_path / "a.wav", sound, subtype="FLOAT")) as reader:
        pieces = list(reader.chunks())
    assert [len(piece) for piece, _ in pieces] == [32_768, 32_768, 2 * RATE - 65_536]
    assert {rate for _, rate in pieces} == {RATE}
    np.testing.assert_array_equal(np.concatenate([piece for piece, _ in pieces]), sound)


@pytest.mark.parametrize("n_seconds", [0.0, 0.5])
def test_what_it_cannot_read_is_left_to_others(tmp_path, n_seconds):
    file = make_wav(tmp_path / "a.wav", voice(n_seconds))
    if n_seconds:
        file = make_media(tmp_path / "a.mp4", voice(n_seconds))
    with pytest.raises(GaveUpError, match=r"a\.(wav|mp4): "):
        opened(file)


def test_half_a_file_says_how_much_is_there(tmp_path):
    file = make_wav(tmp_path / "a.wav", voice(2.0))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with opened(file) as reader:
        assert reader.share == pytest.approx(0.5, abs=0.001)
        assert reader.declared_s == pytest.approx(2.0, abs=0.01)


def test_an_error_of_a_file_object_is_its_own(tmp_path):
    content = make_wav(tmp_path / "a.wav", voice(2.0)).read_bytes()

    class Breaking(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 100_000:
                raise ConnectionError("gone")
            return super().read(size)

    with opened(Breaking(content)) as reader, pytest.raises(ConnectionError, match="gone"):
        list(reader.chunks())

import io
import os
from contextlib import closing

import numpy as np
import pytest

from emodist.audio.moviepy_reader import MoviepyReader
from emodist.audio.pyav_reader import PyavReader
from emodist.audio.source import open_source
from emodist.errors import AudioError
from tests.audio.media import make_media, make_silent_film, make_wav, stereo, voice


def opened(file):
    return closing(MoviepyReader(open_source(file)))


def test_what_the_header_says_is_what_the_other_reader_says(tmp_path):
    file = make_media(tmp_path / "a.mp4", stereo(1.0))
    with opened(file) as one, closing(PyavReader(open_source(file))) as other:
        assert (one.info, one.declared_s, one.is_exact) == (
            other.info,
            other.declared_s,
            other.is_exact,
        )


def test_samples_end_where_the_sound_ends(tmp_path):
    sound = voice(1.7)
    with opened(make_wav(tmp_path / "a.wav", sound, subtype="PCM_32")) as reader:
        pieces = [piece for piece, _ in reader.chunks()]
    got = np.concatenate(pieces)
    assert len(got) == len(sound)
    np.testing.assert_allclose(got, sound, atol=1e-6)


def test_a_file_object_is_copied_for_it_and_the_copy_goes(tmp_path):
    content = make_wav(tmp_path / "a.wav", voice(0.3)).read_bytes()
    with opened(io.BytesIO(content)) as reader:
        copy = reader._copy.name
        assert sum(len(piece) for piece, _ in reader.chunks()) == round(0.3 * 44_100)
        assert os.path.exists(copy)
    assert not os.path.exists(copy)


def test_what_has_no_sound_is_refused_before_a_process_starts(tmp_path):
    with pytest.raises(AudioError, match="has no audio stream"):
        opened(make_silent_film(tmp_path / "a.mp4"))

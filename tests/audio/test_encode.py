import resource

import numpy as np
import pytest
import soundfile

from emodist.audio.decode import blocks
from emodist.audio.encode import writer
from emodist.errors import ConfigError, OutputError
from tests.audio.media import make_wav, voice


def save(sound, path, format="wav"):
    with writer(str(path), format) as write:
        for block in sound:
            write(block)


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_what_was_written_is_read_back(tmp_path, format):
    sound = voice(2.5, 16_000)
    path = tmp_path / f"a.{format}"
    save([sound[:100], sound[100:]], path, format)
    info = soundfile.info(str(path))
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
    got = np.concatenate(list(blocks(path)))
    np.testing.assert_allclose(got, sound, atol=0.5 / 32768)


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_sound_of_sixteen_bits_survives_exactly(tmp_path, format):
    source = make_wav(tmp_path / "source.wav", voice(1, 16_000), 16_000)
    save(blocks(source), tmp_path / "copy", format)
    before, _ = soundfile.read(source, dtype="int16")
    after, _ = soundfile.read(tmp_path / "copy", dtype="int16")
    np.testing.assert_array_equal(before, after)


def test_what_is_too_loud_is_clipped_and_does_not_wrap(tmp_path):
    save([np.array([1.5, 1.0, -1.0, -7.0, 0.5], np.float32)], tmp_path / "a.wav")
    got, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert got.tolist() == [32767, 32767, -32768, -32768, 16384]


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'flac'"):
        save([voice()], tmp_path / "a.flc", "flc")


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"nowhere/a\.wav cannot be written"):
        save([voice()], tmp_path / "nowhere" / "a.wav")


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_a_full_disk_is_an_output_error(tmp_path, format):
    # A file size limit is the full disk that any user can make; Python ignores its signal.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            save([voice(5, 16_000)] * 2, tmp_path / "a.wav", format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

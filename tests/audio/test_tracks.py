"""Which audio track is read, and how its channels become one."""

import numpy as np
import pytest

from emodist.audio.decode import blocks
from emodist.errors import AudioError, ConfigError
from tests.audio.media import RATE, expected, make_media, make_wav, snr_db, voice

LANGUAGES = ("eng", "ger", "fra")
LEVELS = (0.1, 0.2, 0.3)


def read(source, **settings):
    stream = blocks(source, **settings)
    return np.concatenate(list(stream)), stream.account


def make_tracks(path, n_tracks=3, default=None, codec="pcm_s16le"):
    """Tracks of one second of different level and language."""
    import av

    with av.open(str(path), "w") as out:
        streams = []
        for k in range(n_tracks):
            stream = out.add_stream(codec, rate=16_000, layout="mono")
            stream.metadata["language"] = LANGUAGES[k]
            stream.disposition = av.stream.Disposition.default if k == default else 0
            streams.append(stream)
        for level, stream in zip(LEVELS, streams, strict=False):
            samples = np.full((1, 16_000), round(32768 * level), np.int16)
            frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            frame.rate = 16_000
            resampler = av.AudioResampler(stream.format, "mono", 16_000, stream.frame_size or 1024)
            for ready in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(stream.encode(ready))
            out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.mkv", "a.mov"])
@pytest.mark.parametrize(
    ("default", "asked", "number"),
    [(None, None, 1), (1, None, 2), (0, None, 1), (0, "3", 3), (1, "1", 1), (None, "de", 2),
     (None, "deu", 2), (None, "ger", 2), (0, "fr", 3)],
)  # fmt: skip
def test_the_default_track_is_read_or_the_one_asked_for(tmp_path, name, default, asked, number):
    path = make_tracks(tmp_path / name, default=default)
    got, account = read(path, track=asked)
    np.testing.assert_allclose(got, LEVELS[number - 1], atol=1e-4)
    assert account.track == number
    assert account.tracks.count("pcm_s16le") == 3
    if default is not None:
        assert f"{default + 1} pcm_s16le {LANGUAGES[default]} default" in account.tracks


@pytest.mark.parametrize("asked", ["4", "0", "xyz", "it"])
def test_a_track_that_is_not_there_is_refused_with_those_that_are(tmp_path, asked):
    path = make_tracks(tmp_path / "a.mkv")
    with pytest.raises(AudioError, match=rf"a\.mkv: has no track {asked}; .*2 pcm_s16le ger"):
        read(path, track=asked)


def test_moviepy_chooses_for_itself(tmp_path):
    with pytest.raises(ConfigError, match="track needs decoder=auto"):
        blocks(tmp_path / "a.mp4", "moviepy", track="2")


def unknown(path, number):
    """The MP4 with the codec of one of its tracks made one that nobody knows."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(number):
        at = data.index(b"mp4a", at + 1)
    data[at : at + 4] = b"apac"
    # Without its description either, which would say AAC all the same.
    at = data.index(b"esds", at)
    data[at : at + 4] = b"free"
    path.write_bytes(data)
    return path


def test_a_track_of_unknown_codec_does_not_hide_the_one_after_it(tmp_path):
    path = unknown(make_tracks(tmp_path / "a.mp4", 2, codec="aac"), 1)
    got, account = read(path)
    assert np.median(got) == pytest.approx(LEVELS[1], abs=0.02)
    assert account.track == 2
    assert "1 apac" in account.tracks
    with pytest.raises(AudioError, match="no decoder for its audio codec 'apac'"):
        read(path, track="1")


def test_an_unknown_codec_is_named(tmp_path):
    path = unknown(make_tracks(tmp_path / "a.mp4", 1, codec="aac"), 1)
    with pytest.raises(AudioError, match=r"a\.mp4: no decoder for its audio codec 'apac'"):
        read(path)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp4"])
def test_channels_in_opposite_phase_are_told_and_one_can_be_chosen(tmp_path, name):
    sound = voice(3)
    if name == "a.mp4":
        path = make_media(tmp_path / name, np.stack([sound, -sound]))
    else:
        path = make_wav(tmp_path / name, np.stack([sound, -sound]), format=name[2:].upper())
    quiet, account = read(path)
    assert np.abs(quiet).max() < 0.02
    assert "opposite phase" in account.remark
    for channels, sign in (("left", 1), ("right", -1), ("max", 1)):
        got, account = read(path, channels=channels)
        assert snr_db(sign * expected(sound), got) > 15
        assert account.remark is None


def test_ordinary_stereo_is_not_remarked_upon(tmp_path):
    for sound in (
        [voice(2), voice(2, pitch_hz=233)],
        [voice(2), 0 * voice(2)],
        [0 * voice(2)] * 2,
    ):
        _, account = read(make_wav(tmp_path / "a.wav", np.stack(sound)))
        assert account.remark is None


def test_max_takes_the_louder_channel_of_each_moment(tmp_path):
    loud, quiet = voice(6, RATE), 0.01 * voice(6, RATE, 233)
    half = 3 * RATE
    left = np.concatenate([loud[:half], quiet[half:]])
    right = np.concatenate([quiet[:half], loud[half:]])
    got, _ = read(make_wav(tmp_path / "a.wav", np.stack([left, right])), channels="max")
    wanted = expected(loud)
    assert snr_db(wanted[:40_000], got[:40_000]) > 40
    assert snr_db(wanted[64_000:], got[64_000:]) > 40


def test_unknown_ways_are_refused_at_once():
    with pytest.raises(ConfigError, match="did you mean 'left'"):
        blocks("a.wav", channels="lefd")
    with pytest.raises(ConfigError, match="did you mean 'keep'"):
        blocks("a.wav", damaged="kep")

import io
import os

import numpy as np
import pytest
import soundfile

from emodist.audio.decode import blocks, probe
from emodist.errors import AudioError
from tests.audio.media import RATE, lag, make_media, make_silent_film, make_wav, voice

pytestmark = pytest.mark.slow

DECODERS = ["auto", "moviepy"]


def decode(source, decoder="auto", **settings):
    return np.concatenate(list(blocks(source, decoder, **settings)))


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_missing_file_is_named(tmp_path, decoder):
    with pytest.raises(AudioError, match=r"nowhere\.mp4: no such file"):
        decode(tmp_path / "nowhere.mp4", decoder)


@pytest.mark.parametrize("decoder", DECODERS)
def test_an_empty_file_is_called_empty(tmp_path, decoder):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(AudioError, match=r"a\.mp4: is empty \(0 bytes\)"):
        decode(tmp_path / "a.mp4", decoder)
    with pytest.raises(AudioError, match="empty"):
        decode(io.BytesIO(), decoder)


def test_folders_and_pipes_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(AudioError, match=r"pipe\.mp4: is not a regular file"):
        decode(tmp_path / "pipe.mp4")
    with pytest.raises(AudioError, match="is a folder"):
        decode(tmp_path)


def test_a_git_lfs_pointer_says_how_to_get_the_sound(tmp_path):
    (tmp_path / "a.wav").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    )
    with pytest.raises(AudioError, match=r"a\.wav: is a Git LFS pointer.*git lfs pull"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("text", ["<html>not found", "Übung macht den Meister. " * 300])
def test_text_that_is_named_mp4_is_shown(tmp_path, decoder, text):
    (tmp_path / "a.mp4").write_text(text, encoding="utf-8")
    with pytest.raises(AudioError, match=rf"a\.mp4: is not media but text.*{text[:9]}"):
        decode(tmp_path / "a.mp4", decoder)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "playlist", ["#EXTM3U\n#EXTINF:2,\nfile://{}\n", "ffconcat version 1.0\nfile {}\n"]
)
def test_a_playlist_does_not_open_other_files(tmp_path, decoder, playlist):
    make_media(tmp_path / "secret.ts", voice())
    for name in ("a.mp4", "a.m3u8", "a.ffconcat"):
        (tmp_path / name).write_text(playlist.format(tmp_path / "secret.ts"))
        with pytest.raises(AudioError, match=name):
            decode(tmp_path / name, decoder)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_film_without_sound_says_so(tmp_path, decoder):
    path = make_silent_film(tmp_path / "a.mp4")
    with pytest.raises(AudioError, match=r"a\.mp4: has no audio stream \(its streams: video\)"):
        decode(path, decoder)
    with pytest.raises(AudioError, match="no audio stream"):
        probe(path)


def test_real_films_without_sound_say_so(shared_data):
    for name in ("example.mp4", "test_video.mp4"):
        with pytest.raises(AudioError, match=rf"{name}: has no audio stream"):
            decode(shared_data / "media" / name)


@pytest.mark.parametrize("decoder", DECODERS)
def test_random_bytes_are_called_damaged(tmp_path, decoder):
    (tmp_path / "a.mp4").write_bytes(np.random.default_rng(0).bytes(20_000))
    with pytest.raises(AudioError, match=r"a\.mp4: is damaged, or not a media file"):
        decode(tmp_path / "a.mp4", decoder)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_recording_that_was_never_finished_lacks_its_index(tmp_path, decoder, share):
    path = make_media(tmp_path / "a.mp4", voice(5), video=True)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(AudioError, match=r"a\.mp4: truncated or not finished.*\(moov\) is miss"):
        decode(path, decoder)
    with pytest.raises(AudioError, match="moov"):
        decode(io.BytesIO(path.read_bytes()), decoder)


CUT = [
    ("a.mp4", "aac", {"movflags": "faststart"}),
    ("a.mp3", "libmp3lame", {}),
    ("a.mkv", "aac", {}),
    ("a.webm", "libopus", {}),
    ("a.wav", "pcm_s16le", {}),
    ("a.flac", "flac", {}),
]


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(("name", "codec", "options"), CUT)
def test_half_a_file_is_refused_with_both_durations(tmp_path, decoder, name, codec, options):
    rate = 48_000
    path = make_media(tmp_path / name, voice(12, rate), rate, codec, options=options)
    whole = decode(path, decoder)
    assert len(whole) / 16_000 == pytest.approx(12, abs=0.1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match=rf"{name}: truncated.* [5-7]\.\d+ s|12\.0\d s.*[5-7]\."):
        decode(path, decoder)


@pytest.mark.parametrize("share", [0.03, 0.2])
def test_a_clip_cut_just_after_its_header_is_refused(tmp_path, share):
    for name, codec, options in CUT:
        path = make_media(tmp_path / name, voice(4, 48_000), 48_000, codec, options=options)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        with pytest.raises(AudioError, match=name):
            decode(path)


def test_a_wav_may_miss_a_few_samples_and_no_more(tmp_path):
    path = make_wav(tmp_path / "a.wav", voice(4, 16_000), 16_000)
    data = path.read_bytes()
    path.write_bytes(data[:-1_000])
    assert len(decode(path)) == 64_000 - 500
    path.write_bytes(data[:-10_000])
    with pytest.raises(AudioError, match=r"promises 4\.00 s of sound, only 3\.69 s"):
        decode(path)


def test_half_an_aiff_is_refused(tmp_path):
    path = make_wav(tmp_path / "a.aiff", voice(4, 16_000), 16_000, format="AIFF")
    path.write_bytes(path.read_bytes()[:60_000])
    with pytest.raises(AudioError, match=r"promises 4\.00 s"):
        decode(path)


def damage(path, places, size=400, seed=0):
    """Overwrite parts of a file, given as shares of its length."""
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for place in places:
        at = int(place * len(data))
        data[at : at + size] = rng.bytes(size)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.mp3", "libmp3lame"), ("a.mkv", "aac")]
)
def test_a_little_damage_is_played_over_and_what_follows_stays_in_place(tmp_path, name, codec):
    path = make_media(tmp_path / name, voice(20), codec=codec)
    whole = decode(path)
    got = decode(damage(path, [0.4]))
    assert len(got) == pytest.approx(len(whole), abs=1_200)
    if name != "a.mp3":  # which has no clock
        assert abs(lag(whole[-80_000:], got[-80_000:])) <= 16


def test_a_little_damage_in_a_flac_costs_some_frames_only(tmp_path):
    path = make_wav(tmp_path / "a.flac", voice(60, 16_000), 16_000, format="FLAC")
    got = decode(damage(path, [0.5], size=100))
    assert 58.5 < len(got) / 16_000 <= 60


def test_an_mp4_whose_sound_is_mostly_destroyed_is_refused(tmp_path):
    path = make_media(tmp_path / "a.mp4", voice(20))
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    data[at : at + 150_000] = b"\xff" * len(data[at : at + 150_000])
    path.write_bytes(data)
    with pytest.raises(AudioError, match=r"a\.mp4: .*(damaged|damage)"):
        decode(path)


@pytest.mark.parametrize("decoder", ["auto", "pyav"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate", [16_000, RATE])
def test_values_that_are_not_finite_are_refused_with_their_place(tmp_path, decoder, value, rate):
    sound = voice(2, rate)
    sound[rate] = value
    path = make_wav(tmp_path / "a.wav", sound, rate, "FLOAT")
    with pytest.raises(AudioError, match=r"a\.wav: .*not finite.* at (1\.0|0\.9) s"):
        decode(path, decoder)


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_file_without_samples_is_refused(tmp_path, decoder):
    soundfile.write(str(tmp_path / "a.wav"), np.zeros(0), 16_000)
    with pytest.raises(AudioError, match=r"a\.wav: "):
        decode(tmp_path / "a.wav", decoder)


@pytest.mark.parametrize("decoder", DECODERS)
def test_no_damage_to_any_format_escapes_as_another_error(tmp_path, decoder):
    rng = np.random.default_rng(0)
    refused, n_read = [], 0
    for name, codec, options in [*CUT, ("a.ogg", "vorbis", {}), ("a.ts", "aac", {})]:
        path = make_media(tmp_path / name, voice(1, 48_000), 48_000, codec, options=options)
        data = path.read_bytes()
        for _ in range(12 if decoder == "auto" else 1):
            broken = bytearray(data)
            for at in rng.integers(0, len(data), 30):
                broken[at] = rng.integers(256)
            path.write_bytes(broken[: rng.integers(1, len(data))])
            try:
                n_read += np.isfinite(decode(path, decoder)).all()
            except AudioError as error:
                refused.append(str(error))
    assert refused
    assert all("a." in message and "\n" not in message for message in refused)
    # Not all damage is heard.
    assert n_read or decoder != "auto"

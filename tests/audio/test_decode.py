import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from emodist.audio.decode import blocks, probe
from emodist.errors import AudioError, ConfigError
from tests.audio.media import (
    RATE,
    expected,
    lag,
    make_media,
    make_wav,
    snr_db,
    stereo,
    voice,
)


def decode(source, decoder="auto", **settings):
    return np.concatenate(list(blocks(source, decoder, **settings)))


# Name, codec, rate, whether the container says how much encoder padding to drop.
LOSSY = [
    ("a.mp4", "aac", 44_100, True),
    ("a.m4a", "aac", 48_000, True),
    ("a.mov", "aac", 44_100, True),
    ("a.mkv", "aac", 44_100, True),
    ("a.webm", "libopus", 48_000, True),
    ("a.webm", "vorbis", 44_100, True),
    ("a.mp3", "libmp3lame", 44_100, True),
    ("a.mp3", "libmp3lame", 22_050, True),
    ("a.ogg", "vorbis", 44_100, True),
    ("a.opus", "libopus", 48_000, True),
    ("a.aac", "aac", 44_100, False),
    ("a.ts", "aac", 44_100, False),
    ("a.flv", "aac", 44_100, False),
    ("a.avi", "libmp3lame", 44_100, False),
]


@pytest.mark.parametrize(("name", "codec", "rate", "is_trimmed"), LOSSY)
def test_lossy_files_give_the_sound_that_went_in(tmp_path, name, codec, rate, is_trimmed):
    sound = stereo(rate=rate)
    got = decode(make_media(tmp_path / name, sound, rate, codec))
    wanted = expected(sound, rate)
    delay = lag(wanted, got)
    assert 0 <= delay <= (1 if is_trimmed else 1700)
    assert snr_db(wanted, got[delay:]) > 15
    assert len(got) == pytest.approx(len(wanted), abs=1700)
    assert got.dtype == np.float32


LOSSLESS = [("a.mov", "pcm_s16le"), ("a.mkv", "flac"), ("a.flac", "flac"), ("a.m4a", "alac")]


@pytest.mark.parametrize(("name", "codec"), LOSSLESS)
def test_lossless_codecs_in_containers_are_exact_to_a_quantum(tmp_path, name, codec):
    sound = stereo()
    got = decode(make_media(tmp_path / name, sound, codec=codec))
    np.testing.assert_allclose(got, expected(sound), atol=1e-4)


@pytest.mark.parametrize("decoder", ["auto", "pyav"])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
@pytest.mark.parametrize(
    ("format", "subtype", "atol"),
    [
        ("WAV", "PCM_U8", 8e-3),
        ("WAV", "PCM_16", 4e-5),
        ("WAV", "PCM_24", 2e-6),
        ("WAV", "PCM_32", 2e-6),
        ("WAV", "FLOAT", 2e-6),
        ("WAV", "DOUBLE", 2e-6),
        ("WAVEX", "PCM_24", 2e-6),
        ("WAV", "ULAW", 2e-2),
        ("FLAC", "PCM_24", 2e-6),
        ("AIFF", "PCM_16", 4e-5),
        ("W64", "PCM_16", 4e-5),
    ],
)
def test_pcm_of_every_width_is_read_alike(tmp_path, decoder, n_channels, format, subtype, atol):
    sound = np.stack([voice(0.5, 16_000, 120 + 40 * k) for k in range(n_channels)])
    path = make_wav(tmp_path / "a.sound", sound, 16_000, subtype, format)
    np.testing.assert_allclose(decode(path, decoder), sound.mean(0), atol=atol)


@pytest.mark.parametrize("decoder", ["auto", "pyav", "moviepy"])
def test_the_downmix_is_the_plain_mean(tmp_path, decoder):
    path = make_wav(tmp_path / "a.wav", np.stack([np.full(8000, 0.5), np.zeros(8000)]), 16_000)
    np.testing.assert_allclose(decode(path, decoder), 0.25, atol=1e-4)


@pytest.mark.parametrize("decoder", ["auto", "pyav", "moviepy"])
def test_all_six_channels_of_surround_weigh_the_same(tmp_path, decoder):
    levels = np.array([0.6, 0.0, 0.3, 0.9, 0.0, 0.0])
    sound = np.repeat(levels[:, None], 8000, axis=1)
    path = make_wav(tmp_path / "a.wav", sound, 16_000, "PCM_24", "WAVEX")
    np.testing.assert_allclose(decode(path, decoder), 0.3, atol=1e-4)


def test_opposite_channels_of_an_mp4_cancel(tmp_path):
    sound = np.stack([voice(), -voice()])
    got = decode(make_media(tmp_path / "a.mp4", sound))
    assert np.abs(got).max() < 0.02


def test_chunks_before_and_after_the_samples_are_not_sound(tmp_path):
    path = make_wav(tmp_path / "a.wav", voice(0.5, 16_000), 16_000)
    plain = path.read_bytes()
    extra = b"LIST" + (7).to_bytes(4, "little") + b"INFOabc\0"
    body = plain[12:36] + extra + plain[36:] + extra
    path.write_bytes(b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WAVE" + body)
    np.testing.assert_allclose(decode(path), voice(0.5, 16_000), atol=4e-5)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_that_was_written_to_a_pipe_has_no_length_and_is_read(tmp_path, size):
    path = make_wav(tmp_path / "a.wav", voice(0.5, 16_000), 16_000)
    data = bytearray(path.read_bytes())
    data[40:44] = size.to_bytes(4, "little")
    path.write_bytes(data)
    np.testing.assert_allclose(decode(path), voice(0.5, 16_000), atol=4e-5)


@pytest.mark.parametrize("decoder", ["auto", "pyav", "moviepy"])
@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_streamed_resampling_equals_one_pass_over_the_whole(tmp_path, decoder, rate):
    sound = voice(3.21, rate)
    path = make_wav(tmp_path / "a.wav", sound, rate, "PCM_16")
    whole, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(decode(path, decoder), soxr.resample(whole, rate, 16_000))


def test_blocks_are_ten_seconds_and_the_last_is_shorter(tmp_path):
    path = make_media(tmp_path / "a.mp4", voice(25))
    lengths = [len(block) for block in blocks(path)]
    assert lengths[:2] == [160_000, 160_000]
    assert 80_000 <= lengths[2] < 82_000
    assert len(lengths) == 3


def test_a_recording_of_exactly_one_block_has_no_empty_second_block(tmp_path):
    path = make_wav(tmp_path / "a.wav", voice(10, 16_000), 16_000)
    assert [len(block) for block in blocks(path)] == [160_000]


def test_the_suffix_does_not_matter(tmp_path):
    sound = voice(0.5, 16_000)
    path = make_wav(tmp_path / "a.mp4", sound, 16_000)
    np.testing.assert_allclose(decode(path), sound, atol=4e-5)
    video = make_media(tmp_path / "b.mp4", voice()).rename(tmp_path / "b.wav")
    assert snr_db(expected(voice()), decode(video)) > 15


def test_names_with_colons_spaces_and_broken_unicode_are_read(tmp_path):
    for name in ("my: vlog, 50%d?.mp4", "-dash.mp4", "vl\udcffog.mp4"):
        path = tmp_path / name
        path.write_bytes(make_media(tmp_path / "a.mp4", voice(0.5)).read_bytes())
        assert len(decode(path)) == pytest.approx(8_000, abs=600)


def test_tags_in_another_encoding_do_not_stop_the_decoder(tmp_path):
    path = make_media(tmp_path / "a.mp3", voice(0.5), codec="libmp3lame")
    title = b"\0caf\xe9 \xff\xfe"
    frame = b"TIT2" + len(title).to_bytes(4, "big") + b"\0\0" + title
    path.write_bytes(b"ID3\x03\0\0\0\0\0" + bytes([len(frame)]) + frame + path.read_bytes())
    assert len(decode(path)) == pytest.approx(8_000, abs=600)


@pytest.mark.parametrize("decoder", ["auto", "moviepy"])
@pytest.mark.parametrize("name", ["a.mp4", "a.wav", "a.flac", "a.webm", "a.mp3"])
def test_a_file_object_gives_the_samples_of_its_path_and_stays_open(tmp_path, name, decoder):
    codec = {"webm": "libopus", "mp3": "libmp3lame"}.get(name[2:], "aac")
    path = tmp_path / name
    if codec == "aac" and name != "a.mp4":
        make_wav(path, voice(1), format=name[2:].upper())
    else:
        make_media(path, voice(1, 48_000), 48_000, codec)
    with open(path, "rb") as file:
        file.seek(100)
        np.testing.assert_array_equal(decode(file, decoder), decode(path, decoder))
        assert not file.closed
    np.testing.assert_array_equal(decode(io.BytesIO(path.read_bytes())), decode(path))


@pytest.mark.parametrize("name", ["a.mp4", "a.wav", "a.flac"])
def test_a_network_error_of_a_file_object_is_not_mistaken_for_a_bad_file(tmp_path, name):
    class Unplugged(io.BytesIO):
        is_broken = False

        def read(self, size=-1):
            if self.is_broken:
                raise ConnectionError("the network is gone")
            return super().read(size)

    codec = {"a.mp4": "aac", "a.wav": "pcm_s16le", "a.flac": "flac"}[name]
    path = make_media(tmp_path / name, voice(20), codec=codec, options={"movflags": "faststart"})
    file = Unplugged(path.read_bytes())
    stream = blocks(file)
    next(stream)
    file.is_broken = True
    with pytest.raises(ConnectionError, match="network"):
        list(stream)


def test_a_change_of_rate_and_channels_in_the_stream_is_followed(tmp_path):
    first = make_media(tmp_path / "a.ts", voice(2, 44_100), 44_100)
    second = make_media(tmp_path / "b.ts", stereo(2, 22_050), 22_050)
    joined = tmp_path / "c.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    got = decode(joined)
    assert len(got) / 16_000 == pytest.approx(4, abs=0.3)
    assert np.isfinite(got).all()


@pytest.mark.parametrize("name", ["a.mkv", "a.ts"])
def test_a_pause_that_was_not_recorded_becomes_silence(tmp_path, name):
    whole = make_media(tmp_path / f"whole{name[1:]}", voice(6))
    with av.open(str(whole)) as source, av.open(str(tmp_path / name), "w") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            start_s = 0 if packet.pts is None else packet.pts * packet.time_base
            if packet.size and not 2 < start_s - source.start_time / 1e6 < 4:
                packet.stream = stream
                out.mux(packet)
    got, wanted = decode(tmp_path / name), decode(whole)
    # Matroska's clock ticks in milliseconds, which are 16 samples.
    assert len(got) == pytest.approx(len(wanted), abs=16)
    assert abs(lag(wanted[-30_000:], got[-30_000 + len(got) - len(wanted) :])) <= 16
    assert not got[36_000:60_000].any()


def test_only_the_first_audio_stream_is_heard(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        streams = [out.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for stream, level in zip(streams, (1000, 20_000), strict=True):
            samples = np.full((1, 16_000), level, np.int16)
            frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            frame.rate = 16_000
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    np.testing.assert_allclose(decode(tmp_path / "a.mkv"), 1000 / 32768, atol=1e-6)


def test_sound_that_is_shorter_than_its_video_is_complete(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        picture = out.add_stream("mpeg4", rate=1)
        picture.width, picture.height, picture.pix_fmt = 160, 120, "yuv420p"
        frame = av.AudioFrame.from_ndarray(voice(3)[None], "fltp", "mono")
        frame.rate, frame.pts = RATE, 0
        out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
        for k in range(30):
            shot = av.VideoFrame(160, 120, "yuv420p")
            shot.pts = k
            out.mux(picture.encode(shot))
        out.mux(picture.encode(None))
    assert len(decode(tmp_path / "a.mkv")) / 16_000 == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(
    ("name", "codec", "info"),
    [
        ("a.mp4", "aac", ("aac", 2, 44_100)),
        ("a.mp3", "libmp3lame", ("mp3", 2, 44_100)),
        ("a.webm", "vorbis", ("vorbis", 2, 44_100)),
        ("a.wav", "pcm_s16le", ("pcm_16", 2, 44_100)),
        ("a.flac", "flac", ("flac", 2, 44_100)),
    ],
)
def test_probe_reads_length_codec_channels_and_rate(tmp_path, name, codec, info):
    found = probe(make_media(tmp_path / name, stereo(), codec=codec))
    assert (found.codec, found.n_channels, found.sample_rate) == info
    assert found.duration_s == pytest.approx(2, abs=0.1)


def test_too_long_is_refused_from_the_header_before_anything_is_decoded(tmp_path):
    path = make_media(tmp_path / "a.mp4", voice(3))
    with pytest.raises(AudioError, match=r"a\.mp4.*3\.0 s or more; max_duration_s is 2"):
        next(blocks(path, max_duration_s=2))
    assert len(decode(path, max_duration_s=3.5)) > 0


def test_too_long_is_refused_while_decoding_where_the_header_is_silent(tmp_path):
    path = make_media(tmp_path / "a.ogg", voice(25), codec="vorbis")
    stream = blocks(path, max_duration_s=12)
    assert len(next(stream)) == 160_000
    with pytest.raises(AudioError, match="too long"):
        next(stream)


def test_an_unknown_decoder_is_refused_at_once():
    with pytest.raises(ConfigError, match="did you mean 'moviepy'"):
        blocks("a.wav", decoder="movie")


def test_moviepy_and_auto_agree_on_a_video(tmp_path):
    path = make_media(tmp_path / "a.mp4", stereo(5), video=True)
    theirs, ours = decode(path, "moviepy"), decode(path)
    assert snr_db(ours, theirs) > 80
    assert len(theirs) == pytest.approx(len(ours), abs=1024)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "media/chaplin.mp4",
        "media/big_buck_bunny_0_30.webm",
        "media/crunching.mp3",
        "vlogs/vlog_actor01.mp4",
        "ravdess_raw/Actor_01/03-01-01-01-01-01-01.wav",
        "ravdess/Actor_01/03-01-01-01-01-01-01.flac",
    ],
)
def test_moviepy_and_auto_agree_on_real_files(shared_data, name):
    ours = decode(shared_data / name)
    theirs = decode(shared_data / name, "moviepy")
    assert snr_db(ours, theirs) > 80
    assert len(theirs) == pytest.approx(len(ours), abs=1024)
    assert probe(shared_data / name).duration_s == pytest.approx(len(ours) / 16_000, abs=0.05)


@pytest.mark.parametrize("decoder", ["auto", "moviepy"])
def test_a_live_recording_without_a_length_is_read(tmp_path, decoder):
    options = {"live": "1"}
    path = make_media(tmp_path / "a.webm", voice(3, 48_000), 48_000, "libopus", options=options)
    assert probe(path).duration_s is None
    assert len(decode(path, decoder)) / 16_000 == pytest.approx(3, abs=0.05)


def readers(path):
    """Processes that have the file open here, or were told to read it."""
    found = [fd for fd in Path("/proc/self/fd").iterdir() if os.path.realpath(fd) == str(path)]
    for told in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [told] if str(path).encode() in told.read_bytes() else []
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("decoder", ["auto", "moviepy"])
def test_reading_may_stop_early_and_leaves_nobody_with_the_file(tmp_path, decoder):
    path = make_media(tmp_path / "a.mp4", voice(25))
    stream = blocks(path, decoder)
    assert 0 < len(next(stream)) < 25 * 16_000
    assert readers(path)
    stream.close()
    assert not readers(path)


MEMORY = """
import sys
from emodist.audio.decode import blocks
def peak_mb():
    lines = open("/proc/self/status")
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
n = sum(len(block) for block in blocks(sys.argv[1], sys.argv[3]))
before = peak_mb()
n = sum(len(block) for block in blocks(sys.argv[2], sys.argv[3]))
print(n / 16000, peak_mb() - before)
held = list(blocks(sys.argv[2], sys.argv[3]))
print(peak_mb() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/status")
@pytest.mark.parametrize("decoder", ["auto", "moviepy"])
def test_memory_does_not_grow_with_the_length_of_the_file(tmp_path, decoder):
    short = make_media(tmp_path / "short.mp4", voice(20))
    # Ten minutes, muxed from the packets of the short one, again and again.
    long = tmp_path / "long.mp4"
    with av.open(str(short)) as source, av.open(str(long), "w") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        packets = [packet for packet in source.demux(audio=0) if packet.size]
        data = [bytes(packet) for packet in packets]
        for k in range(30 * len(data)):
            packet = av.Packet(data[k % len(data)])
            packet.stream, packet.pts, packet.dts = stream, 1024 * k, 1024 * k
            packet.duration, packet.time_base = 1024, packets[0].time_base
            out.mux(packet)
    command = [sys.executable, "-c", MEMORY, str(short), str(long), decoder]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    length_s, grown_mb, held_mb = map(float, printed.split())
    assert length_s == pytest.approx(600, rel=0.01)
    # Held whole, ten minutes are 38 MB at 16 kHz and 212 MB as decoded stereo.
    assert grown_mb < 12
    assert held_mb > 25  # the meter works


def test_importing_the_package_loads_no_heavy_library():
    code = (
        "import sys, emodist.audio.decode, emodist.audio.segments, emodist.audio.encode;"
        "print([m for m in ('ray', 'tensorflow', 'librosa', 'moviepy', 'scipy', 'numba')"
        " if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert printed.stdout.decode().strip() == "[]"

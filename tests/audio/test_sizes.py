"""WAV and its kin with size fields that say nothing, or something else than the truth."""

import io
import struct

import numpy as np
import pytest
import soundfile

from emodist.audio.decode import blocks
from emodist.errors import AudioError
from tests.audio.media import make_wav, voice

PLACEHOLDERS = [
    *(0, 0x80000000, 0x7FFFFFFF, 0x7FFFFFD4, 0x7FFFF000, 0x80000024),
    *(0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFDA, 0xFFFFFFD3, 0xFFFFFF00, 0xFFFFF000),
]
CHUNK = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf62.3.100\0\0"
RATE = 16_000


def decode(source, **settings):
    return np.concatenate(list(blocks(source, **settings)))


def wav(
    data: bytes, size: int, tag=1, width=2, n_channels=1, after=b"", order="<", before=b""
) -> bytes:
    """A WAV of which the `data` chunk claims a size."""
    align = width * n_channels
    about = struct.pack(f"{order}HHIIHH", tag, n_channels, RATE, RATE * align, align, 8 * width)
    body = b"fmt " + struct.pack(f"{order}I", len(about)) + about + before
    body += b"data" + struct.pack(f"{order}I", size) + data + after
    name = b"RIFF" if order == "<" else b"RIFX"
    return name + struct.pack(f"{order}I", min(size + 36, 0xFFFFFFFF)) + b"WAVE" + body


def pcm(sound) -> np.ndarray:
    return np.round(sound * 32768).astype(np.int16)


@pytest.mark.parametrize("after", [b"", CHUNK, CHUNK + b"id3 \x05\0\0\0ID3\x04\0\0"])
@pytest.mark.parametrize("size", PLACEHOLDERS, ids=hex)
def test_a_placeholder_is_no_length_and_a_chunk_behind_the_samples_no_sound(tmp_path, size, after):
    samples = pcm(voice(1, RATE))
    data = wav(samples.tobytes(), size, after=after)
    for source in (io.BytesIO(data), tmp_path / "a.wav"):
        if source == tmp_path / "a.wav":
            source.write_bytes(data)
        np.testing.assert_array_equal(decode(source), samples / np.float32(32768))


@pytest.mark.parametrize(
    ("tag", "width", "dtype"),
    [(1, 1, "u1"), (1, 4, "<i4"), (3, 4, "<f4"), (3, 8, "<f8")],
)
def test_placeholders_of_other_sample_types(tag, width, dtype):
    sound = voice(1, RATE)
    scale = {"u1": 127, "<i4": 2**31 - 1}.get(dtype, 1)
    samples = np.round(sound * scale + (128 if dtype == "u1" else 0)) if scale > 1 else sound
    data = wav(samples.astype(dtype).tobytes(), 0xFFFFFFFF, tag, width, after=CHUNK)
    np.testing.assert_allclose(decode(io.BytesIO(data)), sound, atol=0.01)


def test_a_placeholder_of_the_other_byte_order():
    samples = pcm(voice(1, RATE))
    data = wav(samples.astype(">i2").tobytes(), 0x80000000, order=">")
    np.testing.assert_array_equal(decode(io.BytesIO(data)), samples / np.float32(32768))


@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
@pytest.mark.parametrize("is_known", [True, False])
def test_long_wavs_have_their_size_in_another_chunk(name, is_known):
    samples = pcm(voice(1, RATE)).tobytes()
    plain = wav(samples, 0xFFFFFFFF, after=CHUNK)
    n_bytes = len(samples) if is_known else 0
    long = b"ds64" + struct.pack("<IQQQI", 28, len(plain), n_bytes, n_bytes // 2, 0)
    data = name + b"\xff" * 4 + b"WAVE" + long + plain[12:]
    assert len(decode(io.BytesIO(data))) == RATE


def test_a_long_wav_that_was_cut_is_refused():
    samples = pcm(voice(4, RATE)).tobytes()
    long = b"ds64" + struct.pack("<IQQQI", 28, 0, len(samples), len(samples) // 2, 0)
    data = b"RF64" + b"\xff" * 4 + b"WAVE" + long + wav(samples, 0xFFFFFFFF)[12:]
    assert len(decode(io.BytesIO(data))) == 4 * RATE
    with pytest.raises(AudioError, match=r"promises 4\.00 s of sound, only 2"):
        decode(io.BytesIO(data[:70_000]))


@pytest.mark.parametrize("is_padded", [True, False])
def test_chunks_of_odd_size_may_lack_their_padding(is_padded):
    samples = pcm(voice(1, RATE))
    odd = b"note" + struct.pack("<I", 5) + b"hello" + b"\0" * is_padded
    data = wav(samples.tobytes(), 2 * RATE, before=odd)
    np.testing.assert_array_equal(decode(io.BytesIO(data)), samples / np.float32(32768))


@pytest.mark.slow
def test_a_wav_over_4_gib_whose_size_wrapped_is_read_whole(tmp_path):
    # Mostly a hole in the file system: 4 GiB and a second of 64-bit samples in 64 channels.
    n_channels, path = 64, tmp_path / "a.wav"
    second = 8 * n_channels * RATE
    n_bytes = -(-(2**32) // second) * second + second
    head = wav(b"", n_bytes % 2**32, 3, 8, n_channels)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + n_bytes)
    assert sum(map(len, blocks(path))) == n_bytes // (8 * n_channels)


@pytest.mark.parametrize(("format", "subtype"), [("AU", "PCM_16"), ("CAF", "PCM_16"), ("AIFF", "")])
def test_other_containers_of_unknown_size_are_read_to_their_end(tmp_path, format, subtype):
    path = make_wav(tmp_path / "a", voice(2, RATE), RATE, subtype or "PCM_16", format)
    data = bytearray(path.read_bytes())
    if format == "AU":
        data[8:12] = b"\xff" * 4
    elif format == "CAF":
        at = data.index(b"data") + 4
        data[at : at + 8] = b"\xff" * 8
    else:
        at = data.index(b"SSND") + 4
        data[at : at + 4] = b"\x7f\0\0\x08"
    path.write_bytes(data)
    np.testing.assert_allclose(decode(path), voice(2, RATE), atol=4e-5)


@pytest.mark.parametrize("value", [1e38, 3e38, -1e38])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_samples_of_absurd_size_give_numbers_or_a_reason(tmp_path, value, rate):
    sound = voice(2, rate)
    sound[rate // 2 : rate] = value
    path = make_wav(tmp_path / "a.wav", sound, rate, "FLOAT")
    with pytest.raises(AudioError, match=r"a\.wav: holds values that are"):
        decode(path)


def test_a_float_file_above_full_scale_is_no_absurdity(tmp_path):
    sound = 30_000 * voice(1, RATE)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    np.testing.assert_allclose(decode(tmp_path / "a.wav"), sound)

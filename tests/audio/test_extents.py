"""Lengths that the bytes of a container promise, of bytes that are written here."""

import io
import struct

import pytest

from emodist.audio.containers import Extent, aiff, matroska, mov, mp3, wav
from emodist.audio.source import open_source

RATE, WIDTH = 8000, 2
FMT = struct.pack("<HHIIHH", 1, 1, RATE, RATE * WIDTH, WIDTH, 16)


def chunk(name, content, size=None, order="<"):
    padding = b"\0" * (len(content) % 2)
    return (
        name + struct.pack(f"{order}I", len(content) if size is None else size) + content + padding
    )


def source(content):
    return open_source(io.BytesIO(content))


def of_wav(*chunks, head=b"RIFF"):
    return wav.samples(source(head + bytes(4) + b"WAVE" + b"".join(chunks)))


def test_a_wav_is_as_long_as_its_data_chunk_claims():
    data = chunk(b"data", bytes(100), size=RATE * WIDTH)
    samples = of_wav(chunk(b"fmt ", FMT), data)
    assert samples.extent.end - samples.extent.start == RATE * WIDTH
    assert (samples.subtype, samples.n_channels, samples.sample_rate) == ("PCM_16", 1, RATE)
    assert samples.is_stated


def test_chunks_of_odd_length_before_the_data_are_padded():
    data = chunk(b"data", bytes(RATE * WIDTH))
    extent = of_wav(chunk(b"LIST", b"abc"), chunk(b"fmt ", FMT), data).extent
    assert (extent.start, extent.end - extent.start) == (12 + 12 + 24 + 8, RATE * WIDTH)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF])
def test_a_placeholder_of_a_live_writer_is_no_length(size):
    samples = of_wav(chunk(b"fmt ", FMT), chunk(b"data", bytes(100), size=size))
    assert not samples.is_stated
    assert samples.extent.end - samples.extent.start == 100


def test_a_long_wav_has_its_length_in_64_bits():
    long = struct.pack("<QQQI", 0, 3 * RATE * WIDTH, 0, 0)
    data = chunk(b"data", bytes(100), size=0xFFFFFFFF)
    extent = of_wav(chunk(b"ds64", long), chunk(b"fmt ", FMT), data, head=b"RF64").extent
    assert extent.end - extent.start == 3 * RATE * WIDTH


def test_a_codec_in_a_wav_says_how_many_samples_are_in_a_block_and_in_all():
    adpcm = struct.pack("<HHIIHHHH", 0x11, 1, RATE, 4000, 256, 4, 2, 505)
    fact = chunk(b"fact", struct.pack("<I", 777))
    samples = of_wav(chunk(b"fmt ", adpcm), fact, chunk(b"data", bytes(100), size=6000))
    assert (samples.subtype, samples.per_block, samples.n_counted) == (None, 505, 777)


def test_a_wav_without_data_promises_nothing():
    assert of_wav(chunk(b"fmt ", FMT)) is None


def test_an_aiff_says_where_its_samples_end():
    head = b"FORM" + bytes(4) + b"AIFF"
    common = chunk(b"COMM", bytes(18), order=">")
    cut = source(head + common + chunk(b"SSND", bytes(8), size=5000, order=">"))
    start = len(head) + len(common) + 8
    assert aiff.extent(cut) == Extent(start, start + 5000)
    assert aiff.extent(source(head + common)) is None


def mp3_file(tag, before=b"", version=b"\xfb"):
    return source(before + b"\xff" + version + b"\x90\x00" + bytes(32) + tag + bytes(100))


@pytest.mark.parametrize(
    ("tag", "n_frames"),
    [
        (b"Xing" + struct.pack(">II", 1, 777), 777),
        (b"Info" + struct.pack(">II", 15, 778), 778),
        # Its flags say that it counts bytes and no frames.
        (b"Xing" + struct.pack(">II", 2, 777), None),
        (b"VBRI" + bytes(10) + struct.pack(">I", 779), 779),
        (b"", None),
    ],
)
def test_an_mp3_has_its_frames_counted_in_its_first_one(tag, n_frames):
    n_samples = n_frames and n_frames * 1152
    assert mp3.n_samples(mp3_file(tag)) == n_samples
    # Behind a tag of 300 bytes, whose length has seven bits in a byte.
    id3 = b"ID3\x04\x00\x00" + bytes([0, 0, 300 >> 7, 300 & 127]) + bytes(300)
    assert mp3.n_samples(mp3_file(tag, id3)) == n_samples
    # MPEG-2: half the samples in a frame.
    assert mp3.n_samples(mp3_file(tag, version=b"\xf3")) == (n_frames and n_frames * 576)


def test_what_an_encoder_added_is_no_sound():
    lame = b"LAME3.100" + bytes(12) + (576 << 12 | 1000).to_bytes(3, "big")
    tag = b"Info" + struct.pack(">II", 1, 10) + lame
    assert mp3.n_samples(mp3_file(tag)) == 10 * 1152 - 1576


EBML = b"\x1a\x45\xdf\xa3\x84" + bytes(4)


@pytest.mark.parametrize(
    ("segment", "size"),
    [
        (b"\x18\x53\x80\x67\x84", 9 + 5 + 4),
        (b"\x18\x53\x80\x67\x41\x00", 9 + 6 + 256),
        # All ones: a live recording, of unknown size.
        (b"\x18\x53\x80\x67\xff", None),
        (b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff", None),
        (b"", None),
        (b"\x00", None),
    ],
)
def test_a_matroska_file_says_how_many_bytes_it_has(segment, size):
    extent = matroska.extent(source(EBML + segment))
    assert (extent and extent.end) == size


def box(name, content=b"", size=None):
    return struct.pack(">I", 8 + len(content) if size is None else size) + name + content


@pytest.mark.parametrize(
    ("boxes", "is_there"),
    [
        (box(b"ftyp", b"isom") + box(b"moov", bytes(9)), True),
        (box(b"ftyp", b"isom") + box(b"moov", bytes(9))[:-1], False),
        (box(b"ftyp", b"isom") + box(b"mdat", bytes(9)), False),
        # A box of 64 bits before it.
        (struct.pack(">I4sQ", 1, b"mdat", 20) + bytes(4) + box(b"moov"), True),
        # 0: to the end of the file, as a recorder writes that was not told to stop.
        (box(b"mdat", size=0) + box(b"moov"), False),
        (b"", False),
    ],
)
def test_the_index_of_a_film_is_looked_for_box_by_box(boxes, is_there):
    assert mov.has_index(source(boxes or b"\0")) is is_there

"""Lengths that the bytes of a container promise, of bytes that are written here."""

import io
import struct

import pytest

from emodist.audio import headers
from emodist.audio.source import open_source

RATE, WIDTH = 8000, 2
FMT = struct.pack("<HHIIHH", 1, 1, RATE, RATE * WIDTH, WIDTH, 16)


def chunk(name, content, size=None, order="<"):
    padding = b"\0" * (len(content) % 2)
    return (
        name + struct.pack(f"{order}I", len(content) if size is None else size) + content + padding
    )


def wav(*chunks, head=b"RIFF"):
    return open_source(io.BytesIO(head + bytes(4) + b"WAVE" + b"".join(chunks)))


def test_a_wav_is_as_long_as_its_data_chunk_claims():
    data = chunk(b"data", bytes(100), size=RATE * WIDTH)
    assert headers.wav_duration_s(wav(chunk(b"fmt ", FMT), data)) == 1


def test_chunks_of_odd_length_before_the_data_are_padded():
    data = chunk(b"data", bytes(RATE * WIDTH))
    assert headers.wav_duration_s(wav(chunk(b"LIST", b"abc"), chunk(b"fmt ", FMT), data)) == 1


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF])
def test_a_placeholder_of_a_live_writer_is_no_length(size):
    data = chunk(b"data", bytes(100), size=size)
    assert headers.wav_duration_s(wav(chunk(b"fmt ", FMT), data)) is None


def test_a_long_wav_has_its_length_in_64_bits():
    long = struct.pack("<QQQI", 0, 3 * RATE * WIDTH, 0, 0)
    data = chunk(b"data", bytes(100), size=0xFFFFFFFF)
    source = wav(chunk(b"ds64", long), chunk(b"fmt ", FMT), data, head=b"RF64")
    assert headers.wav_duration_s(source) == 3


def test_a_compressed_wav_counts_the_bytes_of_a_second():
    adpcm = struct.pack("<HHIIHH", 2, 1, RATE, 4000, 256, 4)
    data = chunk(b"data", bytes(100), size=6000)
    assert headers.wav_duration_s(wav(chunk(b"fmt ", adpcm), data)) == 1.5


def test_a_wav_without_data_promises_nothing():
    assert headers.wav_duration_s(wav(chunk(b"fmt ", FMT))) is None


def test_an_aiff_counts_its_samples():
    common = struct.pack(">hIh", 1, 12_345, 16) + bytes(10)
    head = b"FORM" + bytes(4) + b"AIFF"
    source = open_source(io.BytesIO(head + chunk(b"COMM", common, order=">")))
    assert headers.aiff_n_samples(source) == 12_345
    assert headers.aiff_n_samples(open_source(io.BytesIO(head))) is None


def mp3(tag, before=b""):
    return open_source(io.BytesIO(before + b"\xff\xfb\x90\x00" + bytes(32) + tag + bytes(100)))


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
    assert headers.mp3_n_frames(mp3(tag)) == n_frames
    # Behind a tag of 300 bytes, whose length has seven bits in a byte.
    id3 = b"ID3\x04\x00\x00" + bytes([0, 0, 300 >> 7, 300 & 127]) + bytes(300)
    assert headers.mp3_n_frames(mp3(tag, id3)) == n_frames


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
    assert headers.matroska_size(open_source(io.BytesIO(EBML + segment))) == size


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
    source = open_source(io.BytesIO(boxes or b"\0"))
    assert headers.has_moov(source) is is_there


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"<html>\n  <body>", "<html> <body>"),
        ("Größe ".encode() * 200, "Größe Größe Größe Größe Größe Größe Größ"),
        (b"   \n", None),
        (b"\x00\x01\x02", None),
        (b"\xff\xfe\xfd\xfc\xfb", None),
    ],
)
def test_text_is_shown_and_nothing_else(content, start):
    assert headers.text_start(open_source(io.BytesIO(content))) == start

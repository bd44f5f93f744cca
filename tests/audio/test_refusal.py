"""Why a file cannot be read, in words."""

import io

import pytest

from emodist.audio import containers, refusal
from emodist.audio.decode import blocks
from emodist.audio.source import open_source
from emodist.errors import AudioError
from tests.audio.specimens import BY_TITLE, make


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
    assert refusal._text_start(open_source(io.BytesIO(content))) == start


def test_a_scrambled_transport_stream_is_called_encrypted(tmp_path):
    path = make(tmp_path, BY_TITLE["MPEG-TS"], seconds=4)
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), 188):
        pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
        if pid >= 0x100:  # of the sound, and not of the tables
            data[at + 3] |= 0x80
            data[at + 4 : at + 188] = bytes(byte ^ 0x5A for byte in data[at + 4 : at + 188])
    path.write_bytes(data)
    with pytest.raises(AudioError, match="is encrypted or copy-protected"):
        list(blocks(path))


def test_an_encrypted_matroska_track_is_told(tmp_path):
    encodings = b"\x6d\x80\x88" + b"\x62\x40\x85" + b"\x50\x33\x81\x01" + b"\x50\x35\x80"
    head = b"\x1a\x45\xdf\xa3\x84" + bytes(4) + b"\x18\x53\x80\x67\xff"
    source = open_source(io.BytesIO(head + encodings + bytes(200)))
    assert containers.encryption(source) == "ContentEncryption"
    assert containers.encryption(open_source(io.BytesIO(head + bytes(200)))) is None

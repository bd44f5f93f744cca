"""Recordings joined on to each other, tags around the sound, and lengths that headers count."""

import numpy as np
import pytest
import soundfile

from emodist.audio.decode import blocks
from emodist.errors import AudioError
from tests.audio.media import expected, make_media, make_wav, voice

pytestmark = pytest.mark.slow

ID3 = b"ID3\x04\0\0\0\0\x02\x10" + b"TIT2\0\0\x01\x00\0\0" + b"\0" * 262
ID3V1 = b"TAG" + b"a title".ljust(125, b"\0")
APE = (
    b"APETAGEX" + (2000).to_bytes(4, "little") + (32 + 20).to_bytes(4, "little") + b"\1\0\0\0"
    + b"\0\0\0\xa0" + b"\0" * 8 + b"\4\0\0\0\0\0\0\0Title\0abcd" + b"\0\0"
)  # fmt: skip


def read(source, **settings):
    stream = blocks(source, **settings)
    return np.concatenate(list(stream)), stream.account


def test_joined_flacs_are_read_one_after_the_other(tmp_path):
    parts = [(3, 16_000, 150), (3, 16_000, 180), (2, 22_050, 120), (0.2, 16_000, 200)]
    data, wanted = b"", []
    for seconds, rate, pitch in parts:
        sound = voice(seconds, rate, pitch)
        path = make_wav(tmp_path / "part.flac", sound, rate, format="FLAC")
        data += path.read_bytes()
        wanted.append(expected(sound, rate))
    (tmp_path / "a.flac").write_bytes(data)
    for source in (tmp_path / "a.flac", open(tmp_path / "a.flac", "rb")):  # noqa: SIM115
        got, _ = read(source)
        np.testing.assert_allclose(got, np.concatenate(wanted), atol=1e-4)


def test_half_of_a_joined_flac_is_noticed(tmp_path):
    path = make_wav(tmp_path / "a.flac", voice(6, 16_000), 16_000, format="FLAC")
    data = path.read_bytes()
    path.write_bytes(data + data[: len(data) // 2])
    with pytest.raises(AudioError, match=r"promises 6\.00 s"):
        read(path)


@pytest.mark.parametrize("tail", [ID3V1, b"\0" * 5000, ID3], ids=["ID3v1", "zeros", "ID3v2"])
def test_what_else_follows_a_flac_is_no_sound(tmp_path, tail):
    path = make_wav(tmp_path / "a.flac", voice(3, 16_000), 16_000, format="FLAC")
    path.write_bytes(path.read_bytes() + tail)
    assert len(read(path)[0]) == 48_000


@pytest.mark.parametrize("parts", ["vv", "vw", "oo", "ov", "vo", "ovwo"])
def test_chained_oggs_are_read_one_after_the_other(tmp_path, parts):
    made = {
        "v": make_media(tmp_path / "v.ogg", voice(3, 16_000), 16_000, "vorbis"),
        "w": make_media(tmp_path / "w.ogg", voice(3, 22_050, 200), 22_050, "vorbis"),
        "o": make_media(tmp_path / "o.opus", voice(3, 48_000), 48_000, "libopus"),
    }
    data = b""
    for number, part in enumerate(parts):
        # Each link has a serial number of its own, which is part of the checksum of a page.
        data += _with_serial(made[part].read_bytes(), 1000 + number)
    (tmp_path / "a.ogg").write_bytes(data)
    got, account = read(tmp_path / "a.ogg")
    assert len(got) / 16_000 == pytest.approx(3 * len(parts), abs=0.05 * len(parts))
    assert account.filled_s < 0.1


def _with_serial(data, serial):
    pages, at = bytearray(data), data.find(b"OggS")
    while at >= 0:
        n_segments = pages[at + 26]
        end = at + 27 + n_segments + sum(pages[at + 27 : at + 27 + n_segments])
        pages[at + 14 : at + 18] = serial.to_bytes(4, "little")
        pages[at + 22 : at + 26] = b"\0" * 4
        pages[at + 22 : at + 26] = _crc(pages[at:end]).to_bytes(4, "little")
        at = end if pages[end : end + 4] == b"OggS" else -1
    return bytes(pages)


def _crc(page, table=[]):  # noqa: B006
    """Of an Ogg page: polynomial 0x04C11DB7, from the highest bit, nothing inverted."""
    if not table:
        for byte in range(256):
            value = byte << 24
            for _ in range(8):
                value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
            table.append(value & 0xFFFFFFFF)
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ table[value >> 24 ^ byte]
    return value


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100])
@pytest.mark.parametrize("seconds", [0.15, 0.2, 0.5, 3])
def test_short_mp3s_are_whole(tmp_path, rate, seconds):
    path = make_media(tmp_path / "a.mp3", voice(seconds, rate), rate, "libmp3lame")
    assert len(read(path)[0]) / 16_000 == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("before", [b"", ID3, ID3 + ID3], ids=["", "ID3v2", "two ID3v2"])
@pytest.mark.parametrize("after", [b"", ID3V1, APE, APE + ID3V1], ids=["", "v1", "APE", "both"])
def test_tags_around_an_mp3_are_no_sound(tmp_path, before, after):
    path = make_media(tmp_path / "a.mp3", voice(3), codec="libmp3lame")
    whole = path.read_bytes()
    path.write_bytes(before + whole[whole.index(b"\xff\xfb") :] + after)
    assert len(read(path)[0]) / 16_000 == pytest.approx(3, abs=0.03)
    path.write_bytes(path.read_bytes()[: len(before) + len(whole) // 2])
    with pytest.raises(AudioError, match=r"promises 3\.00 s"):
        read(path)


def test_joined_mp3s_are_longer_than_the_first_header_says(tmp_path):
    path = make_media(tmp_path / "a.mp3", voice(3), codec="libmp3lame")
    path.write_bytes(path.read_bytes() * 2)
    assert len(read(path)[0]) / 16_000 == pytest.approx(6, abs=0.2)


def test_laced_matroska_has_no_gaps(tmp_path):
    """Eight FLAC frames to a block, of which only the first has a time."""
    rate, size = 16_000, 1024
    sound = voice(3, rate)
    path = tmp_path / "a.mkv"
    path.write_bytes(_laced(sound, rate, size, tmp_path))
    got, account = read(path)
    assert account.filled_s == 0
    np.testing.assert_allclose(got, sound, atol=1e-4)


def _laced(sound, rate, size, folder):
    import av

    make_media(folder / "plain.mkv", sound, rate, "flac")
    with av.open(str(folder / "plain.mkv")) as source:
        stream = source.streams.audio[0]
        private = bytes(stream.codec_context.extradata)
        packets = [(packet.pts, bytes(packet)) for packet in source.demux(stream) if packet.size]

    def number(value):
        return (0x10000000 | value).to_bytes(4, "big")

    def element(name, content):
        return bytes.fromhex(name) + number(len(content)) + content

    def plain(value, n=4):
        return value.to_bytes(n, "big")

    blocks_, at = [], 0
    for k in range(0, len(packets), 8):
        frames = [data for _, data in packets[k : k + 8]]
        sizes = b"".join(b"\xff" * (len(f) // 255) + bytes([len(f) % 255]) for f in frames[:-1])
        head = b"\x81" + (packets[k][0]).to_bytes(2, "big") + b"\x02"
        lacing = bytes([len(frames) - 1]) + sizes
        blocks_.append(element("a3", head + lacing + b"".join(frames)))
        at += len(frames)
    import struct

    audio = element("b5", struct.pack(">d", rate)) + element("9f", plain(1, 1))
    if not private.startswith(b"fLaC"):
        private = b"fLaC\x80" + len(private).to_bytes(3, "big") + private
    entry = b"".join(
        (
            element("d7", plain(1, 1)), element("73c5", plain(1, 1)), element("83", plain(2, 1)),
            element("9c", plain(1, 1)), element("86", b"A_FLAC"), element("63a2", private),
            element("e1", audio),
        )
    )  # fmt: skip
    segment = (
        element("1549a966", element("2ad7b1", plain(1_000_000)))
        + element("1654ae6b", element("ae", entry))
        + element("1f43b675", element("e7", plain(0, 1)) + b"".join(blocks_))
    )
    head = b"".join(
        (
            element("4286", plain(1, 1)), element("42f7", plain(1, 1)),
            element("42f2", plain(4, 1)),
            element("42f3", plain(8, 1)), element("4282", b"matroska"),
            element("4287", plain(4, 1)), element("4285", plain(2, 1)),
        )
    )  # fmt: skip
    return element("1a45dfa3", head) + element("18538067", segment)


@pytest.mark.parametrize("encoding", ["ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"])
def test_compressed_wavs_are_whole_and_cut_ones_are_not(tmp_path, encoding):
    soundfile.write(tmp_path / "a.wav", voice(4, 44_100), 44_100, subtype=encoding)
    got, _ = read(tmp_path / "a.wav")
    assert len(got) / 16_000 == pytest.approx(4, abs=0.1)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match=r"truncated.* only 2\.\d\d s|only 1\.9"):
        read(tmp_path / "a.wav")

"""Every container whole, cut, holed, late and streamed: what is right is known by its making."""

import io

import numpy as np
import pytest

from emodist.audio.decode import blocks
from emodist.errors import AudioError
from tests.audio import specimens
from tests.audio.media import expected, lag
from tests.audio.specimens import BY_TITLE, CLOCKED, KINDS, SECONDS, cut, make

pytestmark = pytest.mark.slow

TITLES = [kind.title for kind in KINDS]
# In FFmpeg's fragmented MP4 the first packet of a late track lasts until the second one.
FILMS = [k.title for k in KINDS if k.has_clock and k.video and k.title != "MP4, fragmented"]
# FFmpeg does not write packets of a VOB again.
REMUXED = [title for title in CLOCKED if title != "MPEG-PS (VOB)"]
STATED = [kind.title for kind in KINDS if kind.states]
# An encoder's delay and padding, where nothing says how long they are; FFmpeg's is the same.
PADDING_S = 0.12


def read(source, **settings):
    """The sound, and what there is to say of it."""
    stream = blocks(source, **settings)
    return np.concatenate(list(stream)), stream.account


@pytest.mark.parametrize("title", TITLES)
def test_a_whole_file_is_read_whole_and_nothing_is_said_of_it(tmp_path, title):
    got, account = read(make(tmp_path, BY_TITLE[title]))
    assert len(got) / 16_000 == pytest.approx(SECONDS, abs=PADDING_S)
    assert (account.offset_s, account.filled_s, account.lost_s) == pytest.approx((0, 0, 0), abs=0.1)
    assert account.damage is None
    assert account.remark is None


@pytest.mark.parametrize("title", TITLES)
def test_a_path_and_a_file_object_give_the_same_samples(tmp_path, title):
    path = make(tmp_path, BY_TITLE[title])
    assert path.stat().st_size > 64_000
    from_path, account = read(path)
    from_object, same = read(io.BytesIO(path.read_bytes()))
    np.testing.assert_array_equal(from_object, from_path)
    assert same == account


@pytest.mark.parametrize("share", [0.3, 0.61, 0.8])
@pytest.mark.parametrize("title", STATED)
def test_a_file_that_was_cut_says_so(tmp_path, title, share):
    path = cut(make(tmp_path, BY_TITLE[title]), share)
    with pytest.raises(AudioError, match=r"truncated|damaged|is missing"):
        read(path)
    with pytest.raises(AudioError):
        read(io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize("title", STATED)
def test_what_is_left_of_a_cut_file_can_be_kept(tmp_path, title):
    kind = BY_TITLE[title]
    path = cut(make(tmp_path, kind), 0.61)
    if title in ("M4A", "MP4", "MOV", "3GP", "CAF, ALAC"):
        # Their index was at the end.
        with pytest.raises(AudioError, match=r"moov|truncated"):
            read(path, damaged="keep")
        return
    got, account = read(path, damaged="keep")
    assert len(got) / 16_000 == pytest.approx(0.61 * SECONDS, abs=1)
    assert "truncated" in account.damage
    if "nothing says how much" not in account.damage:
        # Packets that cannot be decoded are silence, and lost as well.
        assert len(got) / 16_000 + account.lost_s == pytest.approx(SECONDS, abs=1.2)


@pytest.mark.parametrize("title", CLOCKED)
def test_a_hole_is_silence_and_what_follows_stays_in_place(tmp_path, title):
    kind = BY_TITLE[title]
    got, account = read(make(tmp_path, kind, hole_s=specimens.HOLE_S))
    wanted = expected(specimens.sound(kind), kind.rate)
    assert len(got) == pytest.approx(len(wanted), abs=PADDING_S * 16_000)
    assert account.filled_s == pytest.approx(2, abs=0.12)
    assert np.abs(got[70_000:90_000]).max() < 1e-3
    # The encoder's delay is not always known, the order of milliseconds is.
    assert abs(lag(wanted[120_000:170_000], got[120_000:170_000])) < 0.06 * 16_000


@pytest.mark.parametrize("title", REMUXED)
def test_small_holes_add_up(tmp_path, title):
    kind = BY_TITLE[title]
    path = make(tmp_path, kind)
    with_holes = _without_every_tenth_packet(path, tmp_path / f"holes.{kind.suffix}", kind)
    got, account = read(with_holes)
    assert len(got) / 16_000 == pytest.approx(SECONDS, abs=PADDING_S)
    assert account.filled_s > 0.5


def _without_every_tenth_packet(path, target, kind):
    import av

    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", format=kind.format, options=dict(kind.options)) as out,
    ):
        stream = out.add_stream_from_template(source.streams.audio[0])
        for number, packet in enumerate(source.demux(audio=0)):
            if packet.size and number % 10 != 5:
                packet.stream = stream
                out.mux(packet)
    return target


@pytest.mark.parametrize("title", FILMS)
def test_sound_that_starts_late_has_the_films_time(tmp_path, title):
    late = make(tmp_path, BY_TITLE[title], late_s=specimens.LATE_S, with_video=True)
    got, account = read(late)
    assert account.offset_s == pytest.approx(specimens.LATE_S, abs=0.12)
    assert len(got) / 16_000 == pytest.approx(SECONDS, abs=PADDING_S)
    assert account.filled_s < 0.1


def test_a_first_packet_that_lasts_until_the_second_leaves_that_in_its_place(tmp_path):
    kind = BY_TITLE["MP4, fragmented"]
    got, account = read(make(tmp_path, kind, late_s=specimens.LATE_S, with_video=True))
    assert account.offset_s == 0
    assert account.filled_s == pytest.approx(specimens.LATE_S, abs=0.12)
    wanted = expected(specimens.sound(kind), kind.rate)
    late = round(specimens.LATE_S * 16_000)
    assert abs(lag(wanted[80_000:115_000], got[late + 80_000 : late + 115_000])) < 0.06 * 16_000


@pytest.mark.parametrize("start_s", [7.0, 40_000.0, 95_435.0])
@pytest.mark.parametrize("title", ["MPEG-TS", "MPEG-PS (MPG)", "MPEG-PS (VOB)"])
def test_a_clock_may_start_anywhere_and_wrap(tmp_path, title, start_s):
    kind = BY_TITLE[title]
    for given in ({}, {"with_video": True}):
        # The clock of 33 bits wraps after 95,443.7 s.
        path = make(tmp_path, kind, options=(("output_ts_offset", str(start_s)),), **given)
        got, account = read(path)
        assert len(got) / 16_000 == pytest.approx(SECONDS, abs=PADDING_S)
        assert (account.offset_s, account.filled_s) == pytest.approx((0, 0), abs=0.1)


@pytest.mark.parametrize("title", TITLES)
def test_a_file_that_was_written_to_a_pipe_is_read(tmp_path, title):
    if title == "Wave64":
        pytest.skip("FFmpeg does not read what it writes")
    try:
        path = make(tmp_path, BY_TITLE[title], streamed=True)
    except (OSError, ValueError) as error:
        pytest.skip(f"FFmpeg does not write it to a pipe: {error}")
    got, account = read(path)
    assert len(got) / 16_000 == pytest.approx(SECONDS, abs=PADDING_S)
    assert account.damage is None


@pytest.mark.parametrize("n_bytes", [100, 5_000, 300_000])
@pytest.mark.parametrize("title", ["MPEG-TS", "Ogg, Opus", "Ogg, FLAC", "ADTS", "MP3"])
def test_foreign_bytes_behind_the_end_are_no_damage(tmp_path, title, n_bytes):
    path = make(tmp_path, BY_TITLE[title])
    tail = np.random.default_rng(0).integers(0, 255, n_bytes, np.uint8).tobytes()
    path.write_bytes(path.read_bytes() + tail)
    got, account = read(path)
    assert len(got) / 16_000 == pytest.approx(SECONDS, abs=0.4)
    assert account.damage is None


@pytest.mark.parametrize("title", ["MPEG-TS", "Matroska", "MPEG-PS (MPG)", "FLV"])
def test_sound_behind_foreign_bytes_is_read_in_its_place(tmp_path, title):
    kind = BY_TITLE[title]
    path = make(tmp_path, kind)
    data = path.read_bytes()
    middle = len(data) // 2
    # Two seconds of packets become nonsense.
    n_bytes = len(data) // 6
    rng = np.random.default_rng(0)
    path.write_bytes(data[:middle] + rng.bytes(n_bytes) + data[middle + n_bytes :])
    got, account = read(path, damaged="keep")
    assert len(got) / 16_000 == pytest.approx(SECONDS, abs=0.3)
    # FFmpeg goes on with the next cluster of a Matroska file, of which one holds five seconds.
    assert 1 < account.filled_s + account.lost_s < (5 if title == "Matroska" else 3)
    wanted = expected(specimens.sound(kind), kind.rate)
    assert abs(lag(wanted[150_000:185_000], got[150_000:185_000])) < 0.06 * 16_000

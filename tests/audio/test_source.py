"""What a file is before anything decodes it."""

import io

import pytest

from emodist.audio import containers
from emodist.audio.source import open_source
from emodist.errors import AudioError
from tests.audio.media import make_media, make_wav, voice


@pytest.mark.parametrize(
    ("name", "container"),
    [("a.wav", "wav"), ("a.aiff", "aiff"), ("a.flac", "flac")],
)
def test_a_container_is_known_by_its_content_and_not_by_its_name(tmp_path, name, container):
    made = make_wav(tmp_path / name, voice(0.1), format=container.upper())
    (tmp_path / "a.mp3").write_bytes(made.read_bytes())
    assert containers.of(open_source(tmp_path / "a.mp3")) == container


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [("a.mp4", "aac", "mov"), ("a.mkv", "aac", "matroska"), ("a.mp3", "libmp3lame", "")],
)
def test_films_are_known_by_their_boxes(tmp_path, name, codec, container):
    source = open_source(make_media(tmp_path / name, voice(0.5), codec=codec))
    assert containers.of(source) == container


@pytest.mark.parametrize("head", [b"RIFX1234WAVE", b"RF641234WAVE"])
def test_the_rare_forms_of_wav_are_wav(head):
    assert containers.of(open_source(io.BytesIO(head))) == "wav"


def test_a_file_object_is_read_from_its_start_and_left_open():
    file = io.BytesIO(b"abcdef")
    file.read(4)
    source = open_source(file)
    assert (source.head, source.size, source.path) == (b"abcdef", 6, None)
    for _ in range(2):
        with source.opened() as again:
            assert again.read() == b"abcdef"
    assert not file.closed


def test_a_path_is_opened_for_the_time_of_a_look(tmp_path):
    (tmp_path / "a").write_bytes(b"abcdef")
    source = open_source(tmp_path / "a")
    with source.opened() as file:
        assert file.read(1) == b"a"
    assert file.file.closed
    assert source.name == source.path == str(tmp_path / "a")


def test_views_do_not_disturb_each_other_and_a_part_is_a_file_by_itself():
    source = open_source(io.BytesIO(b"abcdefgh"))
    with source.opened() as one, source.opened() as other:
        assert (one.read(2), other.read(3), one.read(2)) == (b"ab", b"abc", b"cd")
    with source.part(2, 6) as part, part.opened() as view:
        assert (part.size, part.head, part.start) == (4, b"cdef", 2)
        view.seek(-1, io.SEEK_END)
        assert (view.read(), view.tell()) == (b"f", 4)
        view.seek(1 << 70)
        assert view.read(8) == b""


def test_no_more_than_the_beginning_is_kept(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10_000)
    source = open_source(tmp_path / "a")
    assert (len(source.head), source.size) == (4096, 10_000)


def test_a_file_object_is_named_as_well_as_it_can_be(tmp_path):
    with pytest.raises(AudioError, match=r"^file object: is empty"):
        open_source(io.BytesIO())
    (tmp_path / "empty.wav").touch()
    with (
        open(tmp_path / "empty.wav", "rb") as file,
        pytest.raises(AudioError, match=r"empty\.wav: is empty"),
    ):
        open_source(file)

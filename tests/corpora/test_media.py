import pytest

from emodist.corpora.media import Media
from emodist.errors import ConfigError, CorpusError


def test_the_topmost_folder_is_the_speaker():
    assert Media().describe("channel/2020/x.mp4").speaker == "channel"
    assert Media().describe("x.mp4").speaker is None


def test_another_folder_level_can_be_the_speaker():
    assert Media(speaker_level=2).describe("2020/channel/x.mp4").speaker == "channel"
    assert Media(speaker_level=2).describe("2020/x.mp4").speaker is None
    assert Media(speaker_level=None).describe("2020/x.mp4").speaker is None


def test_a_sidecar_wins_and_its_other_columns_become_attributes(tmp_path):
    sidecar = tmp_path / "vlogs.csv"
    sidecar.write_text("path,speaker,label,country\na/x.mp4,Ann,,NL\na/y.mp4,,happy,\n")
    media = Media(sidecar=str(sidecar))
    assert media.describe("a/x.mp4").speaker == "Ann"
    assert media.describe("a/x.mp4").attributes == {"country": "NL"}
    assert media.describe("a/y.mp4").speaker == "a"
    assert media.describe("a/y.mp4").label == "happy"
    assert media.describe("b/z.mp4").speaker == "b"


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_blanks_around_the_words_of_a_sidecar_are_none_of_theirs(tmp_path, suffix):
    between = {"csv": ", ", "tsv": "\t"}[suffix]
    lines = [["path", "speaker", "label ", "country"], ["a/x.mp4", "Ann ", " happy", "NL  "]]
    sidecar = tmp_path / f"vlogs.{suffix}"
    sidecar.write_text("\n".join(between.join(line) for line in lines))
    found = Media(sidecar=str(sidecar)).describe("a/x.mp4")
    assert (found.speaker, found.label, found.attributes) == ("Ann", "happy", {"country": "NL"})


def test_blanks_around_the_name_of_a_folder_are_none_of_the_speaker():
    assert Media().describe("channel /x.mp4").speaker == "channel"
    assert Media().describe(" /x.mp4").speaker is None


def test_a_sidecar_that_cannot_be_used_says_why(tmp_path):
    with pytest.raises(CorpusError, match="no such sidecar"):
        Media(sidecar=str(tmp_path / "none.csv")).describe("x.mp4")
    (tmp_path / "s.csv").write_text("file,speaker\n")
    with pytest.raises(CorpusError, match="no column path; it has file, speaker"):
        Media(sidecar=str(tmp_path / "s.csv")).describe("x.mp4")


def test_a_wrong_level_is_refused():
    with pytest.raises(ConfigError, match="speaker_level"):
        Media(speaker_level=0)


def sidecar(tmp_path, *rows, head="path,speaker,label", encoding="utf-8"):
    file = tmp_path / "vlogs.csv"
    file.write_bytes("\n".join([head, *rows, ""]).encode(encoding))
    return Media(sidecar=str(file))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16"])
def test_a_sidecar_has_any_encoding_and_accents_meet(tmp_path, encoding):
    media = sidecar(tmp_path, "a/Ren\u00e9.mp4;Zo\u00eb;", head="Path;Speaker;label",
                    encoding=encoding)  # fmt: skip
    for name in ("a/Ren\u00e9.mp4", "a/Rene\u0301.mp4"):
        assert media.knows(name)
        assert media.describe(name).speaker == "Zo\u00eb"


@pytest.mark.parametrize("name", ["./a/x.mp4", "a//x.mp4", "a/b/../x.mp4", "a\\x.mp4"])
def test_a_path_of_a_sidecar_has_many_spellings(tmp_path, name):
    assert sidecar(tmp_path, f"{name},Ann,").describe("a/x.mp4").speaker == "Ann"


def test_speakers_of_a_sidecar_are_numbers_as_people_write_them(tmp_path):
    assert sidecar(tmp_path, "x.mp4,3.0,").describe("x.mp4").speaker == "3"


def test_rows_of_a_sidecar_that_name_no_file_or_cannot_be_used_are_told(tmp_path):
    media = sidecar(tmp_path, "x.mp4,Ann,", ",Bob,", "y.mp4,Bob,sad,z", "gone.mp4,Cid,")
    assert [media.knows(path) for path in ("x.mp4", "z.mp4")] == [True, False]
    notes = [note.replace(f"{tmp_path}/", "") for note in media.notes()]
    assert notes[0] == "row 3 of vlogs.csv has no path"
    assert notes[1].startswith("row 4 of vlogs.csv has 4 cells where the first line has 3")
    assert notes[2:] == ["1 of 2 rows of vlogs.csv name no file: gone.mp4"]


def test_a_sidecar_that_says_two_things_of_one_file_is_refused_with_both_lines(tmp_path):
    with pytest.raises(CorpusError, match=r"rows 2 and 4 of .* x\.mp4 the label sad and happy"):
        sidecar(tmp_path, "x.mp4,,sad", "y.mp4,,sad", "./x.mp4,Ann,happy").describe("x.mp4")


def test_without_a_sidecar_every_file_is_known():
    assert Media().knows("x.mp4")
    assert Media().notes() == []

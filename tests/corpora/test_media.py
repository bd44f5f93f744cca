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

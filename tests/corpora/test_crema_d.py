import pytest

from emodist.corpora.crema_d import CremaD
from emodist.errors import ConfigError, CorpusError

HEADER = ",FileName,VoiceVote,VoiceLevel,FaceVote,FaceLevel,MultiModalVote,MultiModalLevel\n"


@pytest.fixture
def copy(tmp_path):
    """A clone's layout: sound in AudioWAV, votes in processedResults."""
    (tmp_path / "AudioWAV").mkdir()
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults" / "summaryTable.csv").write_text(
        HEADER + "1,1001_DFA_ANG_XX,D,60,A,70,A,65\n2,1001_IEO_HAP_LO,N:H,50:40,H,60,H,60\n"
    )
    return tmp_path


def test_the_four_codes_of_a_name_are_read():
    found = CremaD().describe("AudioWAV/1091_IEO_FEA_HI.wav")
    assert (found.speaker, found.label) == ("1091", "fear")
    assert found.attributes["level"] == "high"


def test_perceived_labels_are_what_was_heard_and_keep_what_was_intended(copy):
    corpus = CremaD(label_source="perceived").opened(str(copy))
    found = corpus.describe("AudioWAV/1001_DFA_ANG_XX.wav")
    assert found.label == "disgust"
    assert found.attributes["intended"] == "anger"
    assert found.attributes["face_vote"] == "A"


def test_the_votes_are_found_from_the_sound_folder_too(copy):
    corpus = CremaD(label_source="perceived").opened(str(copy / "AudioWAV"))
    assert corpus.describe("1001_DFA_ANG_XX.wav").label == "disgust"


def test_where_two_emotions_share_the_votes_there_is_no_label(copy):
    corpus = CremaD(label_source="perceived").opened(str(copy))
    found = corpus.describe("1001_IEO_HAP_LO.wav")
    assert found.label is None
    assert found.attributes["voice_vote"] == "N:H"


def test_missing_votes_are_said_at_once_and_with_a_way_out(tmp_path):
    with pytest.raises(CorpusError, match=r"perceived labels need .*summaryTable\.csv.*label_file"):
        CremaD(label_source="perceived").opened(str(tmp_path))
    assert CremaD().opened(str(tmp_path)) == CremaD()


def test_votes_that_are_an_lfs_pointer_are_refused_as_that(copy):
    table = copy / "processedResults" / "summaryTable.csv"
    table.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(CorpusError, match="Git LFS pointer"):
        CremaD(label_source="perceived").opened(str(copy)).describe("1001_DFA_ANG_XX.wav")


def test_a_table_without_the_votes_is_refused_with_what_it_has(tmp_path):
    (tmp_path / "votes.csv").write_text("FileName,Vote\n")
    corpus = CremaD(label_source="perceived", label_file=str(tmp_path / "votes.csv"))
    with pytest.raises(CorpusError, match="no column VoiceVote; it has FileName, Vote"):
        corpus.opened(str(tmp_path)).describe("1001_DFA_ANG_XX.wav")


def test_a_clip_without_votes_is_refused(copy):
    with pytest.raises(CorpusError, match=r"1002_DFA_ANG_XX\.wav is not in"):
        CremaD(label_source="perceived").opened(str(copy)).describe("1002_DFA_ANG_XX.wav")


def test_the_name_with_one_x_is_the_same_recording():
    corpus = CremaD()
    assert corpus.describe("1040_ITH_SAD_X.wav").label == "sad"
    assert corpus.key("1040_ITH_SAD_X.wav") == corpus.key("1040_ITH_SAD_XX.wav")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("1092_DFA_ANG_XX.wav", "actor 1092; known: 1001 to 1091"),
        ("1001_XYZ_ANG_XX.wav", "sentence XYZ"),
        ("1001_DFA_JOY_XX.wav", "emotion JOY; known: ANG DIS"),
        ("1001_DFA_ANG_UP.wav", "level UP"),
        ("1001_DFA_ANG.wav", "four codes"),
    ],
)
def test_an_unknown_name_is_refused_with_the_reason(name, reason):
    with pytest.raises(CorpusError, match=reason):
        CremaD().describe(name)


def test_an_unknown_label_source_is_refused():
    with pytest.raises(ConfigError, match="intended or perceived"):
        CremaD(label_source="heard")

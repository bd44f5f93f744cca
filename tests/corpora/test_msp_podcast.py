import pytest

from emodist.corpora.msp_podcast import MspPodcast
from emodist.errors import CorpusError

ROWS = """\
FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set
MSP-PODCAST_0001_0008.wav,N,2.2,4.0,2.6,127,Male,Train
MSP-PODCAST_0001_0019.wav,X,4.2,4.0,4.6,Unknown,Unknown,Train
MSP-PODCAST_0002_0033.wav,C,4.2,2.0,4.6,12,Female,Test1
MSP-PODCAST_0002_0034.wav,Q,4.2,2.0,4.6,12,Female,Test1
"""


@pytest.fixture(params=["labels_consensus.csv", "labels_concensus.csv"])
def release(tmp_path, request):
    """Of either age: the label file was once misspelled."""
    (tmp_path / "Audios").mkdir()
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Labels" / request.param).write_text(ROWS)
    return tmp_path


def test_speaker_label_split_and_ratings_come_from_the_file(release):
    found = MspPodcast().opened(str(release / "Audios")).describe("MSP-PODCAST_0001_0008.wav")
    assert (found.speaker, found.label) == ("127", "neutral")
    assert found.attributes == {
        "emotion": "N",
        "split": "Train",
        "sex": "male",
        "activation": "2.2",
        "valence": "4.0",
        "dominance": "2.6",
    }


def test_without_agreement_there_is_no_label_and_an_unnamed_speaker_is_unknown(release):
    found = MspPodcast().opened(str(release)).describe("Audios/MSP-PODCAST_0001_0019.wav")
    assert (found.speaker, found.label) == (None, None)
    assert found.attributes["emotion"] == "X"


def test_contempt_stays_contempt(release):
    corpus = MspPodcast().opened(str(release))
    assert corpus.describe("MSP-PODCAST_0002_0033.wav").label == "contempt"


def test_hidden_test_clips_have_their_split_and_no_label(release):
    found = MspPodcast().opened(str(release)).describe("Audios/MSP-PODCAST_test3_0001.wav")
    assert (found.label, found.attributes) == (None, {"split": "Test3"})


def test_what_the_file_does_not_hold_is_refused(release):
    corpus = MspPodcast().opened(str(release))
    with pytest.raises(CorpusError, match=r"0009_0001\.wav is not in"):
        corpus.describe("MSP-PODCAST_0009_0001.wav")
    with pytest.raises(CorpusError, match="class Q; known: A S H"):
        corpus.describe("MSP-PODCAST_0002_0034.wav")
    with pytest.raises(CorpusError, match="not an MSP-Podcast name"):
        corpus.describe("x.wav")


def test_a_missing_label_file_is_said_at_once(tmp_path):
    with pytest.raises(CorpusError, match=r"labels need Labels/labels_consensus\.csv"):
        MspPodcast().opened(str(tmp_path))


def test_all_clips_of_the_file_are_expected(release):
    corpus = MspPodcast().opened(str(release))
    assert len(corpus.expected({"MSP-PODCAST_0001_0008"})) == 4

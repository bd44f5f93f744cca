import pytest

from emodist.corpora.meld import Meld
from emodist.errors import ConfigError, CorpusError

HEADER = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,"
    "StartTime,EndTime\n"
)
ROW = '1,"Well, no",{speaker},{emotion},{sentiment},0,{utterance},8,21,"00:16:16,059","0"\n'


@pytest.fixture
def release(tmp_path):
    """As MELD.Raw unpacks: dia0_utt0 exists in each split, with another label."""
    rows = {
        "train": ("Chandler", "neutral", "neutral"),
        "dev": ("Phoebe", "sadness", "negative"),
        "test": ("Mark", "surprise", "positive"),
    }
    for split, (speaker, emotion, sentiment) in rows.items():
        folder = tmp_path / split if split == "train" else tmp_path
        folder.mkdir(exist_ok=True)
        row = ROW.format(speaker=speaker, emotion=emotion, sentiment=sentiment, utterance=0)
        # The curled apostrophe of Windows, as in the published files.
        text = HEADER + row.replace("Well", "It\x92s")
        (folder / f"{split}_sent_emo.csv").write_bytes(text.encode("latin-1"))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "speaker", "label"),
    [
        ("train/train_splits/dia0_utt0.mp4", "Chandler", "neutral"),
        ("dev/dev_splits_complete/dia0_utt0.mp4", "Phoebe", "sadness"),
        ("test/output_repeated_splits_test/dia0_utt0.mp4", "Mark", "surprise"),
        ("wav/test_dia0_utt0.wav", "Mark", "surprise"),
    ],
)
def test_the_same_numbers_mean_another_utterance_in_each_split(release, path, speaker, label):
    found = Meld().opened(str(release)).describe(path)
    assert (found.speaker, found.label) == (speaker, label)


def test_the_folder_given_may_be_that_of_one_split(release):
    folder = release / "dev" / "dev_splits_complete"
    folder.mkdir(parents=True)
    corpus = Meld().opened(str(folder))
    assert corpus.split == "dev"
    assert corpus.describe("dia0_utt0.mp4").label == "sadness"


def test_attributes_hold_split_dialogue_and_sentiment(release):
    found = Meld().opened(str(release)).describe("train/dia0_utt0.mp4")
    assert found.attributes == {
        "split": "train",
        "dialogue": "0",
        "utterance": "0",
        "sentiment": "neutral",
        "season": "8",
        "episode": "21",
    }


def test_without_a_split_the_numbers_are_refused(release):
    with pytest.raises(CorpusError, match=r"does not say its split.*meld\.split"):
        Meld().opened(str(release)).describe("videos/dia0_utt0.mp4")
    corpus = Meld(split="test").opened(str(release))
    assert corpus.describe("videos/dia0_utt0.mp4").label == "surprise"


def test_what_has_no_label_is_refused(release):
    corpus = Meld().opened(str(release))
    with pytest.raises(CorpusError, match=r"dia0_utt1\.mp4 has no label in dev_sent_emo\.csv"):
        corpus.describe("dev_splits_complete/dia0_utt1.mp4")
    with pytest.raises(CorpusError, match="not a MELD name"):
        corpus.describe("output_repeated_splits_test/final_videos_testdia0_utt0.mp4")


def test_missing_label_files_are_said_at_once(tmp_path):
    with pytest.raises(CorpusError, match=r"train_sent_emo\.csv.*label_files"):
        Meld().opened(str(tmp_path))


def test_label_files_may_be_named_as_text_with_commas(release):
    files = f"{release}/dev_sent_emo.csv, {release}/test_sent_emo.csv"
    corpus = Meld(label_files=files).opened("/elsewhere")
    assert corpus.describe("dev/dia0_utt0.mp4").label == "sadness"
    with pytest.raises(ConfigError, match="begin with train, dev or test"):
        Meld(label_files="labels.csv")
    with pytest.raises(ConfigError, match="train, dev, test or null"):
        Meld(split="valid")


def test_the_utterances_of_the_splits_at_hand_are_expected(release):
    corpus = Meld().opened(str(release))
    assert corpus.expected({corpus.key("dev_splits_complete/dia0_utt7.mp4")}) == {"dev/dia0_utt0"}

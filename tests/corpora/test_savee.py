import pytest

from emodist.corpora.savee import Savee
from emodist.errors import ConfigError, CorpusError


@pytest.mark.parametrize(
    ("path", "speaker", "label"),
    [
        ("AudioData/DC/a01.wav", "DC", "anger"),
        ("AudioData/JE/sa15.wav", "JE", "sadness"),
        ("ALL/JK_su12.wav", "JK", "surprise"),
        ("KL_n30.wav", "KL", "neutral"),
        ("KL/KL_h03.wav", "KL", "happiness"),
        ("wav/DCd07.wav", "DC", "disgust"),
    ],
)
def test_both_layouts_tell_speaker_and_emotion_with_two_letters_first(path, speaker, label):
    found = Savee().describe(path)
    assert (found.speaker, found.label) == (speaker, label)


def test_where_the_speaker_stands_can_be_fixed():
    assert Savee(speaker_from="folder").describe("JE/DC_a01.wav").speaker == "JE"
    assert Savee(speaker_from="prefix").describe("JE/DC_a01.wav").speaker == "DC"
    with pytest.raises(CorpusError, match="no speaker in its file name"):
        Savee(speaker_from="prefix").describe("JE/a01.wav")
    with pytest.raises(CorpusError, match="no speaker in its folder"):
        Savee(speaker_from="folder").describe("ALL/DC_a01.wav")
    with pytest.raises(ConfigError, match="auto, folder or prefix"):
        Savee(speaker_from="suffix")


def test_a_folder_and_a_prefix_that_differ_contradict_each_other():
    assert Savee().contradiction("JE/DC_a01.wav") == "lies in JE, but its name says DC"


def test_the_same_recording_has_one_key_in_both_layouts():
    assert Savee().key("AudioData/DC/sa01.wav") == Savee().key("DC_sa01.wav") == "DC_sa01"
    assert Savee().key("JE/a01.wav") != Savee().key("DC/a01.wav")


def test_a_speaker_is_expected_with_120_recordings():
    expected = Savee().expected({"DC_a01"})
    assert len(expected) == 120
    assert {"DC_n30", "DC_su15"} <= expected
    assert "DC_a16" not in expected


@pytest.mark.parametrize(("name", "reason"), [("DC_x01.wav", "emotion x"), ("y.wav", "SAVEE name")])
def test_an_unknown_name_is_refused_with_the_reason(name, reason):
    with pytest.raises(CorpusError, match=reason):
        Savee().describe(name)

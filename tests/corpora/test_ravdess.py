import pytest

from emodist.corpora.ravdess import Ravdess
from emodist.errors import CorpusError


def test_the_seven_codes_of_a_name_are_read():
    found = Ravdess().describe("Actor_12/03-02-06-01-02-01-12.wav")
    assert (found.label, found.speaker) == ("fearful", "12")
    assert found.attributes == {
        "modality": "audio",
        "channel": "song",
        "intensity": "normal",
        "statement": "Dogs are sitting by the door",
        "repetition": "1",
        "sex": "female",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("03-01-09-01-01-01-01.wav", "emotion code 09; known codes are 01 to 08"),
        ("03-01-01-01-01-01-25.wav", "actor 25"),
        ("03-01-01-01-01-01.wav", "seven codes"),
        ("readme.wav", "not a RAVDESS name"),
        ("03-01-01-02-01-01-01.wav", "strong and neutral"),
        ("03-02-07-01-01-01-01.wav", "song with disgust"),
    ],
)
def test_an_unknown_name_is_refused_with_the_reason(name, reason):
    with pytest.raises(CorpusError, match=reason):
        Ravdess().describe(name)


@pytest.mark.parametrize(
    ("name", "modality", "channel"),
    [
        ("03-01-06-01-02-01-12.wav", "audio", "speech"),
        ("03-02-06-01-02-01-12.wav", "audio", "song"),
        ("01-01-06-01-02-01-12.mp4", "audio-video", "speech"),
        ("02-02-06-01-02-01-12.mp4", "video", "song"),
    ],
)
def test_speech_song_and_video_names_are_told_apart(name, modality, channel):
    attributes = Ravdess().describe(name).attributes
    assert (attributes["modality"], attributes["channel"]) == (modality, channel)


def test_an_actor_is_expected_with_60_spoken_and_44_sung_recordings():
    assert len(Ravdess().expected({"03-01-01-01-01-01-05"})) == 60
    assert len(Ravdess().expected({"03-02-01-01-01-01-05"})) == 44
    assert len(Ravdess().expected({"03-01-01-01-01-01-05", "03-01-02-01-01-01-06"})) == 120
    assert not Ravdess().expected(set())


def test_a_folder_of_another_actor_contradicts_the_name():
    assert "actor 02" in Ravdess().contradiction("Actor_01/03-01-01-01-01-01-02.wav")
    assert Ravdess().contradiction("Actor_02/03-01-01-01-01-01-02.wav") is None

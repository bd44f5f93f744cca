import pytest

from emodist.corpora.emo_db import EmoDb
from emodist.errors import CorpusError


@pytest.mark.parametrize(
    ("name", "speaker", "label", "sex"),
    [
        ("03a01Fa.wav", "03", "happiness", "male"),
        ("08a07Wc.wav", "08", "anger", "female"),
        ("16b10Lb.wav", "16", "boredom", "female"),
        ("12b02Ec.wav", "12", "disgust", "male"),
        ("09a05Ab.wav", "09", "fear", "female"),
        ("10a04Td.wav", "10", "sadness", "male"),
        ("11b03Nc.wav", "11", "neutral", "male"),
    ],
)
def test_a_name_tells_speaker_and_german_emotion_letter(name, speaker, label, sex):
    found = EmoDb().describe(f"wav/{name}")
    assert (found.speaker, found.label, found.attributes["sex"]) == (speaker, label, sex)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("04a01Fa.wav", "speaker 04; known: 03 08"),
        ("03a01Xa.wav", "emotion X; known: W L E A F T N"),
        ("readme.wav", "not an EMO-DB name"),
        ("03c01Fa.wav", "not an EMO-DB name"),
    ],
)
def test_an_unknown_name_is_refused_with_the_reason(name, reason):
    with pytest.raises(CorpusError, match=reason):
        EmoDb().describe(name)


def test_the_known_numbers_agree():
    assert sum(EmoDb.label_counts.values()) == EmoDb.n_recordings == 535
    assert len(EmoDb.speakers) == 10

import pytest

from emodist.corpora.tess import Tess
from emodist.errors import CorpusError


def test_a_name_tells_speaker_word_and_emotion():
    found = Tess().describe("YAF_pleasant_surprised/YAF_back_ps.wav")
    assert (found.speaker, found.label) == ("YAF", "pleasant surprise")
    assert found.attributes == {"word": "back", "age": "26", "sex": "female"}


def test_the_misnamed_file_is_the_older_speaker_and_not_a_third():
    found = Tess().describe("OAF_neutral/OA_bite_neutral.wav")
    assert (found.speaker, found.label) == ("OAF", "neutral")
    assert Tess().key("OA_bite_neutral.wav") == "OAF_bite_neutral"


@pytest.mark.parametrize("name", ["OB_bite_neutral.wav", "OAF_bite.wav", "OAF__sad.wav", "x.wav"])
def test_other_names_are_refused(name):
    with pytest.raises(CorpusError, match="not a TESS name"):
        Tess().describe(name)


def test_an_unknown_emotion_is_refused():
    with pytest.raises(CorpusError, match="emotion calm; known: angry"):
        Tess().describe("OAF_bite_calm.wav")


def test_each_word_is_expected_in_all_emotions_by_the_speakers_at_hand():
    expected = Tess().expected({"OAF_back_angry", "OAF_bite_sad"})
    assert len(expected) == 2 * 7
    assert "OAF_bite_ps" in expected
    assert not any(key.startswith("YAF") for key in expected)


@pytest.mark.parametrize(
    "path",
    [
        "OAF_angry/OAF_back_angry.wav",
        "OAF_Fear/OAF_back_fear.wav",
        "OAF_Pleasant_surprise/OAF_back_ps.wav",
        "YAF_pleasant_surprised/YAF_back_ps.wav",
        "OAF_Sad/OAF_back_sad.wav",
        "tess/OAF_back_sad.wav",
    ],
)
def test_published_folders_agree_with_their_files(path):
    assert Tess().contradiction(path) is None


def test_a_file_in_another_emotions_folder_contradicts_it():
    assert "lies in OAF_angry" in Tess().contradiction("OAF_angry/OAF_back_sad.wav")
    assert "oaf" in Tess().contradiction("YAF_sad/OAF_back_sad.wav")

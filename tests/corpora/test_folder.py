import pytest

from emodist.corpora.folder import Folder
from emodist.errors import ConfigError, CorpusError


def test_the_folder_of_a_file_is_its_label():
    assert Folder().describe("data/Angry/x.wav").label == "Angry"
    assert Folder().describe("data/Angry/x.wav").speaker is None


def test_a_file_name_may_begin_with_its_speaker():
    assert Folder(speaker_pattern="prefix").describe("Angry/s01_angry_3.wav").speaker == "s01"
    with pytest.raises(CorpusError, match="underscore"):
        Folder(speaker_pattern="prefix").describe("Angry/x.wav")


def test_a_file_in_no_folder_is_refused():
    with pytest.raises(CorpusError, match="no label folder"):
        Folder().describe("x.wav")


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ConfigError, match="prefix or null"):
        Folder(speaker_pattern="suffix")

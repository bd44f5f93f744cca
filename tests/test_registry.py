import pytest

from emodist import registry
from emodist.errors import ConfigError


def test_names_are_the_files_of_the_folder_without_helpers():
    assert {"folder", "media", "ravdess"} <= set(registry.names("corpora"))
    assert not [name for name in registry.names("features") if name.startswith("_")]


def test_an_unknown_name_is_refused_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match="did you mean 'ravdess'"):
        registry.get("corpora", "ravdes")


def test_an_unknown_setting_is_refused_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match=r"media has no setting 'speaker_levle'.*speaker_level"):
        registry.build("corpora", "media", speaker_levle=2)

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.learning import judged


def test_names_become_places_among_the_classes_and_speakers_numbers():
    y, scores, who, people = judged.checked(
        ["sad", "happy"], [[0.5, 0.5], [1, 0]], ["happy", "sad"], ["b", "a"], "loso"
    )
    np.testing.assert_array_equal(y, [1, 0])
    np.testing.assert_array_equal(who, [1, 0])
    assert list(people) == ["a", "b"]
    assert scores.dtype == np.float64


def test_a_number_needs_its_protocol():
    with pytest.raises(ConfigError, match="no number without it"):
        judged.checked([0], [[1, 0]], ["a", "b"], ["s"], "")


def test_what_is_not_finite_is_null_in_json():
    found = judged.plain({"a": (np.nan, np.array([1, 2])), "b": 0.5})
    assert found == {"a": [None, [1, 2]], "b": 0.5}

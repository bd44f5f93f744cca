import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.learning import folds
from emodist.learning.folds import Fold

SPEAKERS = np.array(["a", "a", "b", "b", "c", "c"], object)


def fold(train, test, name="1"):
    return Fold(name, np.array(train), np.array(test))


def test_speakers_on_both_sides_are_told_by_fold():
    apart, shared = fold([0, 1, 2, 3], [4, 5]), fold([0, 2, 4], [1, 3, 5], "2")
    assert folds.overlap([apart, shared], SPEAKERS) == {"2": ["a", "b", "c"]}
    folds.check([apart], SPEAKERS)
    with pytest.raises(ConfigError, match="2: 3 speakers stand on both sides: a, b, c"):
        folds.check([apart, shared], SPEAKERS)


def test_folds_of_a_part_count_in_the_whole():
    (again,) = folds.renumbered([fold([0, 2], [1])], np.array([10, 20, 30]))
    np.testing.assert_array_equal(again.train, [10, 30])
    np.testing.assert_array_equal(again.test, [20])


def test_many_words_are_shortened_with_their_number():
    assert folds.few(list("abcdefghij"), 3) == "a, b, c and 7 more"
    assert folds.few([]) == "none"

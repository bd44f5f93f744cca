"""What is said of rows that make a result doubtful."""

import dataclasses
import re

import numpy as np
import pytest

from emodist.learning import doubts
from emodist.learning.settings import TrainSettings
from tests import make

NORM = TrainSettings(speaker_norm=True)


def rows(speakers, labels):
    return make.dataset(np.zeros((len(labels), 2)), speakers, labels)


def test_nothing_is_said_of_enough_rows_of_several_classes():
    data = rows(["a"] * 6 + ["b"] * 6, ["x", "y"] * 6)
    assert doubts.of(data, NORM) == ()


def test_labels_that_differ_in_case_or_blanks_are_told_with_their_counts():
    data = rows(["a"] * 6, ["happy", "Happy", "happy ", "happy", "sad", "very  sad"])
    (note,) = doubts.of(data, TrainSettings())
    assert note.startswith("'Happy' (1), 'happy' (2), 'happy ' (1) are classes of their own")


@pytest.mark.parametrize(
    ("speakers", "labels", "message"),
    [
        (list("abcdefgh"), ["x", "y"] * 4, r"8 of 8 speakers .* 5 rows \(8\) .* only \(8\)"),
        (["a"] * 6 + ["b"] * 6, ["x"] * 6 + ["y"] * 6, r"2 of 2 .* rows \(0\) .* only \(2\)"),
        (["a"] * 8 + ["b"] * 2, ["x", "y"] * 5, r"1 of 2 .* rows \(1\) .* only \(0\)"),
    ],
)
def test_speakers_whose_z_score_takes_the_label_away_are_counted(speakers, labels, message):
    (note,) = doubts.of(rows(speakers, labels), NORM)
    assert re.search(message, note)
    assert doubts.of(rows(speakers, labels), TrainSettings()) == ()


def test_augmented_variants_make_a_speaker_no_larger():
    data = rows(["a"] * 8, ["x", "y"] * 4)
    parents = np.array([None] * 4 + list(data.recording_id[:4]), object)
    data = dataclasses.replace(data, attributes={"parent": parents})
    assert "1 of 1 speakers" in doubts.of(data, NORM)[0]

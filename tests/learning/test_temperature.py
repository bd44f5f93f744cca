"""Calibrated with what the training side has, and said what that is."""

import dataclasses

import numpy as np
import pytest

from emodist.learning import classifier, temperature
from emodist.learning.settings import TrainSettings
from tests import make

SETTINGS = TrainSettings(model="logistic_regression")


def said(speakers, labels, **more):
    """Rows of given speakers and labels, which a few numbers tell apart."""
    labels = np.array(labels, object)
    x = np.random.default_rng(0).normal(size=(len(labels), 4))
    for place, label in enumerate(sorted(set(labels))):
        x[labels == label, place % 4] += 2
    return dataclasses.replace(make.dataset(x, speakers, labels), **more)


def inner(data, rows=None):
    rows = np.arange(len(data)) if rows is None else rows
    folds, units = temperature.inner(rows, data.people(), data.recording_id, data.label)
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        assert set(data.label[fold.test]) <= set(data.label[fold.train])
        column = data.people() if units == "speakers" else data.recording_id
        assert not set(column[fold.train]) & set(column[fold.test])
    return folds, units


def test_speakers_are_left_out_where_there_are_two():
    data = said(["a", "b"] * 10, ["x", "x", "y", "y"] * 5)
    folds, units = inner(data)
    assert (len(folds), units) == (2, "speakers")
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(20))


def test_a_class_of_one_speaker_is_learned_from_and_not_tested():
    speakers = [f"s{i // 6}" for i in range(48)]
    data = said(speakers, ["x", "y", "x"] * 16)
    data.label[0] = "rare"
    folds, units = inner(data)
    assert (len(folds), units) == (3, "speakers")
    assert all("rare" not in data.label[fold.test] for fold in folds)
    assert any("rare" in data.label[fold.train] for fold in folds)
    found = classifier.fit(data, SETTINGS)[1]
    assert found.left_out == ("rare",)
    assert temperature.notes([found]) == [
        "not calibrated for rare: one speaker in training has the class"
    ]


@pytest.mark.parametrize("speaker", ["a", None])
def test_recordings_are_left_out_where_there_is_one_speaker_or_none_is_known(speaker):
    data = said([speaker] * 24, ["x", "y"] * 12)
    folds, units = inner(data)
    assert (len(folds), units) == (3, "recordings")
    found = classifier.fit(data, SETTINGS)[1]
    assert found.units == "recordings"
    assert "confidence may be too high for other people" in temperature.notes([found])[0]


def test_windows_of_a_recording_stay_together():
    recordings = np.repeat([f"r{i}" for i in range(8)], 5).astype(object)
    data = said(["a"] * 40, np.repeat(["x", "y"] * 4, 5), recording_id=recordings)
    assert inner(data)[1] == "recordings"


def test_without_two_recordings_of_two_classes_the_temperature_is_1():
    data = said(["a"] * 4, ["x", "x", "x", "y"])
    assert inner(data) == ([], None)
    found = classifier.fit(data, SETTINGS)[1]
    assert found.value == 1
    assert "no two classes have two recordings each" in temperature.notes([found])[0]


def test_an_inner_classifier_that_cannot_be_fitted_refuses_nothing():
    data = said([f"s{i % 5}" for i in range(40)], ["x", "y"] * 20)
    settings = TrainSettings(model="knn", model_settings={"n_neighbors": 36})
    found = classifier.fit(data, settings)[1]
    assert found.value == 1
    assert "knn.n_neighbors=36 needs as many training rows" in temperature.notes([found])[0]


def test_nothing_is_said_where_nobody_asked_or_all_went_well():
    data = said(["a", "b", "c"] * 10, ["x", "x", "x", "y", "y", "y"] * 5)
    settings = dataclasses.replace(SETTINGS, calibrate=False)
    for chosen in (SETTINGS, settings):
        assert temperature.notes([classifier.fit(data, chosen)[1]]) == []


def test_two_speakers_are_judged_by_their_own_protocol_and_the_result_says_how():
    """As of TESS, which `loso` refused for the temperature's sake."""
    data = said(["a", "b"] * 30, np.repeat(["x", "y", "z"], 20))
    found = make.judged(data, folds="loso", calibrate=True)
    assert found.n_speakers == 2
    (note,) = found.notes
    assert "calibrated on other recordings of the training speakers in 2 of 2 folds" in note


def test_a_class_of_two_speakers_is_judged_and_named_by_its_label():
    speakers = np.repeat([f"s{i}" for i in range(8)], 9)
    labels = np.tile(["x", "y", "x"], 24).astype(object)
    for who in ("s1", "s5"):
        labels[np.flatnonzero(speakers == who)[:4]] = "fearful"
    found = make.judged(said(speakers, labels), folds="loso", calibrate=True)
    assert found.per_class["fearful"]["support"] == 8
    assert found.notes == (
        "not calibrated for fearful in 2 of 8 folds: one speaker in training has the class",
    )


def test_random_folds_ask_for_no_speaker():
    data = said([None] * 40, ["x", "y"] * 20)
    found = make.judged(data, folds="random4", calibrate=True)
    assert "40 of 40 rows have no known speaker" in found.notes[0]
    assert "speakers overlap" in found.protocol
    assert found.uar > 0.6

"""What an evaluation came to, in words and in JSON."""

import dataclasses
import json

import pytest

from emodist.errors import ConfigError
from emodist.learning.comparison import Comparison
from emodist.models.judgement import Judgement, text
from tests import make


@pytest.fixture(scope="module")
def evaluation():
    return make.judged(make.speech(n_each=6))


@pytest.fixture
def judgement(evaluation):
    return Judgement(evaluation, {"model": "knn"})


def test_the_text_begins_with_model_and_protocol_and_has_a_line_for_each_class(judgement):
    first, second, third, *rest = text(judgement).splitlines()
    assert first == "knn, group5: 5 folds, speaker-independent"
    assert second.startswith(f"UAR {judgement.uar:.3f} (95% {judgement.interval[0]:.3f} to ")
    assert third.startswith("48 rows, 8 speakers, 2 classes (chance 0.500).")
    happy = next(line for line in rest if line.startswith("happy"))
    n_wrong = judgement.confusion[0, 1]
    assert happy.endswith(f"24   sad {n_wrong}" if n_wrong else "24   ")
    assert str(judgement) == text(judgement)


def test_one_line_says_the_number_with_its_interval_and_protocol(judgement):
    low, high = judgement.interval
    assert judgement.line == (
        f"knn, UAR {judgement.uar:.3f} (95% {low:.3f} to {high:.3f}), {judgement.protocol}"
    )
    assert repr(judgement) == f"Judgement: {judgement.line}"


def test_of_one_speaker_there_is_no_interval():
    alone = make.judged(make.speech(n_speakers=1, n_each=40), folds="random2")
    assert "no interval of one speaker" in Judgement(alone, {"model": "knn"}).line


def test_a_blend_is_named_by_all_its_models(evaluation):
    blend = Judgement(evaluation, {"model": "knn"}, blended=("lda", "mlp"))
    assert blend.model == "knn + lda + mlp"
    assert blend.to_dict()["blended"] == ["lda", "mlp"]


def test_notes_of_rows_and_of_the_bundle_stand_once_each(evaluation):
    of_rows = dataclasses.replace(evaluation, notes=("few rows", "one corpus"))
    judgement = Judgement(of_rows, {"model": "knn"}, notes=("one corpus", "not calibrated"))
    assert judgement.to_dict()["notes"] == ["few rows", "one corpus", "not calibrated"]
    notes = [line for line in text(judgement).splitlines() if line.startswith("note: ")]
    assert notes == ["note: few rows", "note: one corpus", "note: not calibrated"]
    # The evaluation's own list is not added to.
    assert of_rows.to_dict()["notes"] == ["few rows", "one corpus"]


def test_a_paired_test_is_told_and_kept(evaluation):
    test = Comparison("group5", 0.7, 0.6, 0.1, (-0.05, 0.25), 0.12, 8, "signs", "no difference")
    judgement = Judgement(evaluation, {"model": "knn"}, test, "lda")
    told = "against lda: UAR 0.600, difference +0.100 (95% -0.050 to +0.250): no difference"
    assert told in text(judgement)
    kept = json.loads(json.dumps(judgement.to_dict()))["comparison"]
    assert (kept["against"], kept["p_value"]) == ("lda", 0.12)


def test_what_is_not_there_is_no_key(judgement):
    assert not {"blended", "history", "comparison"} & set(judgement.to_dict())


def test_a_bundles_numbers_come_without_predictions(judgement):
    with pytest.raises(ConfigError, match="does not keep its out-of-fold predictions; evaluate"):
        judgement.to_arrow()

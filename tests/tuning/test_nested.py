"""A search for each outer fold and one of all rows: what each sees, and what both come to."""

import dataclasses

import numpy as np
import pytest

from emodist.learning import classifier
from emodist.learning.classifier import Prediction
from emodist.learning.settings import TrainSettings
from emodist.tuning import _nested
from emodist.tuning._nested import ALL, Nested
from emodist.tuning.classifier import ClassifierSweep
from tests import make

SETTINGS = ClassifierSweep(models=("lda",), folds="group4", inner_folds=2)


@dataclasses.dataclass(frozen=True, eq=False)
class Sure(Nested):
    """Winners are right in all folds but the first, where they say one class."""

    def settings_of(self, values):
        return TrainSettings(model="lda", folds="group4")

    def _judged(self, winners, rows):
        y, _ = self.data.targets()
        parts = []
        for number, fold in enumerate(self.outer):
            said = np.eye(2)[y[fold.test] if number else np.zeros(len(fold.test), int)]
            parts.append(Prediction(fold.test, np.full(len(fold.test), fold.name, object), said))
        return parts


@pytest.fixture(scope="module")
def kind():
    data = make.speech(n_each=6)
    outer = classifier.make_folds(data, TrainSettings(model="lda", folds="group4"))
    inner = _nested.inner_folds(data, outer, 2)
    return Sure(SETTINGS, data, outer, inner, {"lda.shrinkage": ("linear", 0.0, 1.0)})


def row(search, number, score, status="done"):
    values = {"lda.shrinkage": number / 10}
    return {
        "search": search, "number": number, "score": score, "status": status, "values": values,
    }  # fmt: skip


@pytest.fixture(scope="module")
def rows(kind):
    """Two trials in each search; the second is the better one."""
    return [row(search, number, 0.5 + number / 10) for search in kind.searches for number in (1, 2)]


def test_there_is_a_search_of_all_rows_and_one_for_each_fold(kind):
    assert kind.searches == (ALL, "group4/1", "group4/2", "group4/3", "group4/4")
    assert kind.folds(ALL) is kind.outer


def test_inner_folds_are_of_the_training_side_and_of_whole_people(kind):
    who = kind.data.speaker
    for fold in kind.outer:
        for inner in kind.folds(fold.name):
            assert set(inner.train) | set(inner.test) == set(fold.train)
            assert not set(who[inner.train]) & set(who[inner.test])


def test_a_score_is_the_uar_of_the_pooled_rows_of_classes_that_were_tested(kind):
    steps = [{"right": [1, 0, 0], "rows": [2, 0, 0]}, {"right": [2, 3, 0], "rows": [2, 4, 0]}]
    assert kind.score(steps) == (3 / 4 + 3 / 4) / 2
    assert kind.score(steps[:1]) == 1 / 2


def test_rows_and_right_answers_are_counted_by_class(kind):
    rows = np.arange(6)
    all_happy = Prediction(rows, np.full(6, "f", object), np.eye(2)[np.zeros(6, int)])
    assert _nested.counted(kind.data, all_happy) == {"right": [3, 0], "rows": [3, 3]}


def test_the_selected_score_is_of_the_choice_and_the_nested_one_of_people_it_never_saw(kind, rows):
    conclusion = kind.conclude(rows)
    assert conclusion["best"] == {"number": 2, "values": {"lda.shrinkage": 0.2}}
    assert conclusion["selected_score_optimistic"] == 0.7
    # In one fold of four, sad is never said: its recall is three quarters.
    assert conclusion["nested_score_unbiased"] == pytest.approx((1 + 0.75) / 2)
    assert conclusion["protocol"].endswith(
        "speaker-independent, settings chosen in each fold by 2 inner folds"
    )
    scores = [winner["outer_score"] for winner in conclusion["nested"]["winners"]]
    assert scores == [0.5, 1, 1, 1]
    assert {winner["inner_score"] for winner in conclusion["nested"]["winners"]} == {0.7}


def test_the_text_names_both_scores_by_what_they_are(kind, rows):
    lines = kind.text(kind.conclude(rows)).splitlines()
    assert lines[1].startswith("selected score (optimistic)  UAR 0.700")
    assert lines[2].startswith("nested score (unbiased)      UAR 0.875   95% ")
    assert lines[-1] == "best: lda.shrinkage=0.2"
    assert sum(line.startswith("  group4/") for line in lines) == 4


@pytest.mark.parametrize("search", [ALL, "group4/3"])
def test_without_a_winner_of_each_search_there_is_no_result(kind, rows, search):
    lost = [
        {**row, "status": "failed", "score": None} if row["search"] == search else row
        for row in rows
    ]
    assert kind.conclude(lost) == {"best": None, "nested": None}


def test_settings_of_a_model_bear_its_name_and_are_searched_unless_given():
    space = _nested.own_space("estimators", ["knn", "rbf_svm"], {"rbf_svm": {"c": 1.0}})
    assert {name.partition(".")[0] for name in space} == {"knn", "rbf_svm"}
    assert "rbf_svm.c" not in space
    assert _nested.own({"knn.n_neighbors": 3, "rbf_svm.gamma": 1.0, "pca": 5}, "knn") == {
        "n_neighbors": 3
    }


def test_a_configuration_is_told_as_words_of_a_command_line():
    assert _nested.words({"pca": None, "knn.n_neighbors": 3}) == "pca=null knn.n_neighbors=3"

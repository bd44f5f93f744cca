import json

import numpy as np
import pytest

from emodist.learning import comparison
from tests.learning.predictions import CLASSES, people_of_different_skill, random_rows, sure


@pytest.mark.parametrize("n_speakers", [2, 7])
def test_too_few_speakers_conclude_nothing(n_speakers):
    y, scores = random_rows(140)
    speakers = np.arange(140) % n_speakers
    compared = comparison.compare(y, sure(y), scores, CLASSES, speakers, "test")
    assert "too few speakers" in compared.verdict
    assert compared.p_value >= 2 / 2**n_speakers


@pytest.mark.parametrize("n_speakers", [8, 20])
def test_the_paired_test_is_uniform_where_there_is_no_difference(n_speakers):
    rng = np.random.default_rng(12)
    p_values = []
    for _ in range(250):
        y, a, who = people_of_different_skill(rng, n_speakers)
        b = people_of_different_skill(rng, n_speakers)[1]
        found = comparison.compare(
            y, sure(a), sure(b), CLASSES, who, "test", n_resamples=400, rng=rng
        )
        p_values.append(found.p_value)
    for level in (0.05, 0.2, 0.5, 0.8):
        # Sums of few clips are often equal, which errs on the side of no difference.
        assert level - 0.12 <= np.mean(np.array(p_values) <= level) <= level + 0.04


def test_the_paired_test_finds_a_model_that_is_better_for_everyone():
    rng = np.random.default_rng(13)
    y, worse, who = people_of_different_skill(rng, 12)
    better = np.where(rng.random(len(y)) < 0.3, y, worse)
    found = comparison.compare(y, sure(better), sure(worse), CLASSES, who, "test")
    assert found.p_value == 2 / 2**12
    assert found.test == "sign flips of 12 speakers, all 4096"
    assert found.interval[0] > 0
    assert found.difference == pytest.approx(found.uar_a - found.uar_b)
    assert found.verdict == "better than that one (p = 0.000488)"
    back = comparison.compare(y, sure(worse), sure(better), CLASSES, who, "test")
    assert back.verdict == "worse than that one (p = 0.000488)"
    assert json.loads(json.dumps(found.to_dict()))["protocol"] == "test"
    leaking = comparison.compare(
        y, sure(better), sure(worse), CLASSES, who, "random5, speakers overlap"
    )
    assert "says nothing" in leaking.verdict
    same = comparison.compare(y, sure(worse), sure(worse), CLASSES, who, "test")
    assert (same.difference, same.p_value, same.interval) == (0, 1, (0, 0))

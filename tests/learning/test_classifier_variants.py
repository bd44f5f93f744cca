"""Augmented variants are learned from on the training side, and nothing else is done with them."""

import dataclasses

import numpy as np
import pytest

from emodist.learning import classifier
from emodist.learning.dataset import Dataset
from emodist.learning.settings import TrainSettings
from emodist.models import judging
from tests import make


def with_variants(data: Dataset, n_variants=2, spread=0.01, seed=0) -> Dataset:
    """Each row again, a little moved, in another order than the originals."""
    rng = np.random.default_rng(seed)
    n_rows = len(data)
    again = np.tile(np.arange(n_rows), n_variants)
    both = data.select(np.concatenate([np.arange(n_rows), again]))
    ids, x = both.recording_id.copy(), both.x.copy()
    ids[n_rows:] = [f"{name}-{index}" for index, name in enumerate(ids[n_rows:])]
    x[n_rows:] += rng.normal(size=(len(again), x.shape[1])) * spread
    parent = np.concatenate([np.full(n_rows, None), both.recording_id[n_rows:]])
    both = dataclasses.replace(both, x=x, recording_id=ids, attributes={"parent": parent})
    return both.select(rng.permutation(len(ids)))


def uar(data, **settings):
    chosen = TrainSettings(**{"model": "knn", "calibrate": False, **settings})
    folds = classifier.make_folds(data, chosen)
    prediction = classifier.out_of_fold(data, folds, chosen)
    return classifier.judge(data, folds, prediction, chosen), prediction


@pytest.fixture(scope="module")
def random_labels():
    """Nothing to learn, except by knowing the very row that is tested."""
    rng = np.random.default_rng(0)
    speakers = np.repeat([f"s{i:02}" for i in range(12)], 20)
    return make.dataset(rng.normal(size=(240, 8)), speakers, rng.choice(["a", "b"], 240))


@pytest.mark.parametrize("protocol", ["group4", "random4"])
def test_random_labels_stay_at_chance_with_variants_of_every_tested_row(random_labels, protocol):
    """The canary: a variant that trains while its original is tested gives the label away."""
    data = with_variants(random_labels)
    found, prediction = uar(data, folds=protocol, model_settings={"n_neighbors": 1})
    assert abs(found.uar - 0.5) < 0.12
    assert not data.is_variant()[prediction.rows].any()
    assert len(prediction.rows) == 240
    # It can sing: rows that are split without asking for their originals are known by heart.
    plain = dataclasses.replace(data, attributes={})
    assert uar(plain, folds="random4", model_settings={"n_neighbors": 1})[0].uar > 0.9


def test_variants_of_the_training_side_are_learned_from(random_labels, monkeypatch):
    seen = []
    real = classifier._fitted
    monkeypatch.setattr(
        classifier, "_fitted", lambda x, y, rows, s: seen.append(rows) or real(x, y, rows, s)
    )
    data = with_variants(random_labels)
    uar(data, folds="group4", calibrate=True)
    # Each fold: once for the temperature's inner folds, and all of it.
    assert len(seen) == 4 * (1 + 3)
    sources, is_variant = data.sources(), data.is_variant()
    for rows in seen:
        assert is_variant[rows].sum() == 2 * (~is_variant[rows]).sum()
        assert set(sources[rows][is_variant[rows]]) == set(sources[rows][~is_variant[rows]])


def test_the_protocol_says_how_many_rows_were_only_learned_from(random_labels):
    found, _ = uar(with_variants(random_labels), folds="group4")
    assert found.protocol.endswith("480 augmented rows used in training only")
    assert found.n_rows == 240
    judged = str(judging.Judgement(found, {"model": "knn"}))
    assert "480 augmented rows used in training only" in judged
    assert "augmented" not in uar(random_labels, folds="group4")[0].protocol


def test_speakers_are_scaled_by_what_they_said_and_not_by_variants(random_labels):
    data = with_variants(random_labels, spread=5.0)
    scaled = classifier.inputs(data, TrainSettings(speaker_norm=True))
    said = ~data.is_variant()
    for speaker in ("s00", "s05"):
        own = scaled[said & (data.speaker == speaker)]
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(own.std(axis=0), 1, atol=1e-6)


def test_a_bundle_learns_from_variants_and_is_calibrated_without_them(random_labels, monkeypatch):
    data = with_variants(random_labels)
    judged = []
    real = classifier.calibration.fit_temperature
    monkeypatch.setattr(
        classifier.calibration, "fit_temperature", lambda y, p: judged.append(len(y)) or real(y, p)
    )
    fitted, _ = classifier.fit(data, TrainSettings(model="knn", folds="group4"))
    assert fitted["classifier"].n_samples_fit_ == 720
    assert judged == [240]

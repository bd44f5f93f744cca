"""Fitted inside the fold, judged on other people, saved with all it needs."""

import dataclasses
import json

import numpy as np
import pytest

from emodist import cli
from emodist.errors import ConfigError
from emodist.learning import classifier, dataset
from emodist.learning.settings import TrainSettings
from emodist.models import bundle, judging
from tests import make
from tests.pipelines.conftest import featurize, write_clip


def test_emotion_is_learned_across_speakers_and_better_without_the_voices_shift(emotional):
    plain, scaled = make.judged(emotional), make.judged(emotional, speaker_norm=True)
    assert plain.uar > 0.5
    assert scaled.uar > plain.uar + 0.05
    assert "transductive" in scaled.protocol
    assert "transductive" not in plain.protocol


@pytest.mark.slow
def test_noise_that_tells_only_the_speaker_stays_at_chance():
    """The canary: it sings as soon as a fold shares speakers, and only then."""
    rng = np.random.default_rng(1)
    speakers = np.repeat([f"s{i:02}" for i in range(24)], 12)
    # Each speaker mostly says one thing, so that knowing the speaker would help.
    labels = np.array(["a", "b"], object)[
        (np.repeat(np.arange(24) % 2, 12) + (rng.random(288) < 0.15)) % 2
    ]
    x = np.repeat(rng.normal(size=(24, 40)), 12, axis=0)
    data = make.dataset(x, speakers, labels)
    for model in ("rbf_svm", "random_forest"):
        honest = make.judged(data, model=model, folds="group6")
        leaking = make.judged(data, model=model, folds="random6")
        assert abs(honest.uar - 0.5) < 0.2
        assert leaking.uar > 0.75
        assert leaking.speakers_overlap
        assert "speakers overlap" in leaking.protocol


@pytest.mark.parametrize("balance", ["weights", "smote"])
def test_what_learns_sees_the_training_side_alone(emotional, balance, monkeypatch):
    """Each fit of any step is given no row of a test speaker."""
    settings = TrainSettings(model="logistic_regression", balance=balance, pca=4)
    seen = []
    real = classifier._fitted

    def watched(x, y, rows, chosen):
        seen.append(set(rows))
        return real(x, y, rows, chosen)

    monkeypatch.setattr(classifier, "_fitted", watched)
    folds = classifier.make_folds(emotional, settings)
    classifier.out_of_fold(emotional, folds, settings)
    assert len(seen) == 5 * (1 + 3)
    for fold in folds:
        inside = [rows for rows in seen if rows <= set(fold.train)]
        assert len(inside) >= 4
        # Other rows of the test side may change as they like.
        changed = dataclasses.replace(emotional, x=emotional.x.copy())
        changed.x[fold.test] = 1e3
        one = real(
            classifier.inputs(emotional, settings), *_target(emotional), fold.train, settings
        )
        two = real(classifier.inputs(changed, settings), *_target(changed), fold.train, settings)
        probe = emotional.x[:5].astype(float)
        np.testing.assert_array_equal(one.predict_proba(probe), two.predict_proba(probe))


def _target(data):
    return (data.targets()[0],)


def test_a_speakers_z_score_uses_no_other_speaker(emotional):
    settings = TrainSettings(speaker_norm=True)
    changed = dataclasses.replace(emotional, x=emotional.x.copy())
    changed.x[:24] *= 7
    np.testing.assert_array_equal(
        classifier.inputs(emotional, settings)[24:], classifier.inputs(changed, settings)[24:]
    )
    np.testing.assert_allclose(classifier.inputs(changed, settings)[:24].mean(axis=0), 0, atol=1e-6)


def test_more_neighbours_than_rows_are_refused(emotional):
    few = emotional.select(np.r_[0:3, 8:11])
    with pytest.raises(ConfigError, match=r"knn.n_neighbors=15 needs as many .* a fold has 6"):
        classifier.fit(few, TrainSettings(model="knn", calibrate=False))
    classifier.fit(
        few, TrainSettings(model="knn", model_settings={"n_neighbors": 6}, calibrate=False)
    )


def test_smote_with_too_few_rows_is_refused(emotional):
    few = emotional.select(np.r_[0:8, 24:32, 48:50, 8:10, 32:34])
    with pytest.raises(ConfigError, match="balance=smote needs more than 5"):
        classifier.pipeline(TrainSettings(balance="smote"), few.targets()[0])


@pytest.fixture
def table(tmp_path):
    """A feature table of two labels, four speakers, from real sound files."""
    for index in range(32):
        label = ("happy", "sad")[index % 2]
        write_clip(tmp_path / "clips" / label / f"s{index // 8}_{index}.wav", index, 0.6)
    more = {"corpus_settings": {"speaker_pattern": "prefix"}}
    featurize(tmp_path / "clips", tmp_path / "out", features=("mfcc", "rms", "log_mel"), **more)
    return str(tmp_path / "out")


@pytest.mark.slow
def test_train_and_evaluate_print_their_protocol_and_save_what_they_found(table, tmp_path, capsys):
    words = ["--model", "logistic_regression", "--folds", "loso"]
    assert cli.main(["evaluate", table, *words, "--out", f"{tmp_path}/e", "--against", "knn"]) == 0
    text = capsys.readouterr().out
    assert "loso: 4 folds, speaker-independent" in text
    assert "too few speakers" in text
    assert "against knn" in text
    saved = json.loads((tmp_path / "e" / "evaluation.json").read_text())
    assert saved["n_rows"] == 32
    assert saved["comparison"]["against"] == "knn"
    assert cli.main(["train", table, *words, "--out", f"{tmp_path}/b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_speakers"] == 4
    loaded = bundle.load(f"{tmp_path}/b")
    assert loaded.card.featurized["features"] == ["mfcc", "rms", "log_mel"]
    assert loaded.columns == ("mfcc", "rms")
    data = dataset.load(table, loaded.columns)
    assert loaded.probabilities(data).shape == (32, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "rbf_smv"], "did you mean 'rbf_svm'"),
        (["rbf_svm.cc=1", "--model", "rbf_svm"], "rbf_svm has no setting 'cc'"),
        (["--folds", "group9"], "9 folds"),
        (["--folds", "nothing"], "no protocol 'nothing'"),
        (["features=mfc"], "did you mean 'mfcc'"),
        (["pca=0"], "pca must be at least 1"),
    ],
)
def test_a_wrong_request_is_one_line(table, words, message, capsys):
    assert cli.main(["evaluate", table, *words]) == 2
    stderr = capsys.readouterr().err.splitlines()[-1]
    assert message in stderr


def test_a_table_without_labels_says_what_to_do(tmp_path, capsys):
    write_clip(tmp_path / "x" / "a.wav", 1)
    featurize(tmp_path / "x", tmp_path / "out", corpus="media")
    assert cli.main(["evaluate", f"{tmp_path}/out"]) == 2
    assert "no labels" in capsys.readouterr().err


def test_judgement_names_the_classes_that_are_confused(emotional):
    found = make.judged(emotional)
    text = str(judging.Judgement(found, {"model": "logistic_regression"}))
    assert text.startswith("logistic_regression, group5: 5 folds, speaker-independent")
    lines = {line.split(" ")[0]: line for line in text.splitlines()}
    assert found.confusion.sum() > np.trace(found.confusion)
    for name, taken in zip(found.classes, found.confusion, strict=True):
        others = [
            (n, other) for n, other in zip(taken, found.classes, strict=True) if other != name
        ]
        told = ", ".join(f"{other} {n}" for n, other in sorted(others, reverse=True) if n)
        assert lines[name].endswith(f"{taken.sum()}   {told}")

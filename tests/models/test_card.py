"""What a bundle says of itself."""

import dataclasses
import json

import numpy as np
import pytest

import emodist
from emodist.errors import ConfigError
from emodist.models import card
from emodist.models.card import Learned
from tests import make


@pytest.fixture
def place(tmp_path):
    """The folder of a bundle that has its record alone."""
    card.write(str(tmp_path), make.card())
    return tmp_path


def told(place, **more):
    """Another record in the same place."""
    record = json.loads((place / "bundle.json").read_text())
    (place / "bundle.json").write_text(json.dumps({**record, **more}))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"metrics": {"uar": 0.5}, "notes": ("beware",), "inputs": card.Inputs((0.0,), (1.0,))},
        {"kind": "network", "shape": (128, 64), "n_epochs": 4, "best_epoch": {"epoch": 3.0}},
    ],
)
def test_the_record_is_read_as_it_was_written(tmp_path, more):
    made = make.card(**more)
    card.write(str(tmp_path), made)
    assert card.read(str(tmp_path)) == made
    written = json.loads((tmp_path / "bundle.json").read_text())
    assert written == made.to_dict()
    assert (written["format"], written["emodist"]) == (2, emodist.__version__)


def test_its_settings_say_the_model_and_whether_rows_are_scaled_by_speaker():
    assert make.card().model == "knn"
    assert make.card().speaker_norm
    assert not make.card(settings={"model": "knn"}).speaker_norm


def test_the_rows_it_learned_from_are_counted_with_the_licence_of_each_corpus():
    data = make.dataset(np.zeros((4, 2)), ["a", "a", None, "b"], ["x"] * 4)
    data = dataclasses.replace(data, corpus=np.array(["ravdess", "mine", "mine", "media"], object))
    learned = Learned.of(data)
    assert (learned.n_rows, learned.n_speakers) == (4, 3)
    assert list(learned.corpora) == ["media", "mine", "ravdess"]
    assert learned.corpora["mine"] == "unknown"
    assert learned.corpora["ravdess"].startswith("CC BY-NC-SA")
    assert learned.fingerprint != learned.numbers


def test_other_numbers_of_the_same_rows_have_another_fingerprint_of_numbers_alone():
    one = make.dataset(np.zeros((4, 2)), ["a"] * 4, ["x"] * 4)
    other = dataclasses.replace(one, x=one.x + 1)
    assert Learned.of(one).fingerprint == Learned.of(other).fingerprint
    assert Learned.of(one).numbers != Learned.of(other).numbers


def test_a_bundle_from_the_future_is_refused_with_both_versions(place):
    told(place, format=3, emodist="9.1.0")
    with pytest.raises(
        ConfigError, match=rf"format 3, written by emodist 9\.1\.0; .*{emodist.__version__}"
    ):
        card.read(str(place))


def test_a_record_that_lacks_what_it_takes_says_what(place):
    record = json.loads((place / "bundle.json").read_text())
    del record["classes"]
    (place / "bundle.json").write_text(json.dumps(record))
    with pytest.raises(ConfigError, match="has no 'classes'"):
        card.read(str(place))
    (place / "bundle.json").write_text("{")
    with pytest.raises(ConfigError, match="is no JSON"):
        card.read(str(place))


def test_records_of_the_first_release_are_read(tmp_path):
    """As its two writers made them: without `format`, and of a classifier without `kind`."""
    shared = {
        "emodist": "0.1.0",
        "classes": ["angry", "sad"],
        "temperature": 1.5,
        "featurized": {"job": "featurize"},
        "origin": {"uri": "/tables/a"},
        "versions": {"numpy": "2.3.0"},
        "data": {"fingerprint": "ab" * 32, "n_rows": 8, "n_speakers": 2, "corpora": {"a": "own"}},
    }
    written = {
        "classifier": {
            "settings": {"model": "knn", "features": ["rms"], "speaker_norm": True},
            "names": ["rms_mean", "rms_std"],
            "metrics": {"uar": 0.5},
            "inputs": {"mean": [0.0, 1.0], "std": [1.0, 2.0]},
        },
        "network": {
            "kind": "network",
            "settings": {"model": "deep_cnn", "features": None, "speaker_norm": False},
            "columns": ["log_mel"],
            "names": ["log_mel"],
            "shape": [128, 64],
            "metrics": None,
            "development": None,
            "best_epoch": {"epoch": 3.0},
            "n_epochs": 4,
        },
    }
    for kind, own in written.items():
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "bundle.json").write_text(json.dumps({**shared, **own}))
    one, two = (card.read(str(tmp_path / kind)) for kind in written)
    assert (one.format, one.kind, one.columns, one.shape) == (1, "classifier", ("rms",), (2,))
    assert one.inputs == card.Inputs((0.0, 1.0), (1.0, 2.0))
    assert one.speaker_norm
    assert (one.data.fingerprint, one.data.numbers) == (None, "ab" * 32)
    assert (two.kind, two.columns, two.shape, two.n_epochs) == (
        "network",
        ("log_mel",),
        (128, 64),
        4,
    )
    assert two.notes == ()

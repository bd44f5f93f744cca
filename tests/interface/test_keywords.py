"""Keyword arguments are the settings of the command line, and wrong ones are told in its words."""

import dataclasses
import pydoc

import numpy as np
import pytest

import emodist
from emodist import cli, config
from emodist.learning.settings import TrainSettings
from emodist.media.settings import FeaturizeSettings
from emodist.network_training.settings import NetworkSettings


def settings(**given):
    places = {"path": "in", "out": "out"}
    return config.from_keywords(FeaturizeSettings, {**places, **given})[0]


@pytest.mark.parametrize(
    ("words", "keywords"),
    [
        (["speaker_nrom=true"], {"speaker_nrom": True}),
        (["folds=null"], {"folds": None}),
        (["pca=many"], {"pca": "many"}),
        (["pca=0"], {"pca": 0}),
        (["balance=upwards"], {"balance": "upwards"}),
        (["model=rbf_svn"], {"model": "rbf_svn"}),
        (["model=knn", "knn.n_neighbours=3"], {"model": "knn", "knn.n_neighbours": 3}),
        (["model=knn", "knn.n_neighbours=3"], {"model": "knn", "knn": {"n_neighbours": 3}}),
        (["features=mfcc,rns"], {"features": ["mfcc", "rns"]}),
    ],
)
def test_what_is_wrong_is_told_in_the_words_of_the_command_line(table, words, keywords, capsys):
    assert cli.main(["evaluate", table.uri, *words]) == 2
    said = capsys.readouterr().err.strip()
    with pytest.raises(emodist.ConfigError) as raised:
        emodist.evaluate(table, **keywords)
    assert said == f"emodist evaluate: {raised.value}"


def test_a_near_miss_is_guessed(table):
    with pytest.raises(
        emodist.ConfigError, match="no setting 'speaker_nrom'; did you mean 'speaker_norm'"
    ):
        emodist.evaluate(table, speaker_nrom=True)


def test_none_is_null_and_what_is_not_said_is_the_default():
    assert settings(trim_db=None).trim_db is None
    assert settings().trim_db == 30.0


def test_settings_of_a_feature_are_a_mapping_or_a_dotted_name():
    nested = settings(features=("mfcc", "rms"), mfcc={"n_mfcc": 20})
    assert nested == settings(features="mfcc,rms", **{"mfcc.n_mfcc": 20})
    assert nested.feature_settings == {"mfcc": {"n_mfcc": 20}}


def test_numbers_of_numpy_and_paths_are_taken(tmp_path):
    found = settings(path=tmp_path, workers=np.int64(2), trim_db=np.float32(20))
    assert (found.path, found.workers, found.trim_db) == (str(tmp_path), 2, 20.0)
    assert type(found.workers) is int


def test_keywords_come_over_a_file_and_over_settings(tmp_path):
    (tmp_path / "a.yaml").write_text("model: knn\nfolds: loso\nknn: {n_neighbors: 3}\n")
    from_file, _ = config.from_keywords(TrainSettings, {"folds": "group3"}, f"{tmp_path}/a.yaml")
    made = TrainSettings(model="knn", model_settings={"n_neighbors": 3}, folds="loso")
    from_settings, _ = config.from_keywords(TrainSettings, {"folds": "group3"}, made)
    assert from_file == from_settings == dataclasses.replace(made, folds="group3")


def test_settings_of_another_kind_are_refused(table):
    with pytest.raises(emodist.ConfigError, match="NetworkSettings; TrainSettings is needed here"):
        emodist.evaluate(table, model="knn", config=NetworkSettings())


def test_an_estimator_is_sent_to_scikit_learn(table):
    with pytest.raises(emodist.ConfigError, match=r"table.xy\(groups='speaker'\)"):
        emodist.evaluate(table, model=object())


def test_places_that_are_missing_are_named():
    with pytest.raises(emodist.ConfigError, match="table is not set"):
        emodist.evaluate()
    with pytest.raises(emodist.ConfigError, match="path is not set"):
        emodist.featurize(out="out")
    with pytest.raises(emodist.ConfigError, match="out is not set"):
        emodist.report("table")


@pytest.mark.parametrize("verb", [name for name in emodist.__all__ if name[0].islower()])
def test_every_function_explains_itself(verb):
    text = pydoc.render_doc(getattr(emodist, verb), renderer=pydoc.plaintext)
    for section in ("Parameters", "Returns", "Raises"):
        assert f"\n    {section}\n    -----" in text


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("featurize", FeaturizeSettings),
        ("evaluate", TrainSettings),
        ("evaluate", NetworkSettings),
    ],
)
def test_help_lists_every_setting_with_its_default_and_meaning(verb, kind):
    text = " ".join(pydoc.render_doc(getattr(emodist, verb), renderer=pydoc.plaintext).split())
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    for name, _, meaning in config.fields(kind):
        assert " ".join(f"{name}={defaults[name]!r} {meaning}".split()) in text

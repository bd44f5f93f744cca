import pytest

from emodist import cli
from emodist.citations import bibtex
from emodist.models import citing
from tests.pipelines.conftest import write_clip


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A table with two features of a corpus in folders, and a bundle trained on it."""
    root = tmp_path_factory.mktemp("cited")
    for number in range(16):
        label, speaker = ("happy", "sad")[number % 2], number // 2 % 4
        write_clip(root / "clips" / label / f"s{speaker}_{number}.wav", seed=number)
    out, bundle = str(root / "out"), str(root / "bundle")
    words = ["corpus=folder", "folder.speaker_pattern=prefix", "features=rms,voice_quality"]
    assert cli.main(["featurize", str(root / "clips"), "--out", out, "--json", *words]) == 0
    assert cli.main(["train", out, "--model", "lda", "--out", bundle, "folds=group2"]) == 0
    return out, bundle


def keys(uri):
    works, unknown = citing.cite(uri)
    assert unknown == []
    return {work.key for work in works}


@pytest.mark.slow
def test_a_table_owes_its_features_and_no_others(places):
    table, _ = places
    wanted = {"emodist", "mcfee2015librosa", "boersma1993harmonics", "hillenbrand1996breathy"}
    assert keys(table) == wanted
    assert keys(f"{table}/features") == wanted


def test_a_bundle_owes_what_its_table_owes_and_its_library(places):
    table, bundle = places
    assert keys(bundle) == keys(table) | {"pedregosa2011scikit"}


def test_a_corpus_by_name_is_cited_and_an_unknown_one_is_told(places, monkeypatch):
    used = citing.Used(("rms", "of_a_plugin"), ("ravdess",))
    monkeypatch.setattr(citing, "used", lambda uri: used)
    works, unknown = citing.cite("anywhere")
    assert "livingstone2018ravdess" in {work.key for work in works}
    assert unknown == ["of_a_plugin"]


def test_the_verb_prints_bibtex_that_reads_back(places, capsys):
    table, _ = places
    assert cli.main(["cite", table]) == 0
    assert next(iter(bibtex.works(capsys.readouterr().out))).key == "emodist"
    assert cli.main(["cite", table, "--plain"]) == 0
    assert "Boersma Paul (1993)." in capsys.readouterr().out


def test_a_place_that_is_neither_is_one_line_and_exit_code_2(tmp_path, capsys):
    assert cli.main(["cite", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "neither an output folder of featurize nor a bundle" in error
    assert len(error.splitlines()) == 1

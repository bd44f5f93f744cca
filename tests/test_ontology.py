"""The label table: explicit, versioned, and honest about what it loses."""

import pytest

from emodist import cli, ontology
from emodist.errors import ConfigError


def test_each_label_stands_once_and_goes_to_a_common_word():
    assert len({(row.corpus, row.label) for row in ontology.rows()}) == len(ontology.rows())
    assert {row.common for row in ontology.rows()} <= {*ontology.COMMON, None}


def test_every_common_word_is_used():
    assert {row.common for row in ontology.rows()} >= set(ontology.COMMON)


def test_labels_of_one_corpus_that_merge_say_what_is_lost():
    for row in ontology.rows():
        others = [r for r in ontology.rows(row.corpus) if r.common == row.common and r != row]
        assert row.lost or not others, row


def test_calm_is_not_neutral_and_frustrated_is_not_angry():
    assert ontology.common("ravdess", "calm") == "calm"
    assert ontology.common("iemocap", "frustrated") == "frustrated"


def test_excited_becomes_happy_and_the_loss_is_named():
    assert ontology.map_labels("iemocap", ["excited", "sad", None]) == ["happy", "sad", None]
    (loss,) = ontology.lost("iemocap", ["excited", "sad"])
    assert "iemocap excited -> happy: merged" in loss


def test_disagreement_is_no_label():
    assert ontology.common("iemocap", "no agreement") is None


def test_an_unknown_label_or_corpus_is_an_error_and_never_other():
    with pytest.raises(ConfigError, match="no label 'hapy'; did you mean 'happy'"):
        ontology.common("ravdess", "hapy")
    with pytest.raises(ConfigError, match="no corpus 'folder'"):
        ontology.map_labels("folder", ["Angry"])
    with pytest.raises(ConfigError, match="no corpus"):
        ontology.common("folder", None)


def test_the_printed_table_has_its_version_and_every_row():
    text = ontology.text()
    assert text.startswith("label table, version 1")
    assert len(text.splitlines()) == len(ontology.rows()) + 1
    assert "pleasant surprise" in ontology.text("tess")


def test_the_verb_prints_the_table_of_a_corpus(capsys):
    assert cli.main(["ontology", "tess"]) == 0
    assert capsys.readouterr().out.strip() == ontology.text("tess")
    assert cli.main(["ontology", "tes"]) == 2
    assert "did you mean 'tess'" in capsys.readouterr().err

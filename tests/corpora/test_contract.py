"""What every corpus adapter keeps."""

import dataclasses
import pickle

import pytest

from emodist import cli, corpora, ontology, registry
from emodist.citations import bibtex
from emodist.corpora import Corpus, Description
from emodist.errors import ConfigError, CorpusError
from emodist.learning import splits
from tests.corpora import copies

NAMES = registry.names("corpora")
LABELLED = [name for name in NAMES if registry.get("corpora", name).labels]
# A corpus from a folder of one's own (`--entries`) has no copy here; its own test lists its files.
COPIED = [name for name in LABELLED if name in registry.own_names("corpora")]
PATHS = [
    "x.wav", "Angry/x.wav", "a/b/c/d.mp4", "Actor_01/03-01-01-01-01-01-01.wav", "ü/ø.mp3",
    "AudioWAV/1001_DFA_ANG_XX.wav", "wav/03a01Fa.wav", "OAF_angry/OAF_back_angry.wav", "DC/a01.wav",
    "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav", "MSP-PODCAST_0001_0008.wav",
    "train_splits/dia0_utt0.mp4", "noname", ".wav", "-------.wav", "____.wav",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_corpus_works_without_settings_and_says_what_it_is(name):
    corpus = registry.build("corpora", name)
    assert isinstance(corpus, Corpus)
    for field in ("title", "source", "licence"):
        assert isinstance(getattr(corpus, field), str)
        assert getattr(corpus, field)
    assert corpus.__doc__


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", PATHS)
def test_any_path_gets_a_description_or_a_corpus_error_that_names_the_file(name, path):
    try:
        description = registry.build("corpora", name).describe(path)
    except CorpusError as error:
        message = str(error)
    else:
        assert isinstance(description, Description)
        assert all(isinstance(value, str) for value in description.attributes.values())
        return
    assert path.rsplit("/", 1)[-1] in message


@pytest.mark.parametrize("name", COPIED)
def test_every_label_and_every_speaker_is_told_from_its_file_and_no_other(name, tmp_path):
    corpus, said = copies.of(name, tmp_path)
    heard = {path: corpus.describe(path) for path in said}
    assert {path: (found.speaker, found.label) for path, found in heard.items()} == said
    assert {label for _, label in said.values()} == set(corpus.labels)
    if corpus.speakers:
        assert {speaker for speaker, _ in said.values()} == set(corpus.speakers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", PATHS)
def test_keys_expected_files_and_contradictions_can_be_asked_of_any_path(name, path):
    corpus = registry.build("corpora", name)
    key = corpus.key(path)
    assert isinstance(key, str)
    assert all(isinstance(expected, str) for expected in corpus.expected({key}))
    assert corpus.contradiction(path) is None


@pytest.mark.parametrize("name", NAMES)
def test_an_adapter_is_plain_data_that_can_be_sent_to_a_worker(name):
    corpus = registry.build("corpora", name)
    assert pickle.loads(pickle.dumps(corpus)) == corpus
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.title = "another"


@pytest.mark.parametrize("name", NAMES)
def test_a_card_shows_all_that_is_known(name):
    corpus = registry.get("corpora", name)
    card = " ".join(corpora.card(name).split())
    facts = [corpus.title, corpus.source, corpus.licence, *corpus.labels, *corpus.defects]
    facts += [p.name for p in corpus.protocols] + [d.url for d in corpus.downloads]
    facts += [d.md5 for d in corpus.downloads if d.md5]
    assert all(fact in card for fact in facts)


@pytest.mark.parametrize("name", NAMES)
def test_the_verb_prints_the_card_and_the_meaning_of_the_labels(name, capsys):
    assert cli.main(["corpora", name]) == 0
    printed = capsys.readouterr().out
    assert corpora.card(name) in printed
    assert ("label table, version" in printed) == (name in LABELLED)


@pytest.mark.parametrize("name", LABELLED)
def test_a_labelled_corpus_has_a_citation_with_authors_title_and_year(name):
    works = bibtex.works(registry.citation("corpora", name))
    # Of a plugin, only its author knows.
    assert works or name not in registry.own_names("corpora")
    assert all({"author", "title", "year"} <= set(work.fields) for work in works)
    assert all(bibtex.plain(work) in " ".join(corpora.card(name).split()) for work in works)


@pytest.mark.parametrize("name", LABELLED)
def test_a_labelled_corpus_has_a_protocol_a_way_to_get_it_and_counts_that_add_up(name):
    corpus = registry.get("corpora", name)
    assert corpus.protocols
    assert corpus.access
    assert set(corpus.label_counts) <= set(corpus.labels)
    if corpus.label_counts:
        assert sum(corpus.label_counts.values()) == corpus.n_recordings


def complaint(protocol: str) -> str:
    """Why rows of two speakers do not fit a protocol, if they do not."""
    try:
        splits.make(protocol, ["a", "b"] * 10, ["x", "y"] * 10)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", LABELLED)
def test_the_folds_of_a_protocol_test_known_speakers_once_each_and_have_a_name_that_works(name):
    corpus = registry.get("corpora", name)
    for protocol in corpus.protocols:
        tested = [value for fold in protocol.folds for value in fold]
        assert len(tested) == len(set(tested))
        assert not set(tested) & {*protocol.train, *protocol.validation}
        if protocol.by == "speaker":
            assert set(tested) <= set(corpus.speakers)
        assert "no protocol" not in complaint(protocol.name)


@pytest.mark.parametrize("name", LABELLED)
def test_every_label_is_mapped_to_the_common_words_or_said_to_be_none(name):
    mapped = {row.label: row.common for row in ontology.rows(name)}
    assert set(mapped) == set(registry.get("corpora", name).labels)

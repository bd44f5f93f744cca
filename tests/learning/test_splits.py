import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from emodist.errors import ConfigError
from emodist.learning import splits
from emodist.learning.folds import check, with_variants

CLASSES = ("angry", "happy", "sad")


def ravdess(n_actors=24):
    """Speakers and labels as in the corpus: 60 clips an actor, 8 classes, few neutral ones."""
    labels = ["neutral"] * 4 + [f"emotion_{index}" for index in range(7) for _ in range(8)]
    speakers = [f"{actor:02d}" for actor in range(1, n_actors + 1) for _ in labels]
    return np.array(speakers, object), np.array(labels * n_actors, object)


@st.composite
def tables(draw):
    """Speakers of very different size, each with some of the classes."""
    n_speakers = draw(st.integers(2, 8))
    sizes = [draw(st.integers(0, 3)) for _ in range(n_speakers * len(CLASSES))]
    pairs = [(index // len(CLASSES), index % len(CLASSES)) for index in range(len(sizes))]
    rows = [pair for pair, size in zip(pairs, sizes, strict=True) for _ in range(size)]
    rows = draw(st.permutations(rows))
    speakers = np.array([f"s{speaker}" for speaker, _ in rows], object)
    return speakers, np.array([CLASSES[label] for _, label in rows], object)


@given(tables(), st.sampled_from(["loso", "group2", "group3", "group5"]))
def test_every_row_is_tested_once_and_nobody_stands_on_both_sides(table, protocol):
    speakers, labels = table
    people = [set(speakers[labels == label]) for label in set(labels)]
    try:
        folds = splits.make(protocol, speakers, labels)
    except ConfigError:
        # With two folds, and people who share classes, there may be no way to deal them out.
        n_folds = 2 if protocol == "loso" else int(protocol[-1])
        is_hopeless = len(set(speakers)) < n_folds or min(map(len, people), default=1) == 1
        assert is_hopeless or (n_folds == 2 and protocol != "loso")
        return
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(speakers)))
    for fold in folds:
        assert len(fold.test)
        assert not set(speakers[fold.train]) & set(speakers[fold.test])
        assert set(labels[fold.test]) <= set(labels[fold.train])
        np.testing.assert_array_equal(
            np.sort(np.concatenate([fold.train, fold.test])), np.arange(len(speakers))
        )
    check(folds, speakers)


@pytest.mark.slow
@given(tables(), st.randoms(use_true_random=False))
def test_grouped_folds_do_not_depend_on_the_order_of_rows(table, shuffler):
    speakers, labels = table
    order = list(range(len(speakers)))
    shuffler.shuffle(order)
    try:
        one = splits.group(speakers, labels, 2)
    except ConfigError:
        return
    other = splits.group(speakers[order], labels[order], 2)
    for a, b in zip(one, other, strict=True):
        assert set(speakers[a.test]) == set(speakers[order][b.test])


def test_the_published_folds_of_ravdess_are_those():
    speakers, labels = ravdess()
    folds = splits.make("ravdess24", speakers, labels)
    assert [len(fold.test) for fold in folds] == [240] * 6
    assert sorted(set(speakers[folds[0].test])) == ["01", "11", "20", "21"]
    assert sorted(set(speakers[folds[5].test])) == ["06", "13", "17", "22"]
    check(folds, speakers)
    assert splits.title("ravdess24", folds) == "ravdess24: 6 folds, speaker-independent"


def test_sixteen_actors_make_four_folds_in_order():
    speakers, labels = ravdess(16)
    folds = splits.make("ravdess16", speakers, labels)
    assert [sorted(set(speakers[fold.test])) for fold in folds][2] == ["09", "10", "11", "12"]


def test_an_actor_is_the_same_with_and_without_leading_zero():
    speakers, labels = ravdess(16)
    plain = np.array([str(int(speaker)) for speaker in speakers], object)
    for a, b in zip(
        splits.make("ravdess16", speakers, labels),
        splits.make("ravdess16", plain, labels),
        strict=True,
    ):
        np.testing.assert_array_equal(a.test, b.test)


@pytest.mark.parametrize(
    ("n_actors", "protocol", "message"),
    [
        (16, "ravdess24", "rows lack: 17, 18, 19, 20, 21, 22, 23, 24"),
        (24, "ravdess16", "no group for the speakers 17, 18"),
    ],
)
def test_a_named_protocol_means_exactly_its_speakers(n_actors, protocol, message):
    with pytest.raises(ConfigError, match=message):
        splits.make(protocol, *ravdess(n_actors))


def test_grouped_folds_have_equal_shares_where_that_is_possible():
    speakers, labels = ravdess()
    for fold in splits.group(speakers, labels, 6):
        assert len(fold.test) == 240
        assert (labels[fold.test] == "neutral").sum() == 16


def test_grouped_folds_balance_speakers_of_different_size_and_taste():
    rng = np.random.default_rng(3)
    sizes = rng.integers(5, 60, 40)
    speakers = np.repeat([f"s{index}" for index in range(40)], sizes).astype(object)
    taste = rng.dirichlet(np.ones(3), 40)
    labels = np.concatenate(
        [rng.choice(CLASSES, n, p=p) for n, p in zip(sizes, taste, strict=True)]
    )
    for fold in splits.group(speakers, labels, 5):
        for label in CLASSES:
            share = (labels[fold.test] == label).sum() / (labels == label).sum()
            assert share == pytest.approx(0.2, abs=0.03)


def test_a_class_is_not_shut_into_one_fold():
    # Dealt out by size alone, both speakers of "b" and "c" meet in one fold of two.
    speakers = np.array(["s1", "s1", "s2", "s2", "s3", "s4", "s3", "s4"], object)
    labels = np.array(["a", "b", "a", "b", "c", "c", "a", "a"], object)
    for fold in splits.group(speakers, labels, 2):
        assert set(labels[fold.train]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("speakers", "labels", "protocol", "message"),
    [
        (["a", "b"], ["x", "x"], "group3", "3 folds need 3 speakers or more; got 2: a, b"),
        (["a", "a"], ["x", "y"], "loso", "need 2 speakers or more; got 1"),
        (["a", "b", "a"], ["x", "x", "y"], "loso", "class 'y' has one speaker"),
        (["a", "b", "a"], ["x", "x", "y"], "group2", "class 'y' has one speaker"),
        (["a", None], ["x", "x"], "loso", "1 of 2 rows have none"),
        (["a", "b"], ["x", "x"], "group1", "2 or more; got 1"),
        ([], [], "group2", "need rows"),
        (["a", "b"], ["x", "x"], "gruop5", "did you mean 'group5'?"),
        (["a", "b"], ["x", "x"], "by:session", "no attribute 'session'"),
        (["a", "b"], ["x", "x"], "cross:a:b", "needs the corpus"),
        (["a", "b"], ["x", "x"], "random3", "from 2 to 2"),
    ],
)
def test_what_cannot_be_split_says_why(speakers, labels, protocol, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        splits.make(protocol, speakers, labels)


def test_sessions_are_left_out_one_by_one():
    session = np.array(["Ses1", "Ses2", "Ses1", "Ses2", None], object)
    speakers = np.array(["1F", "2F", "1M", "2M", "3F"], object)
    folds = splits.make("by:session", speakers, ["x"] * 5, attributes={"session": session})
    assert [fold.name for fold in folds] == ["session/Ses1", "session/Ses2"]
    np.testing.assert_array_equal(folds[0].train, [1, 3])
    np.testing.assert_array_equal(folds[0].test, [0, 2])


def test_an_official_split_keeps_its_sides_and_leaves_development_out():
    part = ["Train", "Development", "Test1", "Test2", "Train"]
    folds = splits.by_values("split_set", part, list("abcde"), ["x"] * 5)
    assert [fold.name for fold in folds] == ["split_set/Test1", "split_set/Test2"]
    for fold, test in zip(folds, (2, 3), strict=True):
        np.testing.assert_array_equal(fold.train, [0, 4])
        np.testing.assert_array_equal(fold.test, [test])


def test_a_split_by_values_says_when_speakers_overlap_or_are_unknown():
    folds = splits.by_values("s", list("aabb"), ["x", "y", "y", "z"])
    assert all("speakers overlap" in fold.name for fold in folds)
    assert splits.title("by:s", folds) == "by:s: 2 folds, speakers overlap"
    folds = splits.by_values("s", list("aabb"), ["x", "y", "z", None])
    assert all("speakers unknown" in fold.name for fold in folds)


def test_cross_corpus_learns_on_one_and_is_tested_on_the_other():
    corpus = ["emodb", "ravdess", "savee", "emodb"]
    (fold,) = splits.make("cross:emodb:ravdess", list("abcd"), list("xxyy"), corpus=corpus)
    np.testing.assert_array_equal(fold.train, [0, 3])
    np.testing.assert_array_equal(fold.test, [1])
    with pytest.raises(ConfigError, match="tested on y"):
        splits.cross_corpus(corpus, "ravdess", "savee", list("xxyy"))
    with pytest.raises(ConfigError, match="did you mean 'emodb'"):
        splits.cross_corpus(corpus, "ravdess", "emobd")


def test_a_random_split_carries_its_warning_and_fails_the_check():
    speakers, labels = ravdess()
    folds = splits.make("random5", speakers, labels)
    assert np.concatenate([fold.test for fold in folds]).shape == (1440,)
    assert all(fold.name.endswith("(speakers overlap)") for fold in folds)
    with pytest.raises(ConfigError, match="24 speakers stand on both sides: 01, 02"):
        check(folds, speakers)


def test_inner_folds_stay_on_the_training_side():
    speakers, labels = ravdess()
    fold = splits.make("ravdess24", speakers, labels)[1]
    inside = splits.inner(fold.train, speakers, labels, 4)
    tested = np.concatenate([one.test for one in inside])
    np.testing.assert_array_equal(np.sort(tested), fold.train)
    check(inside, speakers)


def test_a_voice_without_emotion_gives_chance_on_unseen_speakers_and_not_on_seen_ones():
    """The canary: the only feature is who speaks, and each speaker mostly shows one emotion."""
    rng = np.random.default_rng(5)
    who = np.repeat(np.arange(60), 20)
    voice = rng.normal(size=(60, 4))[who]
    labels = np.where(rng.random(len(who)) < 0.9, rng.permutation(60)[who] % 2, rng.integers(2))
    speakers = np.array([f"s{index}" for index in who], object)

    def accuracy(protocol):
        right = [
            KNeighborsClassifier(5)
            .fit(voice[fold.train], labels[fold.train])
            .predict(voice[fold.test])
            == labels[fold.test]
            for fold in splits.make(protocol, speakers, labels)
        ]
        return np.concatenate(right).mean()

    assert accuracy("group5") == pytest.approx(0.5, abs=0.15)
    assert accuracy("loso") == pytest.approx(0.5, abs=0.15)
    assert accuracy("random5") > 0.85


def test_named_groups_are_those_that_their_corpus_describes():
    from emodist.corpora.ravdess import Ravdess

    described = {protocol.name: protocol.folds for protocol in Ravdess.protocols if protocol.folds}
    assert described == splits.GROUPS


def test_variants_train_where_their_whole_recording_trains_and_nowhere_else():
    # Recordings a, b with two windows each, c; variants of a (two), b (one), and of one not there.
    sources = ["a", "a", "b", "b", "c", "a", "a", "b", "z"]
    is_variant = np.array([False] * 5 + [True] * 4)
    for rows, expected in (
        ([0, 1, 4], [0, 1, 4, 5, 6]),
        ([0, 1, 2, 4], [0, 1, 2, 4, 5, 6]),
        ([2, 3], [2, 3, 7]),
        ([0, 2], [0, 2]),
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7]),
    ):
        found = with_variants(np.array(rows), sources, is_variant)
        assert found.tolist() == expected


def test_without_variants_training_rows_stay_as_they_are():
    rows = np.array([3, 1])
    assert with_variants(rows, ["a", "b", "c", "d"], np.zeros(4, bool)) is rows


@pytest.mark.parametrize(
    ("corpus", "way"),
    [
        ("folder", "folder.speaker_pattern=prefix, or a list"),
        ("media", "media.speaker_level=N, media.sidecar=FILE.csv, or a list"),
        ("mine", r"featurizing \(a list \(CSV\) with columns `uri` and `speaker`\)"),
    ],
)
@pytest.mark.parametrize("protocol", ["loso", "group2", "ravdess24"])
def test_who_has_no_speakers_hears_how_to_name_them_in_that_corpus(corpus, way, protocol):
    people = ["a", "b", None, "d"]
    # Of a corpus whose speakers are all known, nothing is told.
    corpora = ["media" if corpus == "folder" else "folder", corpus, corpus, corpus]
    with pytest.raises(ConfigError, match=f"1 of 4 rows have none.*{way}") as told:
        splits.make(protocol, people, ["x", "y", "x", "y"], corpus=corpora)
    assert corpora[0] not in str(told.value)

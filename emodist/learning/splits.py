"""Folds in which nobody stands on both sides, and the few other splits, which say what they are.

Arrays in, lists of `Fold` out; a fold holds row numbers. A protocol has a name, as in
`--folds group5`:

- `ravdess24`, `ravdess16`: fixed groups of speakers (`GROUPS`);
- `loso`: leave one speaker out;
- `group5`: five folds of whole speakers, balanced classes; any number;
- `by:session`: one fold per value of an attribute; values that start with `train` and `test`
  are an official split, of which other parts (development) are left out;
- `cross:ravdess:emo_db`: trained on one corpus, tested on another;
- `random5`: rows, not people; only by asking, and its name carries "speakers overlap".
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np

from emodist.errors import ConfigError
from emodist.learning.folds import (
    OVERLAP,
    UNKNOWN,
    Column,
    Fold,
    _known,
    few,
    overlap,
    present,
    words,
)
from emodist.registry import suggest

# `emodist corpora ravdess` describes both; a test holds the two places together.
GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ravdess24": (
        ("01", "11", "20", "21"),
        ("04", "10", "12", "14"),
        ("08", "09", "19", "23"),
        ("03", "05", "07", "24"),
        ("02", "15", "16", "18"),
        ("06", "13", "17", "22"),
    ),
    "ravdess16": (
        ("01", "02", "03", "04"),
        ("05", "06", "07", "08"),
        ("09", "10", "11", "12"),
        ("13", "14", "15", "16"),
    ),
}
KNOWN = (*GROUPS, "loso", "group5", "by:ATTRIBUTE", "cross:CORPUS:CORPUS", "random5")
# Orders in which `group` tries to deal out the speakers; the most balanced result is taken.
N_TRIES = 20


def make(
    protocol: str,
    speakers: Column,
    labels: Column,
    *,
    corpus: Column | None = None,
    attributes: Mapping[str, Column] | None = None,
    rng: np.random.Generator | None = None,
) -> list[Fold]:
    """Folds of a protocol by its name.

    Parameters
    ----------
    protocol : str
        One of those above.
    speakers, labels, corpus : arrays, shape (n_rows,)
        Speakers of different corpora have different names.
    attributes : name to array, optional
        What `by:NAME` looks into.
    rng : Generator, optional
        For `randomN` alone; the default is the same one each time.

    Raises
    ------
    ConfigError
        If there is no such protocol, or the rows do not fit it.
    """
    numbered = re.fullmatch(r"(group|random)(\d+)", protocol)
    if protocol in (*GROUPS, "loso") or (numbered and numbered[1] == "group"):
        _known(speakers, corpus)
    if protocol in GROUPS:
        folds = by_groups(protocol, GROUPS[protocol], speakers, labels)
    elif protocol == "loso":
        folds = leave_one_speaker_out(speakers, labels)
    elif numbered and numbered[1] == "group":
        folds = group(speakers, labels, int(numbered[2]))
    elif numbered:
        folds = random(labels, int(numbered[2]), rng or np.random.default_rng(0))
    elif protocol.startswith("by:"):
        name, known = protocol.removeprefix("by:"), attributes or {}
        if name not in known:
            raise ConfigError(f"the table has no attribute {name!r}; {suggest(name, known)}")
        folds = by_values(name, known[name], speakers, labels)
    elif protocol.startswith("cross:") and protocol.count(":") == 2:
        if corpus is None:
            raise ConfigError(f"{protocol} needs the corpus of each row; none was given")
        _, train, test = protocol.split(":")
        folds = cross_corpus(corpus, train, test, labels)
    else:
        raise ConfigError(f"no protocol {protocol!r}; {suggest(protocol, KNOWN)}")
    return folds


def title(protocol: str, folds: Sequence[Fold]) -> str:
    """The protocol in words, for reports.

    Examples
    --------
    >>> title("random5", random(["a", "b"] * 5, 5, np.random.default_rng(0)))
    'random5: 5 folds, speakers overlap'
    """
    n_folds = f"{len(folds)} fold{'' if len(folds) == 1 else 's'}"
    for doubt in (OVERLAP, UNKNOWN):
        if any(doubt in fold.name for fold in folds):
            return f"{protocol}: {n_folds}, {doubt}"
    return f"{protocol}: {n_folds}, speaker-independent"


def by_groups(
    name: str, groups: Sequence[Sequence[str]], speakers: Column, labels: Column | None = None
) -> list[Fold]:
    """One fold per group of speakers, tested on that group.

    A named protocol means exactly its speakers, so that its numbers can be compared with others'.

    Raises
    ------
    ConfigError
        If the rows have other speakers than the groups.
    """
    people = np.array([_plain(speaker) for speaker in _known(speakers)])
    wanted = [[_plain(speaker) for speaker in group] for group in groups]
    named = {speaker for group in wanted for speaker in group}
    hint = "choose the rows, or take loso or group5"
    if missing := sorted(named - set(people), key=_natural):
        raise ConfigError(
            f"{name} is tested on speakers that the rows lack: {few(missing)}; {hint}"
        )
    if strangers := sorted(set(people) - named, key=_natural):
        raise ConfigError(f"{name} has no group for the speakers {few(strangers)}; {hint}")
    number = {speaker: index for index, group in enumerate(wanted) for speaker in group}
    return _leave_out(name, np.array([number[speaker] for speaker in people]), labels)


def leave_one_speaker_out(speakers: Column, labels: Column | None = None) -> list[Fold]:
    """One fold per speaker."""
    people, who = np.unique(_known(speakers), return_inverse=True)
    _enough(people, 2)
    _no_lonely_class(who, labels)
    return _leave_out("loso", who, labels, people)


def group(speakers: Column, labels: Column, n_folds: int = 5) -> list[Fold]:
    """Folds of whole speakers, with about equal shares of each class.

    Speakers are dealt out one by one, those with most rows first, each to the fold that has least
    of what they bring, never so that one fold has all speakers of a class. The same speakers and
    labels give the same folds, in whatever order the rows come.

    Raises
    ------
    ConfigError
        If a speaker is unknown, there are fewer speakers than folds, or a class has one speaker.
    """
    people, who = np.unique(_known(speakers), return_inverse=True)
    _enough(people, max(n_folds, 2), n_folds)
    _no_lonely_class(who, labels)
    y = np.unique(words(labels), return_inverse=True)[1]
    counts = np.zeros((len(people), y.max() + 1))
    np.add.at(counts, (who, y), 1)
    rng = np.random.default_rng(0)
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    best, best_cost = None, np.inf
    for _ in range(N_TRIES):
        dealt, cost = _deal(counts, order, n_folds)
        if best is None or cost < best_cost:
            best, best_cost = dealt, cost
        order = rng.permutation(len(people))
    assert best is not None
    return _leave_out(f"group{n_folds}", best[who], labels)


def by_values(
    name: str, values: Column, speakers: Column, labels: Column | None = None
) -> list[Fold]:
    """Folds from a column: a session, an official split, the folds of someone else.

    Where values start with `train` and `test`, one fold per test set, and the rest is left out;
    otherwise one fold per value. Rows without a value are on neither side. A fold in which a
    speaker stands on both sides says so in its name.

    Raises
    ------
    ConfigError
        If there are fewer than two values.
    """
    words = np.array(["" if value is None else str(value) for value in values])
    values = sorted(set(words) - {""}, key=_natural)
    train = [word for word in values if word.lower().startswith("train")]
    test = [word for word in values if word.lower().startswith("test")]
    if train and test:
        rows = np.flatnonzero(np.isin(words, train))
        folds = [Fold(f"{name}/{word}", rows, np.flatnonzero(words == word)) for word in test]
    elif len(values) >= 2:
        has_value = words != ""
        folds = [
            Fold(f"{name}/{word}", np.flatnonzero(has_value & (words != word)), _rows(words, word))
            for word in values
        ]
    else:
        raise ConfigError(f"{name} needs two values or more to make folds; got {few(values)}")
    _no_untrained_class(folds, labels)
    return _with_doubts(folds, speakers)


def cross_corpus(corpus: Column, train: str, test: str, labels: Column | None = None) -> list[Fold]:
    """One fold: learnt on one corpus, tested on another."""
    names = words(corpus)
    for name in (train, test):
        if name not in names:
            raise ConfigError(
                f"no row is of corpus {name!r}; {suggest(name, sorted(set(names.tolist())))}"
            )
    if train == test:
        raise ConfigError(f"cross-corpus needs two corpora; got {train} twice")
    folds = [Fold(f"cross/{train}-{test}", _rows(names, train), _rows(names, test))]
    _no_untrained_class(folds, labels)
    return folds


def random(labels: Column, n_folds: int, rng: np.random.Generator) -> list[Fold]:
    """Folds of rows, whoever speaks: for comparison with numbers that were made like this."""
    y = np.unique(words(labels), return_inverse=True)[1]
    if not 2 <= n_folds <= len(y):
        raise ConfigError(f"random folds: from 2 to {len(y)}, one row each; got {n_folds}")
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    number = np.empty(len(y), int)
    number[order] = np.arange(len(y)) % n_folds
    return [
        dataclasses.replace(fold, name=f"{fold.name} ({OVERLAP})")
        for fold in _leave_out(f"random{n_folds}", number, None)
    ]


def inner(rows: np.ndarray, speakers: Column, labels: Column, n_folds: int = 4) -> list[Fold]:
    """Speaker-independent folds of the training side alone, as row numbers of the whole table.

    For what is chosen or calibrated inside a fold: thresholds, temperature, settings.
    """
    inside = group(np.asarray(speakers)[rows], np.asarray(labels)[rows], n_folds)
    return [Fold(f"inner/{fold.name}", rows[fold.train], rows[fold.test]) for fold in inside]


def _deal(counts: np.ndarray, order: np.ndarray, n_folds: int) -> tuple[np.ndarray, float]:
    """Fold of each speaker, and how uneven the folds are; infinite if one has a whole class."""
    shares = np.column_stack([counts / counts.sum(axis=0), counts.sum(axis=1) / counts.sum()])
    has = counts > 0
    n_speakers = has.sum(axis=0)
    load = np.zeros((n_folds, shares.shape[1]))
    held = np.zeros((n_folds, counts.shape[1]), int)
    size = np.zeros(n_folds, int)
    dealt = np.empty(len(order), int)
    feasible = True
    for place, speaker in enumerate(order):
        # The increase of the sum of squared loads is least where this is least.
        cost = load @ shares[speaker]
        blocked = np.any((held + 1 == n_speakers) & has[speaker], axis=1)
        if (size == 0).sum() >= len(order) - place:
            cost[size > 0] = np.inf
        if np.all(blocked | np.isinf(cost)):
            feasible = False
        else:
            cost[blocked] = np.inf
        fold = int(np.argmin(cost))
        dealt[speaker] = fold
        load[fold] += shares[speaker]
        held[fold] += has[speaker]
        size[fold] += 1
    return dealt, float(((load - 1 / n_folds) ** 2).sum()) if feasible else np.inf


def _leave_out(
    name: str, number: np.ndarray, labels: Column | None, names: Column | None = None
) -> list[Fold]:
    folds = [
        Fold(
            f"{name}/{index + 1 if names is None else names[index]}",
            np.flatnonzero(number != index),
            np.flatnonzero(number == index),
        )
        for index in range(number.max() + 1)
    ]
    _no_untrained_class(folds, labels)
    return folds


def _with_doubts(folds: list[Fold], speakers: Column) -> list[Fold]:
    people = np.asarray(speakers, object)
    shared = overlap(folds, people)

    def named(fold: Fold) -> str:
        sides = np.concatenate([people[fold.train], people[fold.test]])
        if fold.name in shared:
            return f"{fold.name} ({OVERLAP})"
        return f"{fold.name} ({UNKNOWN})" if None in sides else fold.name

    return [dataclasses.replace(fold, name=named(fold)) for fold in folds]


def _enough(people: np.ndarray, at_least: int, n_folds: int | None = None) -> None:
    if n_folds is not None and n_folds < 2:
        raise ConfigError(f"folds: 2 or more; got {n_folds}")
    if len(people) < at_least:
        raise ConfigError(
            f"{at_least} folds need {at_least} speakers or more; got {len(people)}: {few(people)}"
        )


def _no_lonely_class(who: np.ndarray, labels: Column | None) -> None:
    if labels is None:
        return
    named = words(labels)
    for word in np.unique(named).tolist():
        if len(np.unique(who[named == word])) == 1:
            raise ConfigError(
                f"class {word!r} has one speaker, who cannot be both in train and in test; "
                "leave the class out, or add speakers"
            )


def _no_untrained_class(folds: Sequence[Fold], labels: Column | None) -> None:
    if labels is None:
        return
    classes, y = np.unique(words(labels), return_inverse=True)
    for fold in folds:
        untrained = classes[present(y, fold.test) & ~present(y, fold.train)]
        if len(untrained):
            raise ConfigError(
                f"{fold.name} is tested on {few(untrained)}, which its training side does not "
                "have; leave the class out, or take other folds"
            )


def _rows(words: np.ndarray, word: str) -> np.ndarray:
    return np.flatnonzero(words == word)


def _plain(speaker: str) -> str:
    """'01' and '1' are one actor; names stay as they are."""
    return str(int(speaker)) if speaker.isdecimal() else speaker


def _natural(word: str) -> tuple:
    return (0, int(word), word) if word.isdecimal() else (1, 0, word)

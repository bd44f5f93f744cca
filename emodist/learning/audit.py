"""The leak audit: what stands on both sides of a fold.

A leak is anything by which a model can know a test row from training: its speaker, the same
sound, another window of the same recording, an augmented copy. A sentence that is said on both
sides is a note: acted corpora have few sentences, and everybody says them all.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from emodist import storage
from emodist.errors import ConfigError
from emodist.learning import doubts, folds, splits
from emodist.learning.dataset import Dataset, load
from emodist.tables import plain

SENTENCES = ("statement", "sentence", "sentence_id", "text")

# Windows that touch do not overlap; sums of hops are not exact.
TOUCH_S = 1e-3


@dataclasses.dataclass(frozen=True)
class Finding:
    """One kind of thing on both sides of a fold.

    `count` distinct ones, which `n_rows` test rows have to do with, in the folds named; `meaning`
    says what it is, in words.
    """

    kind: str
    is_leak: bool
    count: int
    n_rows: int
    folds: tuple[str, ...]
    examples: tuple[str, ...]
    meaning: str


@dataclasses.dataclass(frozen=True)
class Audit:
    """What was found; `is_clean` if none of it is a leak."""

    folds: str
    n_folds: int
    n_rows: int
    n_tested: int
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        return not any(finding.is_leak for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        return {"clean": self.is_clean, **dataclasses.asdict(self)}

    def __str__(self) -> str:
        counts = f"folds {self.n_folds}, rows {self.n_rows}, of which tested {self.n_tested}"
        lines = [f"{self.folds}: {counts}"]
        for finding in self.findings:
            lines.append(
                f"{'LEAK' if finding.is_leak else 'note'}  {finding.count} {finding.kind} "
                f"{finding.meaning} (test rows {finding.n_rows}, folds {len(finding.folds)}), "
                f"such as {'; '.join(finding.examples)}"
            )
        n_leaks = sum(finding.is_leak for finding in self.findings)
        return "\n".join([*lines, "clean" if self.is_clean else f"leaking, in {n_leaks} ways"])


def run(table: str | Sequence[str], folds: str) -> Audit:
    """Audit folds of a table: a protocol's name, or a CSV or Parquet file.

    The file has the columns `recording_id`, optionally `segment`, and `fold`; the values of `fold`
    are read as `splits.by_values` does.
    """
    rows = load(table, features=())
    if folds.endswith((".csv", ".parquet")) or "/" in folds:
        values = _assigned(folds, rows)
        made = splits.by_values("fold", values, rows.people())
    else:
        # As they are trained and tested: variants beside their sources, never tested.
        made = [
            dataclasses.replace(fold, train=rows.with_variants(fold.train))
            for fold in rows.folds(folds)
        ]
    return audit(rows, made, folds)


def audit(rows: Dataset, folds: Sequence[folds.Fold], name: str) -> Audit:
    """What stands on both sides of the given folds of these rows."""
    people = rows.people()
    both = "stand on both sides of a fold"
    findings = [
        _shared("speakers", people, people, folds, both),
        _shared("sounds", _copies(rows), rows.uri, folds, "under several names " + both),
        _shared("recordings", rows.recording_id, rows.uri, folds, "with windows that " + both),
        _overlapping(rows, folds),
        _unknown(rows, folds),
    ]
    if rows.is_variant().any():
        meaning = f"and their augmented variants {both}"
        findings.append(_shared("sources", _sources(rows), rows.uri, folds, meaning))
        findings.append(_tested_variants(rows, folds))
    for attribute in SENTENCES:
        if attribute in rows.attributes:
            words = rows.attributes[attribute]
            meaning = f"are said on both sides of a fold; not a leak by itself [{attribute}]"
            findings.append(_shared("sentences", words, words, folds, meaning, is_leak=False))
    findings += [_alike(rows, names) for names in doubts.alike(rows.label)]
    tested = np.unique(np.concatenate([fold.test for fold in folds]))
    return Audit(name, len(folds), len(rows), len(tested), tuple(f for f in findings if f))


def _shared(
    kind: str,
    values: np.ndarray,
    shown: np.ndarray,
    folds: Sequence[folds.Fold],
    meaning: str,
    is_leak: bool = True,
) -> Finding | None:
    """Values that rows on both sides have; None is no value. Examples are taken from `shown`."""
    codes, n_values = _codes(values)
    shared = np.zeros(n_values, bool)
    first: dict[int, str] = {}
    touched, names = [], []
    for fold in folds:
        train, test = codes[fold.train], codes[fold.test]
        # The last place is for rows without a value, whose code is -1.
        is_trained = np.zeros(n_values + 1, bool)
        is_trained[train] = True
        is_trained[-1] = False
        hit = is_trained[test]
        if not hit.any():
            continue
        here = np.unique(test[hit])
        shared[here] = True
        names.append(fold.name)
        touched.append(fold.test[hit])
        for code in here[: 3 if len(first) < 3 else 0]:
            a, b = fold.train[np.argmax(train == code)], fold.test[np.argmax(test == code)]
            pair = (str(shown[a]), str(shown[b]))
            first.setdefault(int(code), pair[0] if pair[0] == pair[1] else " = ".join(pair))
    if not names:
        return None
    return Finding(
        kind,
        is_leak,
        int(shared.sum()),
        len(np.unique(np.concatenate(touched))),
        tuple(names),
        tuple(list(first.values())[:3]),
        meaning,
    )


def _overlapping(rows: Dataset, folds: Sequence[folds.Fold]) -> Finding | None:
    """Test windows that overlap in time a training window of the same recording."""
    codes, _ = _codes(rows.recording_id)
    # Each recording has its own stretch of one time axis.
    stretch = codes * (np.nanmax(rows.end_s, initial=0.0) + 1.0)
    starts, ends = rows.start_s + stretch, rows.end_s + stretch
    touched, names = [], []
    for fold in folds:
        train = fold.train[np.isfinite(starts[fold.train])]
        train = train[np.argsort(starts[train])]
        if not len(train):
            continue
        latest_end = np.maximum.accumulate(ends[train])
        before = np.searchsorted(starts[train], ends[fold.test] - TOUCH_S) - 1
        meets = (before >= 0) & (latest_end[before] > starts[fold.test] + TOUCH_S)
        if meets.any():
            names.append(fold.name)
            touched.append(fold.test[meets])
    if not names:
        return None
    windows = np.unique(np.concatenate(touched))
    examples = tuple(f"{rows.uri[row]} at {rows.start_s[row]:g} s" for row in windows[:3])
    meaning = "overlap a training window of the same recording"
    return Finding(
        "test windows", True, len(windows), len(windows), tuple(names), examples, meaning
    )


def _unknown(rows: Dataset, folds: Sequence[folds.Fold]) -> Finding | None:
    """Tested rows without a speaker: nobody can say that they are clean."""
    unknown = np.array([speaker is None for speaker in rows.speaker], bool)
    tested = [fold for fold in folds if unknown[fold.test].any() or unknown[fold.train].any()]
    if not tested:
        return None
    n_rows = len(np.unique(np.concatenate([fold.test[unknown[fold.test]] for fold in tested])))
    return Finding(
        "rows",
        True,
        int(unknown.sum()),
        n_rows,
        tuple(fold.name for fold in tested),
        tuple(str(uri) for uri in rows.uri[unknown][:3]),
        "have no known speaker, so nobody can say that they are clean",
    )


def _tested_variants(rows: Dataset, folds: Sequence[folds.Fold]) -> Finding | None:
    """Augmented variants on a test side: no leak, but nobody ever said them."""
    is_variant = rows.is_variant()
    tested = [fold for fold in folds if is_variant[fold.test].any()]
    if not tested:
        return None
    variants = np.unique(np.concatenate([fold.test[is_variant[fold.test]] for fold in tested]))
    examples = tuple(f"{rows.uri[row]} ({rows.recording_id[row]})" for row in variants[:3])
    names = tuple(fold.name for fold in tested)
    meaning = "are tested; judge a model on what was really said"
    return Finding("variants", False, len(variants), len(variants), names, examples, meaning)


def _alike(rows: Dataset, names: dict[str, int]) -> Finding:
    """Labels that somebody wrote in several ways: each is a class of its own."""
    n_rows = sum(names.values())
    meaning = "differ only in case or blanks, and are classes of their own"
    shown = tuple(f"{name!r}" for name in list(names)[:3])
    return Finding("labels", False, len(names), n_rows, (), shown, meaning)


def _copies(rows: Dataset) -> np.ndarray:
    """The sound of each row, where several recordings have it; None elsewhere."""
    codes, n_values = _codes(rows.audio_sha)
    pairs = np.unique(np.column_stack([codes, _codes(rows.recording_id)[0]]), axis=0)
    n_recordings = np.bincount(pairs[pairs[:, 0] >= 0, 0], minlength=max(n_values, 1))
    is_copy = (codes >= 0) & (n_recordings[np.maximum(codes, 0)] > 1)
    copies = rows.audio_sha.copy()
    copies[~is_copy] = None
    return copies


def _sources(rows: Dataset) -> np.ndarray:
    """The recording each row was made from, where one of them was augmented; None elsewhere."""
    sources = rows.sources()
    augmented = set(sources[rows.is_variant()])
    return np.array([one if one in augmented else None for one in sources], object)


def _assigned(uri: str, rows: Dataset) -> np.ndarray:
    """The fold of each row, from a file."""
    given = _read(uri)
    for column in ("recording_id", "fold"):
        if column not in given.column_names:
            raise ConfigError(f"{uri} needs a column {column}; it has {given.column_names}")
    by_segment = "segment" in given.column_names
    keys = given["recording_id"].to_pylist()
    known = list(rows.recording_id)
    if by_segment:
        keys = list(zip(keys, map(int, given["segment"].to_pylist()), strict=True))
        known = list(zip(known, rows.segment.tolist(), strict=True))
    fold = dict(zip(keys, given["fold"].to_pylist(), strict=True))
    if len(fold) < len(keys):
        raise ConfigError(f"{uri} names {len(keys) - len(fold)} rows twice")
    strangers = fold.keys() - set(known)
    if strangers:
        raise ConfigError(
            f"{uri} names {len(strangers)} rows that the table lacks, such as {min(strangers)}; "
            "was it made for another table?"
        )
    return np.array([fold.get(key) for key in known], object)


def _read(uri: str) -> pa.Table:
    if not storage.exists(uri):
        raise ConfigError(f"{uri}: no such file; a protocol's name has no / and no ending")
    return plain.read(uri, words=("recording_id", "fold"))


def _codes(values: np.ndarray) -> tuple[np.ndarray, int]:
    """A number for each distinct value, -1 for None, and how many there are."""
    known = np.array([value is not None for value in values], bool)
    codes = np.full(len(values), -1)
    words, codes[known] = np.unique(values[known].astype(str), return_inverse=True)
    return codes, len(words)

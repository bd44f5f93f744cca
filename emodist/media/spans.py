"""Time-stamped labels of an annotation file, brought to the recordings that it names.

Who is meant is found when recordings are listed: by address, by path, or by name. The spans of a
recording travel with it through the plan, and are a part of its version: where they change, it is
planned again, as if the file had changed, and its old rows go. Where the rows of a table are
windows, each gets the speaker and the label of what lies in it.
"""

import dataclasses
import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from emodist import annotations, storage
from emodist.annotations import Span
from emodist.errors import AnnotationError
from emodist.media.files import MediaFile
from emodist.media.settings import FeaturizeSettings
from emodist.tables import sheets

# A longer one is held in memory whole, and is no span of one emotion.
MOST_S = 600.0
N_SHOWN = 3
# Borders that were rounded differently do not overlap.
LEAST_S = 1e-3


@dataclasses.dataclass(frozen=True)
class Attached:
    """Files with their spans; those without any, if rows are spans; sentences on what was left.

    Folders that cannot be read are among the first: nobody knows what they hold.
    """

    files: list[MediaFile]
    without: list[MediaFile]
    notes: list[str]


def attached(files: Iterable[MediaFile], settings: FeaturizeSettings) -> Attached:
    """Files with the spans that annotations have of them.

    Where rows are windows, files without spans stay among the others.

    Raises
    ------
    AnnotationError
        If a name in the file is that of no recording or of several, there are several annotators,
        or a span cannot be.
    """
    uri = settings.segments or ""
    name, own = settings.annotation_format, settings.annotation_settings
    spans = annotations.read(uri, name, own if name is None else {name: own})
    annotators = sorted({span.annotator for span in spans if span.annotator})
    if len(annotators) > 1:
        raise AnnotationError(
            f"{uri} has spans of {len(annotators)} annotators ({_shown(annotators)}); take one: "
            f"emodist annotations convert {uri} FILE.csv --annotator {annotators[0]}"
        )
    notes = []
    if n_guesses := sum(span.is_guess and span.label is not None for span in spans):
        notes.append(
            f"{n_guesses} labels in {uri} are predicted: their spans are taken, and have no label"
        )
    by_name = defaultdict(list)
    for span in spans:
        by_name[span.recording or ""].append(span)
    found = list(files)
    places = _places(found, settings.path, list(by_name), uri)
    of_file: dict[int, list[Span]] = defaultdict(list)
    for name, place in places.items():
        of_file[place] += by_name[name]
    is_by_span = settings.is_by_span
    kept, without, n_short = [], [], 0
    for place, file in enumerate(found):
        chosen = [_Said.of(span) for span in of_file.get(place, ())]
        if is_by_span:
            long = [one for one in chosen if one.end_s - one.start_s > MOST_S]
            if long and file.problem is None:
                file = file._replace(problem=f"{uri}, {_too_long(long[0])}")
            n_all = len(chosen)
            chosen = [one for one in chosen if one.end_s - one.start_s >= settings.min_duration_s]
            n_short += n_all - len(chosen)
        if chosen:
            kept.append(_with(file, sorted(chosen, key=_order)))
        elif is_by_span and not file.path.endswith("/"):
            without.append(_with(file, []))
        else:
            kept.append(file)
    if n_short:
        notes.append(
            f"{n_short} spans in {uri} are shorter than min_duration_s={settings.min_duration_s:g} "
            "and are left out"
        )
    if without:
        notes.append(f"{len(without)} files have no spans in {uri} and are left out")
    if not kept:
        raise AnnotationError(f"{uri} holds no span that can be used: {'; '.join(notes)}")
    return Attached(kept, without, notes)


class _Said(NamedTuple):
    """A span as it travels with its recording."""

    start_s: float
    end_s: float
    speaker: str | None
    label: str | None
    place: str

    @classmethod
    def of(cls, span: Span) -> "_Said":
        label = None if span.is_guess else span.label
        return cls(span.start_s, span.end_s, span.speaker, label, span.place)


def _order(said: _Said) -> tuple:
    # Words may be missing.
    return (said.start_s, said.end_s, said.speaker or "", said.label or "", said.place)


def _with(file: MediaFile, said: Sequence[_Said]) -> MediaFile:
    # Where a span stands in its file says nothing of it.
    content = json.dumps([one[:4] for one in said]).encode()
    digest = hashlib.blake2b(content, digest_size=8).hexdigest()
    return file._replace(version=f"{file.version} {digest}", spans=json.dumps(said))


def _too_long(one: _Said) -> str:
    return (
        f"{one.place}: a span of {one.end_s - one.start_s:.0f} s is longer than {MOST_S:g} s; cut "
        "it into windows with segment_s=4 label_policy=majority"
    )


def _places(files: Sequence[MediaFile], root: str, names: list[str], uri: str) -> dict[str, int]:
    """Which file each name is: by its address, its path, its name; the first of these that fits.

    Raises
    ------
    AnnotationError
        If one is none, or fits several files.
    """
    wanted = {sheets.composed(_plain(name)) for name in names}
    ranks: tuple[dict[str, list[int]], ...] = ({}, {}, {})
    for place, file in enumerate(files):
        for rank, spelled in enumerate(_spelled(file)):
            for name in spelled:
                name = sheets.composed(name)
                # Of an archive, most files are none that is asked for.
                if name in wanted and place not in (known := ranks[rank].setdefault(name, [])):
                    known.append(place)
    found, unknown, unclear = {}, [], []
    # A list of spans names files from its own folder on.
    folder = uri.rpartition("/")[0]
    by_address: dict[str, int] = {}
    for name in names:
        plain = sheets.composed(_plain(name))
        hits = next((known[plain] for known in ranks if plain in known), [])
        if not hits and not storage.is_remote(plain):
            if not by_address:
                by_address = {sheets.composed(f.uri): n for n, f in enumerate(files)}
            beside = by_address.get(sheets.composed(storage.absolute(f"{folder}/{plain}")))
            hits = [] if beside is None else [beside]
        if len(hits) == 1:
            found[name] = hits[0]
        elif hits:
            unclear.append(f"{name} ({_shown([files[place].path for place in hits])})")
        else:
            unknown.append(name)
    if unclear:
        raise AnnotationError(
            f"{uri} names recordings that are several files below {root}: {_shown(unclear)}; write "
            "their paths"
        )
    if unknown:
        raise AnnotationError(
            f"{uri} names {len(unknown)} recordings that are none of {root}: {_shown(unknown)}"
        )
    return found


def _plain(name: str) -> str:
    return storage.absolute(name) if name.startswith("file://") else name.removeprefix("./")


def _spelled(file: MediaFile) -> tuple[list[str], list[str], list[str]]:
    """What a file may be called, from the surest on: address, path, name; without suffix too."""
    name = file.path.rpartition("/")[2]
    return [file.uri], [file.path, _stem(file.path)], [name, _stem(name)]


def _stem(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}"


def _shown(words: Sequence[str]) -> str:
    more = f" and {len(words) - N_SHOWN} more" if len(words) > N_SHOWN else ""
    return f"{', '.join(words[:N_SHOWN])}{more}"


@dataclasses.dataclass(frozen=True, eq=False)
class Row:
    """Who speaks in a row and how, and for which share of it two people or more speak."""

    speaker: str | None
    label: str | None
    overlap: float


class Said:
    """What the spans of one recording say of its segments.

    Parameters
    ----------
    text : str or None
        The spans as `attached` wrote them; None: there are none.
    speaker, label : str or None
        Of the recording; they hold where none of its spans says anything of the kind.
    """

    def __init__(self, text: str | None, speaker: str | None = None, label: str | None = None):
        self.spans = [_Said(*row) for row in json.loads(text or "[]")]
        self._speaker = None if any(one.speaker for one in self.spans) else speaker
        self._label = None if any(one.label for one in self.spans) else label

    @property
    def times(self) -> list[tuple[float, float]]:
        return [(one.start_s, one.end_s) for one in self.spans]

    def name(self, index: int) -> str:
        """What to call a span in a message."""
        return f"the span of {self.spans[index].place or index}"

    def of_span(self, index: int) -> Row:
        """What a span says of the row that is cut from it."""
        one = self.spans[index]
        near = self._within(one.start_s, one.end_s)
        overlap = _together(near) / (one.end_s - one.start_s)
        return Row(one.speaker or self._speaker, one.label or self._label, overlap)

    def of_window(self, start_s: float, end_s: float, policy: str, min_share: float) -> Row:
        """What is said of a window.

        Its speaker and its label are each the one that covers most of it, if that is the share
        `min_share` of the window or more; with the policy `pure` there must be no other in it.
        """
        near = self._within(start_s, end_s)
        least_s = min_share * (end_s - start_s) - LEAST_S

        def most(words: Iterable[tuple[str | None, float, float]]) -> str | None:
            covered = {word: _union(times) for word, times in _by_word(words).items()}
            told = {word: span_s for word, span_s in covered.items() if span_s > LEAST_S}
            if not told or (policy == "pure" and len(told) > 1):
                return None
            best = max(told, key=lambda word: (told[word], word))
            return best if told[best] >= least_s else None

        speaker = most((one.speaker, one.start_s, one.end_s) for one in near)
        label = most((one.label, one.start_s, one.end_s) for one in near)
        overlap = _together(near) / (end_s - start_s)
        return Row(speaker or self._speaker, label or self._label, overlap)

    def _within(self, start_s: float, end_s: float) -> list[_Said]:
        """The parts of the spans that lie in a piece."""
        starts, ends, latest = self._bounds
        # Spans before the first that ends after the piece begins do not reach into it.
        low = int(np.searchsorted(latest, start_s, "right"))
        high = int(np.searchsorted(starts, end_s, "left"))
        inside = low + np.flatnonzero(ends[low:high] > start_s)
        return [
            one._replace(start_s=max(one.start_s, start_s), end_s=min(one.end_s, end_s))
            for one in (self.spans[index] for index in inside)
        ]

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        starts, ends = np.array(self.times, np.float64).reshape(-1, 2).T
        return starts, ends, np.maximum.accumulate(ends) if len(ends) else ends


def _by_word(
    words: Iterable[tuple[str | None, float, float]],
) -> dict[str, list[tuple[float, float]]]:
    found = defaultdict(list)
    for word, start_s, end_s in words:
        if word is not None:
            found[word].append((start_s, end_s))
    return found


def _merged(times: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Spans in order of their starts as pieces that do not overlap."""
    start, end = None, 0.0
    for a, b in times:
        if start is None:
            start, end = a, b
        elif a <= end:
            end = max(end, b)
        else:
            yield start, end
            start, end = a, b
    if start is not None:
        yield start, end


def _union(times: Iterable[tuple[float, float]]) -> float:
    return sum(b - a for a, b in _merged(times))


def _together(near: Sequence[_Said]) -> float:
    """Seconds in which two speakers or more speak."""
    by_speaker = _by_word((one.speaker, one.start_s, one.end_s) for one in near)
    if len(by_speaker) < 2:
        return 0.0
    steps = sorted(
        step
        for times in by_speaker.values()
        for start_s, end_s in _merged(times)
        for step in ((start_s, 1), (end_s, -1))
    )
    total, n_speaking = 0.0, 0
    for (time_s, change), (next_s, _) in itertools.pairwise(steps):
        n_speaking += change
        total += (next_s - time_s) * (n_speaking > 1)
    return 0.0 if total < LEAST_S else total

"""Formats of time-stamped labels, one file each: who says what in which span of which recording.

An entry is a frozen dataclass derived from `Format`: from the bytes of a file to spans, and from
spans to bytes. A guess of a model stays one in every format (`Span.is_guess`), in the words that
the format has for it. Packages that read a format are imported where it is read.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from emodist import registry, storage
from emodist.annotations import _checks
from emodist.errors import AnnotationError

# What every entry has; the registry says which is missing.
NEEDED = ("suffixes", "is_per_recording", "keeps", "parse", "render")
# What a span may say beside its times.
SAYS = ("recording", "speaker", "label", "confidence", "annotator")


@dataclasses.dataclass(frozen=True)
class Span:
    """A piece of a recording and what is said of it; None where nothing is.

    Attributes
    ----------
    start_s, end_s : float, seconds from the start of the recording
    label, speaker : str or None
        Of a guess, `label` is what a model said.
    recording : str or None
        As the file calls it: an address, a path, or a name.
    confidence : float or None
        Within 0 and 1, of a guess.
    annotator : str or None
        Who says so.
    is_guess : bool
        Whether a model said it.
    place : str
        Where it stands in its file, as `line 7`; for messages.
    """

    start_s: float
    end_s: float
    label: str | None = None
    speaker: str | None = None
    recording: str | None = None
    confidence: float | None = None
    annotator: str | None = None
    is_guess: bool = False
    place: str = dataclasses.field(default="", compare=False)


class Format:
    """What every format has.

    Attributes
    ----------
    suffixes : tuple of str
        With the dot, in any case; the first is that of files that are written.
    is_per_recording : bool
        Whether a file holds one recording and does not name it: its own name does.
    keeps : frozenset of str
        Which of `SAYS` the format has a place for.
    digits : int
        Decimals of a second that it keeps.
    """

    suffixes: ClassVar[tuple[str, ...]]
    is_per_recording: ClassVar[bool]
    keeps: ClassVar[frozenset[str]]
    digits: ClassVar[int] = 7

    def is_of(self, uri: str) -> bool:
        """Whether a file has one of the suffixes."""
        return suffix(uri) in {known.lower() for known in self.suffixes}

    def parse(self, data: bytes, name: str) -> Iterable[Span]:
        """The spans of a file, as they stand in it; `name` is the file's, for messages.

        Raises
        ------
        AnnotationError
            If it is no such file; names the line.
        """
        raise NotImplementedError

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """A file with these spans, in order; of one recording, if `is_per_recording`."""
        raise NotImplementedError

    def read(self, uri: str) -> Iterable[Span]:
        """The spans of a file."""
        name = uri.rpartition("/")[2]
        own = _stem(name) if self.is_per_recording else None
        for span in self.parse(storage.read(uri), name):
            # An ELAN file may name its film; that of the file counts where it does not.
            yield span if span.recording else dataclasses.replace(span, recording=own)

    def write(self, uri: str, spans: Sequence[Span]) -> None:
        """Write a file with these spans."""
        storage.write(uri, self.render(spans, uri.rpartition("/")[2]))


def read(
    uri: str, name: str | None = None, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Span]:
    """The spans of a file, or of all files of one format in a folder, checked and in order.

    Parameters
    ----------
    uri : str
        Local or `s3://`.
    name : str, optional
        Of the format; the default follows from the suffix.
    settings : mapping, optional
        Of formats, by name: `{"elan": {"tier": "emotion"}}`.

    Returns
    -------
    list of Span
        By recording, start and end; one that is there twice is taken once.

    Raises
    ------
    AnnotationError
        If there is no such file or format, or a span cannot be; names the lines.
    """
    try:
        with storage.reached(uri):
            found = list(_found(uri, name, settings or {}))
    except FileNotFoundError:
        raise AnnotationError(f"{uri}: no such file or folder of annotations") from None
    if not found:
        raise AnnotationError(f"{uri} holds no span")
    return _checks.checked(found, uri)


def write(uri: str, spans: Sequence[Span], name: str | None = None) -> list[str]:
    """Write spans to a file, or to a folder with a file for each recording; where they are.

    Parameters
    ----------
    uri : str
        Local or `s3://`; a folder where the format has a file for each recording.
    name : str, optional
        Of the format; the default follows from the suffix.

    Raises
    ------
    AnnotationError
        If the format is not known, or one file cannot hold several recordings.
    """
    is_file = name is None or _format(name).is_of(uri)
    chosen = _format(name or of_suffix(uri))
    spans = sorted(spans, key=_checks.order)
    if not chosen.is_per_recording:
        target = uri if is_file else storage.join(uri, f"annotations{chosen.suffixes[0]}")
        chosen.write(target, spans)
        return [target]
    by_recording: dict[str | None, list[Span]] = {}
    for span in spans:
        by_recording.setdefault(span.recording, []).append(span)
    if is_file:
        if len(by_recording) > 1:
            raise AnnotationError(
                f"a {chosen.suffixes[0]} file holds one recording, and there are "
                f"{len(by_recording)}; name a folder and the format, as in "
                f"{uri.rpartition('/')[0] or '.'} --to {name or of_suffix(uri)}"
            )
        chosen.write(uri, spans)
        return [uri]
    files = _file_names([str(recording) for recording in by_recording])
    targets = [storage.join(uri, f"{file}{chosen.suffixes[0]}") for file in files]
    for target, own in zip(targets, by_recording.values(), strict=True):
        chosen.write(target, own)
    return targets


def of_suffix(uri: str) -> str:
    """The name of the format of a file.

    Raises
    ------
    AnnotationError
        If no format has its suffix.

    Examples
    --------
    >>> of_suffix("meeting.rttm"), of_suffix("talk.TextGrid")
    ('rttm', 'text_grid')
    """
    for name in registry.names("annotations"):
        if _format(name).is_of(uri):
            return name
    known = ", ".join(registry.names("annotations"))
    raise AnnotationError(f"{uri}: no format has this suffix; name one of {known}")


def suffix(uri: str) -> str:
    """In small letters, with the dot; empty where there is none."""
    stem, dot, last = uri.rpartition("/")[2].rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def lost(spans: Iterable[Span], name: str) -> list[str]:
    """What these spans say that a format has no place for."""
    keeps = _format(name).keeps
    gone = [says for says in SAYS if says != "recording" and says not in keeps]
    return [says for says in gone if any(getattr(span, says) is not None for span in spans)]


def _found(uri: str, name: str | None, settings: Mapping[str, Mapping[str, Any]]) -> Iterable[Span]:
    is_file = _name_of(uri) is not None and not uri.endswith("/")
    files = set() if is_file else storage.names(uri)
    if not is_file and not files and not storage.exists(uri):
        raise FileNotFoundError(uri)
    if not files or "db.yaml" in files:
        chosen = name or ("audformat" if files else of_suffix(uri))
        yield from _format(chosen, settings.get(chosen)).read(uri)
        return
    of_files = {file: _name_of(file) for file in sorted(files) if not file.startswith(".")}
    kinds = sorted({kind for kind in of_files.values() if kind})
    if name is None and len(kinds) != 1:
        what = f"files of {', '.join(kinds)}" if kinds else "no file of a known format"
        raise AnnotationError(f"{uri} holds {what}; name the format of those that are meant")
    chosen = name or kinds[0]
    one = _format(chosen, settings.get(chosen))
    for file in of_files:
        if one.is_of(file):
            yield from one.read(storage.join(uri, file))


def _name_of(file: str) -> str | None:
    try:
        return of_suffix(file)
    except AnnotationError:
        return None


def _format(name: str, settings: Mapping[str, Any] | None = None) -> Format:
    return registry.build("annotations", name, **(settings or {}))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _file_names(recordings: Sequence[str]) -> list[str]:
    """Files for recordings: their names, and of those that repeat, their paths too.

    Examples
    --------
    >>> _file_names(["/a/x.mp4", "/a/y.mp4"])
    ['x', 'y']
    >>> _file_names(["/a/1/x.mp4", "/a/2/x.mp4", "/a/2/y"])
    ['a/1/x.mp4', 'a/2/x.mp4', 'a/2/y']
    """
    short = [_stem(recording.rpartition("/")[2]) for recording in recordings]
    if len(set(short)) == len(short):
        return short
    return [recording.partition("://")[2] or recording.lstrip("/") for recording in recordings]

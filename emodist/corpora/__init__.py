"""Dataset adapters, one file each: what the path of a file says about its speaker and label.

An entry is a frozen dataclass derived from `Corpus`. What is known of the dataset stands in class
attributes, as plain data: labels, licence, citation, addresses, checksums, protocols, defects.
Labels are the corpus's own words; `common` says what they mean elsewhere (`emodist.ontology`).

A file that does not fit raises CorpusError. A file that fits but whose raters did not agree has
the label None, and its attributes say what they said.
"""

import dataclasses
import textwrap
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import ClassVar, Self, TypeAlias

from emodist import registry
from emodist.citations import bibtex
from emodist.errors import CorpusError
from emodist.tables import sheets

# What every entry has; the registry says which is missing.
NEEDED = ("title", "source", "licence", "describe")
# Of labels: the common word, or that and what is lost.
Meanings: TypeAlias = Mapping[str, str | tuple[str | None, str] | None]


@dataclasses.dataclass(frozen=True)
class Description:
    """What an adapter knows of a file without opening it; None where it does not know."""

    speaker: str | None = None
    label: str | None = None
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        # Blanks around a name, as of folders and spreadsheets, would make another one of it, and
        # so would the way in which a Mac writes accents.
        for field in ("speaker", "label"):
            word = getattr(self, field)
            if word is not None and word != (plain := sheets.composed(word).strip()):
                object.__setattr__(self, field, plain or None)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """Who is tested when: how results on a corpus are made comparable.

    Attributes
    ----------
    name : str
        As in `emodist audit --folds NAME`.
    meaning : str
        One sentence, with whose protocol it is.
    by : str
        What is kept together: `speaker`, or the name of an attribute.
    folds : tuple of tuples of str
        For each fold, the values of `by` that are tested; empty: each value is a fold of its own.
    n_folds : int or None
        So many folds of whole speakers, dealt out so that the classes are balanced.
    train, validation : tuple of str
        Values of `by`; both empty: all that a fold does not test is for training.
    """

    name: str
    meaning: str
    by: str = "speaker"
    folds: tuple[tuple[str, ...], ...] = ()
    n_folds: int | None = None
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()


LEAVE_ONE_SPEAKER_OUT = Protocol("loso", "leave one speaker out")


@dataclasses.dataclass(frozen=True)
class Download:
    """An archive (zip) that anyone may download; size and MD5 are None where none is published."""

    part: str
    name: str
    url: str
    size_bytes: int | None = None
    md5: str | None = None


class Corpus:
    """What every adapter has; the defaults are those of a corpus of which nothing is known.

    Attributes
    ----------
    naming : str
        The settings by which a user names speakers that are not known without them.
    title, source, licence : str
    citation : str
        BibTeX of what its authors want cited; empty where there is nothing.
    access : str
        How to get it; shown where there is nothing to download.
    labels : tuple of str
        Every label that `describe` may give, under any setting; empty: not known in advance.
    speakers : tuple of str
        All of them, where they are few.
    n_recordings : int or None
        Of a complete copy.
    label_counts : mapping of str to int
        Recordings of each label in a complete copy.
    common : mapping
        For each label the common word (`emodist.ontology.COMMON`), or a pair of it and what is
        lost on the way; None where the label says that there is none.
    acted : bool
        Whether the speakers were told what to feel.
    protocols : tuple of Protocol
        Official or customary; the first is the default.
    defects : tuple of str
        Known ones, a sentence each; file names as they stand in the corpus.
    downloads : tuple of Download
    """

    naming: ClassVar[str] = ""
    title: ClassVar[str]
    source: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str] = ""
    access: ClassVar[str] = ""
    labels: ClassVar[tuple[str, ...]] = ()
    speakers: ClassVar[tuple[str, ...]] = ()
    n_recordings: ClassVar[int | None] = None
    label_counts: ClassVar[Mapping[str, int]] = {}
    common: ClassVar[Meanings] = {}
    acted: ClassVar[bool] = False
    protocols: ClassVar[tuple[Protocol, ...]] = ()
    defects: ClassVar[tuple[str, ...]] = ()
    downloads: ClassVar[tuple[Download, ...]] = ()

    def opened(self, root: str) -> Self:
        """The adapter that knows where the label files of the copy at `root` are.

        Raises
        ------
        CorpusError
            If labels come from a file, and it is not there.
        """
        return self

    def describe(self, path: str) -> Description:
        """What the path, relative to the corpus folder, says.

        Raises
        ------
        CorpusError
            If it is not a file of this corpus; the message names the file.
        """
        raise NotImplementedError

    def key(self, path: str) -> str:
        """What a recording is called in any copy of the corpus, whatever its folder and suffix."""
        return PurePosixPath(path).stem

    def knows(self, path: str) -> bool:
        """Whether a user's own table of the files, if there is one, names this one."""
        return True

    def stranger(self) -> CorpusError:
        """What to say where `knows` was true of no file."""
        return CorpusError(f"{self.title}: knows none of these files")

    def notes(self) -> list[str]:
        """Sentences on what was found in the user's own table, once all files have been seen."""
        return []

    def expected(self, keys: Collection[str]) -> frozenset[str]:
        """The keys that a copy which holds `keys` should hold; empty where that is not known."""
        return frozenset()

    def contradiction(self, path: str) -> str | None:
        """How the folder of a file contradicts its name, as in Actor_01/...-02.wav."""
        return None


def how_to_name_speakers(names: Collection[str | None]) -> str:
    """What a user who featurizes these corpora can say, so that each recording has a speaker.

    Examples
    --------
    >>> how_to_name_speakers(["folder"])
    'folder.speaker_pattern=prefix, or a list (CSV) with columns `uri` and `speaker`'
    """
    known = sorted({name for name in names if name in registry.names("corpora")})
    entries: list = [registry.get("corpora", name) for name in known]
    ways = [entry.naming for entry in entries if entry.naming]
    return ", or ".join([*ways, "a list (CSV) with columns `uri` and `speaker`"])


def card(name: str) -> str:
    """All that is known of a corpus, for people to read."""
    corpus = registry.get("corpora", name)
    assert issubclass(corpus, Corpus)
    lines = [
        _entry(field, getattr(corpus, field))
        for field in ("title", "source", "licence", "access")
        if getattr(corpus, field)
    ]
    lines += [_entry("citation", bibtex.plain(work)) for work in bibtex.works(corpus.citation)]
    if corpus.n_recordings:
        lines.append(_entry("recordings", str(corpus.n_recordings)))
    if corpus.speakers:
        lines.append(_entry("speakers", f"{len(corpus.speakers)}: {' '.join(corpus.speakers)}"))
    if corpus.labels:
        counts = corpus.label_counts
        lines.append(
            _entry(
                "labels", ", ".join(f"{x} {counts[x]}" if x in counts else x for x in corpus.labels)
            )
        )
    settings = registry.describe("corpora", name)[1]
    lines.append(_entry("settings", settings or "none"))
    lines += [_entry("protocol", _protocol_text(protocol)) for protocol in corpus.protocols]
    lines += [_entry("defect", defect) for defect in corpus.defects]
    for download in corpus.downloads:
        size = f", {download.size_bytes} bytes" if download.size_bytes else ", size not published"
        md5 = f", MD5 {download.md5}" if download.md5 else ", no checksum published"
        lines.append(_entry("download", f"{download.part}: {download.url}{size}{md5}"))
    return "\n".join([*lines, "", textwrap.dedent(f"    {corpus.__doc__}").strip()])


def _entry(field: str, text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()),
        width=96,
        initial_indent=f"{field:11}",
        subsequent_indent=" " * 11,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _protocol_text(protocol: Protocol) -> str:
    text = f"{protocol.name}: {protocol.meaning} (by {protocol.by}"
    if protocol.train:
        text += f"; train {' '.join(protocol.train)}"
    if protocol.validation:
        text += f"; validation {' '.join(protocol.validation)}"
    if protocol.folds:
        text += f"; test {' '.join('{' + ','.join(fold) + '}' for fold in protocol.folds)}"
    elif protocol.n_folds is None:
        text += "; each one in turn"
    return text + ")"

"""What is wrong with a copy of a corpus: every file is looked at, none is changed.

Each file is read and decoded once, in child processes, since a damaged one may crash its decoder.
"""

import contextlib
import dataclasses
import hashlib
import os
import queue
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np
from tqdm import tqdm

from emodist import storage
from emodist.audio import decode
from emodist.corpora import Corpus, Description
from emodist.errors import (
    AsideError,
    AudioError,
    CorpusError,
    FileTimeoutError,
    ProcessDiedError,
)
from emodist.learning import doubts
from emodist.media import listing, plan
from emodist.media.child import Child
from emodist.media.files import shown
from emodist.media.settings import MediaSettings
from emodist.tables.sheets import printable

KINDS = (
    "missing", "extra", "unreadable", "silent", "duplicate", "lfs_pointer", "contradictory",
    "labels",
)  # fmt: skip
# -60 dB below full scale; the quietest acted speech peaks some 20 dB above that.
SILENT_PEAK = 1e-3
LINE_EVERY_S = 15.0
N_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `is_known` if the publisher's copy has it too.

    `paths` are relative to the corpus folder; of a missing recording, its name.
    """

    kind: str
    paths: tuple[str, ...]
    message: str
    is_known: bool = False

    def __post_init__(self) -> None:
        # Names of files need not be UTF-8; what is said of them is.
        object.__setattr__(self, "paths", tuple(map(printable, self.paths)))
        object.__setattr__(self, "message", printable(self.message))


@dataclasses.dataclass(frozen=True)
class Examination:
    """What reading and decoding a file came to; hashes are None where that failed."""

    bytes_sha: str | None = None
    audio_sha: str | None = None
    duration_s: float = 0.0
    peak: float = 0.0
    is_pointer: bool = False
    error: str | None = None


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """Of one copy: what it holds and what is wrong with it."""

    corpus: str
    path: str
    n_files: int
    n_recordings: int
    n_complete: int | None
    n_aside: int
    duration_s: float
    labels: dict[str, int]
    speakers: dict[str, int]
    absent_speakers: tuple[str, ...]
    findings: tuple[Finding, ...]
    listing: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        counts = Counter(finding.kind for finding in self.findings)
        return {
            **dataclasses.asdict(self),
            "is_clean": self.is_clean,
            "counts": {kind: counts[kind] for kind in KINDS},
        }

    def __str__(self) -> str:
        of = f" of {self.n_complete}" if self.n_complete else ""
        lines = [
            f"{self.corpus} in {self.path}",
            f"recordings {self.n_recordings}{of}   files {self.n_files}   "
            f"sound {self.duration_s / 3600:.2f} h",
            f"labels {_counted(self.labels)}",
            f"speakers {len(self.speakers)}: {_counted(self.speakers)}",
        ]
        if self.absent_speakers:
            lines.append(f"not in this copy: speakers {' '.join(self.absent_speakers)}")
        if self.n_aside:
            lines.append(f"{self.n_aside} files are no recordings of their own (whole dialogues)")
        lines += self.listing
        for kind in KINDS:
            alike = [finding for finding in self.findings if finding.kind == kind]
            for finding in alike[:N_SHOWN]:
                known = " (known defect)" if finding.is_known else ""
                where = f"{', '.join(finding.paths)}: " if finding.paths else ""
                lines.append(f"{kind}: {where}{finding.message}{known}")
            if len(alike) > N_SHOWN:
                lines.append(f"{kind}: and {len(alike) - N_SHOWN} more; --json lists all")
        counts = Counter(finding.kind for finding in self.findings)
        lines.append(
            "findings: " + (", ".join(f"{k} {counts[k]}" for k in KINDS if counts[k]) or "none")
        )
        return "\n".join(lines)


def diagnose(settings: MediaSettings) -> Diagnosis:
    """Look at every file of a copy.

    Parameters
    ----------
    settings : MediaSettings
        `path`, `corpus` and its settings, `workers`, `file_timeout_s`, `max_duration_s`, `decoder`
        are used.

    Raises
    ------
    ConfigError, CorpusError
        If there is nothing to look at, or the corpus's label files are missing.
    """
    corpus: Corpus = settings.build_corpus().opened(settings.path)
    found = listing.media_files(settings.path)
    files = list(plan.known(found, corpus))
    if not files:
        raise listing.none_found(settings.path, found.aside)
    findings: list[Finding] = []
    described: dict[str, Description] = {}
    asides = set()
    for file in files:
        try:
            described[file.path] = corpus.describe(file.path)
        except AsideError:
            asides.add(file.path)
        except CorpusError as error:
            findings.append(Finding("extra", (file.path,), str(error)))
    examined = _examine_all([file for file in files if file.path not in asides], settings)
    keys = {path: corpus.key(path) for path in described}
    findings += _missing(corpus, keys, described)
    findings += _damaged(corpus, keys, examined)
    findings += _repeated(corpus, keys, described, examined)
    for path in described:
        if reason := corpus.contradiction(path):
            findings.append(Finding("contradictory", (path,), reason))
    findings += _spellings(described)
    speakers = Counter(printable(d.speaker or "unknown") for d in described.values())
    labels = Counter(printable(d.label or "none") for d in described.values())
    return Diagnosis(
        corpus=settings.corpus,
        path=settings.path,
        n_files=len(files),
        n_recordings=len(set(keys.values())),
        n_complete=corpus.n_recordings,
        n_aside=len(asides),
        duration_s=sum(examined[path].duration_s for path in described),
        labels=dict(sorted(labels.items())),
        speakers=dict(sorted(speakers.items())),
        absent_speakers=tuple(s for s in corpus.speakers if s not in speakers),
        findings=tuple(sorted(findings, key=lambda f: (KINDS.index(f.kind), f.paths))),
        listing=(*found.aside.told(), *corpus.notes()),
    )


def _missing(
    corpus: Corpus, keys: dict[str, str], described: dict[str, Description]
) -> Iterator[Finding]:
    present = set(keys.values())
    expected = corpus.expected(present)
    for key in sorted(expected - present):
        known = _is_known(corpus, [key])
        yield Finding("missing", (key,), "is not in this copy", known)
    if not expected and corpus.n_recordings and len(present) < corpus.n_recordings:
        # One key may have several files; each recording counts once.
        labels = Counter({keys[path]: d.label for path, d in described.items()}.values())
        few = [
            f"{label} {labels[label]} of {n}"
            for label, n in corpus.label_counts.items()
            if labels[label] < n
        ]
        message = f"{len(present)} of {corpus.n_recordings} recordings"
        yield Finding("missing", (), f"{message}: {', '.join(few)}" if few else message)


def _damaged(
    corpus: Corpus, keys: dict[str, str], examined: dict[str, Examination]
) -> Iterator[Finding]:
    for path, result in examined.items():
        known = path in keys and _is_known(corpus, [keys[path]])
        if result.is_pointer:
            yield Finding(
                "lfs_pointer", (path,), "is a Git LFS pointer, not sound; run `git lfs pull`"
            )
        elif result.error:
            yield Finding("unreadable", (path,), result.error, known)
        elif result.peak < SILENT_PEAK:
            level = f"{20 * np.log10(result.peak):.0f} dB" if result.peak else "digital silence"
            yield Finding("silent", (path,), f"has no sound above -60 dB ({level})", known)


def _repeated(
    corpus: Corpus,
    keys: dict[str, str],
    described: dict[str, Description],
    examined: dict[str, Examination],
) -> Iterator[Finding]:
    groups = defaultdict(list)
    for path, result in examined.items():
        is_silent = not result.error and result.peak < SILENT_PEAK
        if (same := result.audio_sha or result.bytes_sha) and not result.is_pointer:
            # Equal silences say nothing, but equal files do.
            groups[result.bytes_sha if is_silent else same].append(path)
    together = set()
    for paths in groups.values():
        if len(paths) < 2:
            continue
        known = all(path in keys for path in paths) and _is_known(
            corpus, {keys[path] for path in paths}
        )
        is_copy = len({examined[path].bytes_sha for path in paths}) == 1
        message = "have the same bytes" if is_copy else "have the same sound in different bytes"
        yield Finding("duplicate", tuple(paths), message, known)
        together.add(frozenset(keys[path] for path in paths if path in keys))
        for what in ("label", "speaker"):
            said = {getattr(described[path], what) for path in paths if path in described}
            if len(said - {None}) > 1:
                words = " and ".join(sorted(map(str, said - {None})))
                message = f"have the same sound and the {what}s {words}"
                yield Finding("contradictory", tuple(paths), message, known)
    names = defaultdict(list)
    for path, key in keys.items():
        names[key].append(path)
    for key, paths in names.items():
        if len(paths) > 1 and frozenset([key]) not in together:
            yield Finding("duplicate", tuple(paths), "are named as one recording, but differ")


def _spellings(described: dict[str, Description]) -> Iterator[Finding]:
    for names in doubts.alike(one.label for one in described.values()):
        rarest = min(names, key=lambda name: (names[name], name))
        example = next(path for path, one in described.items() if one.label == rarest)
        message = (
            f"{doubts.shown(names)} differ only in case or blanks, and are classes of their own"
        )
        yield Finding("labels", (example,), message)


def _is_known(corpus: Corpus, keys: Iterable[str]) -> bool:
    patterns = [re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])") for key in keys]
    return any(all(p.search(defect) for p in patterns) for defect in corpus.defects)


def _counted(counts: dict[str, int], n_shown: int = 30) -> str:
    shown = [f"{name} {n}" for name, n in counts.items()][:n_shown]
    return ", ".join(shown) + (", ..." if len(counts) > n_shown else "") or "none"


def _examine_all(files: list[listing.MediaFile], settings: MediaSettings) -> dict[str, Examination]:
    n_workers = min(settings.workers or os.cpu_count() or 1, len(files)) or 1
    idle: queue.Queue[Child] = queue.Queue()
    children = [Child(examining, settings) for _ in range(n_workers)]
    for child in children:
        idle.put(child)

    def look(file: listing.MediaFile) -> Examination:
        if file.problem:
            return Examination(error=file.problem)
        if printable(file.uri) != file.uri:
            return Examination(error=plan.NOT_UTF8.format(shown(file.path)))
        child = idle.get()
        try:
            return _examined(child, file.uri)
        finally:
            idle.put(child)

    results = {}
    pool = ThreadPoolExecutor(n_workers)
    try:
        waiting = {pool.submit(look, file): file.path for file in files}
        for future in _with_progress(as_completed(waiting), len(files)):
            results[waiting[future]] = future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in children:
            child.close()
    return {file.path: results[file.path] for file in files}


def _with_progress(results: Iterable[Any], total: int) -> Iterator[Any]:
    """Files done and time left, on stderr: a bar, or now and then a line."""
    started = shown = time.monotonic()
    with tqdm(total=total, unit="file", disable=not sys.stderr.isatty()) as bar:
        for n_done, result in enumerate(results, start=1):
            bar.update()
            if bar.disable and time.monotonic() - shown > LINE_EVERY_S:
                shown = time.monotonic()
                left_s = (shown - started) / n_done * (total - n_done)
                print(f"{n_done} of {total} files, {left_s:.0f} s left", file=sys.stderr)
            yield result


def _examined(child: Child, uri: str) -> Examination:
    try:
        *_, result = child.run(uri)
    except (FileTimeoutError, ProcessDiedError) as error:
        return Examination(error=str(error))
    return result


def examining(settings: MediaSettings) -> Callable[[str], Iterator[Examination | None]]:
    """The stage of the child processes."""
    return lambda uri: examine(uri, settings.decoder, settings.max_duration_s)


def examine(
    uri: str, decoder: str = "auto", max_duration_s: float | None = None
) -> Iterator[Examination | None]:
    """None for each sign of life, then the result."""
    bytes_sha = None
    sha, n_samples, peak = hashlib.sha256(), 0, 0.0
    try:
        with storage.opened(uri) as source:
            whole = hashlib.sha256()
            head = b""
            with contextlib.ExitStack() as stack:
                if isinstance(source, str):
                    file = stack.enter_context(open(source, "rb"))
                else:
                    file = source
                while chunk := file.read(2**22):
                    head = head or chunk[:64]
                    whole.update(chunk)
                    yield None
            bytes_sha = whole.hexdigest()
            if head.startswith(b"version https://git-lfs"):
                yield Examination(bytes_sha, is_pointer=True)
                return
            for block in decode.blocks(source, decoder, max_duration_s):
                sha.update(block.tobytes())
                n_samples += len(block)
                peak = max(peak, float(np.abs(block).max()))
                yield None
    except (AudioError, OSError) as error:
        yield Examination(bytes_sha, error=str(error).removeprefix(f"{uri}: "))
    # Whatever else goes wrong with one file is a finding about that file.
    except Exception as error:
        yield Examination(bytes_sha, error=f"{type(error).__name__}: {error}")
    else:
        yield Examination(bytes_sha, sha.hexdigest(), n_samples / decode.SAMPLE_RATE, peak)

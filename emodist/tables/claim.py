"""Whose an output folder is, and which runs have filled it.

A folder carries a record (`run.json`, `sweep.json`, `predict.json`): the first run makes it, and a
later one goes on only if it asks for the same. What a run did stands in a file of its own,
`runs/NAME.json`, which nobody else writes; `runs` of the record gathers these, so that of two runs
at once neither loses the other's.
"""

import datetime
import importlib.metadata
import platform
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import emodist
from emodist import config, storage
from emodist.errors import OutputError
from emodist.tables import records

# Beside the record.
RUNS = "runs"
# A bucket answers slowly, but to many.
FILES_AT_ONCE = 16

# Keys of a record beside its settings that have to be the same, and in words what is another if
# they are not; `{names}` stand for what the folder's record holds.
Others = Mapping[str, str]


def fresh(settings: Mapping[str, Any], packages: Iterable[str], **more: Any) -> dict[str, Any]:
    """The record of a folder that is begun now."""
    return {
        "emodist": emodist.__version__,
        "settings": dict(settings),
        **more,
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in packages},
        },
        "runs": [],
    }


def take(
    uri: str,
    record: dict[str, Any],
    others: Others | None = None,
    is_begun: Callable[[], bool] = lambda: True,
) -> dict[str, Any]:
    """The record at `uri`, which is the given one if the folder had none, or nothing was begun.

    Parameters
    ----------
    is_begun : callable, optional
        Whether anything was made as the folder's record says. An earlier run may have found
        something wrong before that.

    Raises
    ------
    OutputError
        If the folder was made with other settings, or cannot be written.
    ConfigError
        If a later emodist made it.
    """
    record = records.stamped(uri, record)
    if records.create(uri, record):
        return record
    there = records.read(uri)
    what = _difference(there, record, others or {})
    if what is None:
        return there
    if is_begun():
        raise _refused(uri, what)
    records.write(uri, record)
    return record


def check(uri: str, record: Mapping[str, Any], others: Others | None = None) -> None:
    """See that `take` would not refuse, and write nothing.

    Raises
    ------
    OutputError
        If the folder was made with other settings.
    """
    if storage.exists(uri):
        what = _difference(records.read(uri), record, others or {})
        if what is not None:
            raise _refused(uri, what)


def no_strangers(out: str, known: Iterable[str]) -> None:
    """See that a folder holds nothing but files of a job, by their names.

    Raises
    ------
    OutputError
        If it holds others.
    """
    # What a killed writer leaves starts with a dot.
    strange = sorted(name for name in storage.names(out) - set(known) if name[0] != ".")
    if strange:
        raise OutputError(f"{out} holds other files, such as {strange[0]}; choose another --out")


def new_run() -> str:
    """A name for a run that no other has; names sort by time."""
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"


def save_run(
    uri: str,
    name: str,
    run: Mapping[str, Any],
    about: Callable[[], Mapping[str, Any]] = dict,
) -> dict[str, Any]:
    """Note what a run did, and bring the record at `uri` up to date.

    Parameters
    ----------
    name : str
        From `new_run`; a run that is noted twice replaces what it said before.
    about : callable, optional
        What the record says of the folder as it is now, such as counts.

    Returns
    -------
    dict
        The record.
    """
    folder = storage.join(uri.rpartition("/")[0], RUNS)
    # Runs of a version that kept them in the record alone; their names come first. The record is
    # read before the folder: what is in it while the folder is empty cannot be of this version.
    older = records.read(uri)["runs"]
    if not storage.names(folder):
        for number, earlier in enumerate(older):
            storage.write_json(storage.join(folder, f"{number:08d}.json"), earlier)
    this = {"emodist": emodist.__version__, **run}
    storage.write_json(storage.join(folder, f"{name}.json"), this)
    runs: list[Any] = []
    # Another run may have noted something after this one looked, and written before it.
    while runs != (runs := _runs(folder)):
        record = {**records.read(uri), "runs": runs, **about()}
        records.write(uri, record)
    return record


def _runs(folder: str) -> list[Any]:
    names = sorted(name for name in storage.names(folder) if name[0] != ".")
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        return list(pool.map(lambda name: storage.read_json(storage.join(folder, name)), names))


def _difference(theirs: Mapping[str, Any], ours: Mapping[str, Any], others: Others) -> str | None:
    if difference := config.difference(theirs.get("settings", {}), ours.get("settings", {})):
        return difference
    for key, words in others.items():
        if theirs.get(key) != ours.get(key):
            return words.format(**theirs)
    return None


def _refused(uri: str, what: str) -> OutputError:
    return OutputError(
        f"{uri.rpartition('/')[0]} was made with {what}; choose another --out, or the same settings"
    )

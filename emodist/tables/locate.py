"""Where the files of a table lie, and how the table was made."""

import contextlib
from typing import Any

from emodist import storage
from emodist.errors import ConfigError
from emodist.tables import records
from emodist.tables.table import Table


def open_table(uri: str) -> Table:
    """The table at a place: an output folder (its features), a table's folder, or a Parquet file.

    Raises
    ------
    ConfigError
        If there is no table, or a later emodist wrote it.
    """
    uri = storage.absolute(uri)
    if uri.endswith(".parquet"):
        if not storage.exists(uri):
            raise ConfigError(f"{uri}: no such file")
        return Table([uri])
    if "run.json" in storage.names(uri):
        # Says of a later version's folder that it is one.
        records.read(storage.join(uri, "run.json"))
        folders = storage.names(uri)
        return table(uri, "features" if "features" in folders else "recordings")
    folder, _, name = uri.rpartition("/")
    return table(folder, name)


def table(out: str, name: str) -> Table:
    """A table of an output folder.

    Raises
    ------
    ConfigError
        If there is no such table.
    """
    opened = files(out, name)
    if not opened.files:
        raise ConfigError(f"{out} has no table {name}; is it the output of a job?")
    return opened


def files(out: str, name: str) -> Table:
    """A table of an output folder, which may have no files yet."""
    return Table([storage.join(out, name, file) for file in files_of(out, name)])


def files_of(out: str, name: str) -> list[str]:
    """Names of the files of a table in an output folder, sorted; what is half written is none."""
    names = storage.names(storage.join(out, name))
    return sorted(file for file in names if file.endswith(".parquet") and file[0] != ".")


def output_folder(uri: str) -> str | None:
    """The output folder that a table lies in, or is."""
    folder = storage.absolute(uri)
    for _ in range(3):
        if {"run.json", "recordings"} <= storage.names(folder):
            return folder
        folder = folder.rpartition("/")[0]
        if not folder:
            break
    return None


def origin(uri: str) -> dict[str, Any]:
    """How a table was made: its folder, settings, versions, and the hash of YAMNet's network.

    Empty for a table that lies outside an output folder.
    """
    folder = output_folder(uri)
    if folder is None:
        return {}
    record = records.read(storage.join(folder, "run.json"))
    made = {"uri": folder, **{key: record[key] for key in ("emodist", "settings", "versions")}}
    with contextlib.suppress(FileNotFoundError):
        core = storage.read_json(storage.join(folder, "yamnet", "core.json"))
        made["yamnet_sha256"] = core["core_sha256"]
    return made

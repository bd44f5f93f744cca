"""Records: the JSON files that say of an output folder what it is, and how it is written.

`format` counts the ways of writing a record and the files beside it, each kind by itself; a record
without the number is of format 1, as emodist 0.1 wrote them. It is raised when an earlier emodist
would misread what this one writes; who reads a record knows its earlier formats.
"""

import json
from collections.abc import Mapping
from typing import Any

import emodist
from emodist import storage
from emodist.errors import ConfigError

FORMATS = {
    "run.json": 1,
    "sweep.json": 1,
    "predict.json": 1,
    "clusters.json": 1,
    # 2: `fingerprint` of its data is that of the rows; that of the numbers stands beside it.
    "evaluation.json": 2,
    # 2: one record for classifiers and networks (`models.card`).
    "bundle.json": 2,
}


def read(uri: str) -> dict[str, Any]:
    """What a record says.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ConfigError
        If a later emodist wrote it, or it is no JSON.
    """
    try:
        record = json.loads(storage.read(uri))
    except ValueError as error:
        raise ConfigError(f"{uri} is no JSON: {error}") from None
    check(uri, record, FORMATS[_name(uri)])
    return record


def check(uri: str, record: Mapping[str, Any], known: int) -> None:
    """See that this emodist, which knows formats up to `known`, can read a record.

    Raises
    ------
    ConfigError
        If it cannot.
    """
    number = record.get("format", 1)
    if number > known:
        raise ConfigError(
            f"{uri} is of format {number}, written by emodist {record.get('emodist')}; this is "
            f"emodist {emodist.__version__}, which reads up to format {known}: install the later "
            "one, as in pip install --upgrade emodist"
        )


def create(uri: str, record: Mapping[str, Any]) -> bool:
    """Write a record if there is none yet; False if there was one."""
    return storage.create_json(uri, stamped(uri, record))


def write(uri: str, record: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all."""
    storage.write_json(uri, stamped(uri, record))


def stamped(uri: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the format of its name, as it is written."""
    return {"format": FORMATS[_name(uri)], **{k: v for k, v in record.items() if k != "format"}}


def _name(uri: str) -> str:
    return uri.rpartition("/")[2]

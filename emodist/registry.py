"""A registry is a folder: `features/log_mel.py` holds `LogMel` and is named `log_mel`.

Files that start with an underscore are helpers, not entries. Nothing registers itself: a Ray
worker finds the same entries as the driver, because both look into the same folders: that of the
package, and those of plugins (`emodist.plugins`).
"""

import dataclasses
import difflib
import pkgutil
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

from emodist.errors import ConfigError
from emodist.plugins import entries, folders


def names(folder: str) -> tuple[str, ...]:
    """Names of the entries of `emodist/FOLDER/` and of plugins, sorted.

    Examples
    --------
    >>> "mfcc" in names("features")
    True
    """
    known = [*own_names(folder), *folders.modules(folder)]
    return tuple(sorted(name for name in known if not name.startswith("_")))


@cache
def own_names(folder: str) -> tuple[str, ...]:
    """Those of the package alone, sorted."""
    known = (module.name for module in pkgutil.iter_modules([str(folders.PACKAGE / folder)]))
    return tuple(sorted(name for name in known if not name.startswith("_")))


def get(folder: str, name: str) -> type:
    """The class behind a name.

    Raises
    ------
    ConfigError
        If the folder has no such entry, or its file holds none that works.
    """
    if name not in names(folder):
        hint = "; ".join([suggest(name, names(folder)), *folders.problems()])
        raise ConfigError(f"{folder} has no {name!r}; {hint}")
    return entries.load(folder, name)


def build(folder: str, name: str, **settings):
    """An entry with its settings; entries are frozen dataclasses.

    Raises
    ------
    ConfigError
        If the name or one of the settings is unknown.
    """
    entry = get(folder, name)
    known = [field.name for field in dataclasses.fields(entry)]
    for setting in settings:
        if setting not in known:
            raise ConfigError(f"{name} has no setting {setting!r}; {suggest(setting, known)}")
    return entry(**settings)


def describe(folder: str, name: str) -> tuple[str, str]:
    """What an entry is, in one line, and its settings with their defaults.

    Examples
    --------
    >>> describe("corpora", "media")[1]
    'speaker_level=1 sidecar=null'
    """
    entry = get(folder, name)
    module = sys.modules[entry.__module__]
    meaning = (module.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    shown = {field.name: field.default for field in dataclasses.fields(entry)}
    return meaning, " ".join(f"{key}={_shown(value)}" for key, value in shown.items())


def citation(folder: str, name: str) -> str:
    """BibTeX of what an entry comes from; empty where there is nobody to cite.

    Examples
    --------
    >>> citation("corpora", "ravdess").splitlines()[0]
    '@article{livingstone2018ravdess,'
    """
    return getattr(get(folder, name), "citation", "")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "null" if value is None else str(value)


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown word.

    Examples
    --------
    >>> suggest("n_mffc", ["n_mfcc", "n_delta"])
    "did you mean 'n_mfcc'?"
    >>> suggest("x", ["n_mfcc"])
    'known: n_mfcc'
    """
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}"

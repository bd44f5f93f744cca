"""Which plugin folders are in force in this process, and which version of them.

A folder that was used stays in force while the process lives, as a module that was imported does.
"""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from emodist.errors import ConfigError
from emodist.plugins import source
from emodist.plugins.source import REGISTRIES, Folder

PACKAGE = Path(__file__).parents[1]
GROUP = "emodist.plugins"


class Folders(tuple):
    """Places of plugin folders; a pickle takes along what they, and installed ones, hold."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        packed = [(folder.place, dict(folder.files)) for folder in _installed()[0]]
        packed += [(place, dict(_used[place].files)) for place in self]
        return _unpacked, (packed, len(self))


# Those that settings named, in their order.
_used: dict[str, Folder] = {}


def use(places: Iterable[str]) -> Folders:
    """Put folders in force in this process, and in all that the result is sent to.

    A folder that has changed since it was used is read again.

    Raises
    ------
    ConfigError
        If one is no plugin folder, or holds a name that is taken.
    """
    chosen = []
    for given in places:
        if "://" in given:
            raise ConfigError(f"plugins takes folders of this machine; got {given}")
        place = os.path.abspath(os.path.expanduser(given))
        known = _used.get(place)
        if known is None or known.state not in (None, source.state(place)):
            folder = source.read(place)
            if folder != known:
                _check(folder, (other for other in _in_force() if other.place != place))
                source.warn_of_heavy(folder)
                _forget(place)
            _used[place] = folder
        chosen.append(place)
    return Folders(chosen)


def modules(registry: str) -> dict[str, str]:
    """The file of each module that plugins add to a registry, by name; helpers (`_NAME`) too."""
    files: dict[str, str] = {}
    for folder in _in_force() if registry in REGISTRIES else ():
        for name, file in folder.modules(registry).items():
            files.setdefault(name, os.path.join(folder.place, file))
    return files


def versions(registry: str, names: Collection[str]) -> dict[str, str]:
    """Which plugin files these entries are made of: SHA-256 by path within their folder."""
    hashes: dict[str, str] = {}
    for folder in _in_force():
        hashes = {**folder.versions(registry, names), **hashes}
    return hashes


def check(what: str, made_with: Mapping[str, str], registry: str = "") -> None:
    """See that plugin files are in force, as they were when something was made.

    Parameters
    ----------
    what : str
        What was made, as the message calls it.
    made_with : mapping
        As `versions` gave it; those of another `registry` do not count.

    Raises
    ------
    ConfigError
        If one is missing or another version.
    """
    wanted = {file: sha for file, sha in made_with.items() if file.startswith(registry)}
    here: dict[str, str] = {}
    for folder in _in_force():
        for file in wanted.keys() & folder.files.keys():
            here.setdefault(file, sha256(folder.files[file]).hexdigest())
    if other := difference(wanted, here):
        raise ConfigError(f"{what} was made with {other}")


def difference(then: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """What something was made with that is not in force now; None: nothing.

    Examples
    --------
    >>> difference({"features/breath_rate.py": "0a"}, {"features/breath_rate.py": "1b"})
    'another version of features/breath_rate.py'
    """
    for file in {**then, **now}:
        if file not in now:
            return f"the plugin {file}, which is not here (plugins=FOLDER says where)"
        if file not in then:
            return f"other plugins than {file}"
        if then[file] != now[file]:
            return f"another version of {file}"
    return None


def place_of(error: BaseException) -> str | None:
    """File and line of the plugin where an error comes from; None if from none."""
    roots = tuple(folder.place + os.sep for folder in _in_force())
    place, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(roots):
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def told(error: BaseException) -> str:
    """An error that emodist does not know, in one line: what it says, and where if in a plugin."""
    first = (str(error).strip().splitlines() or [""])[0]
    where = place_of(error)
    return f"{type(error).__name__}: {first}" + (f" ({where})" if where else "")


def problems() -> tuple[str, ...]:
    """What is wrong with installed plugins, a sentence each; they are left out."""
    return _installed()[1]


class _Finder:
    """Finds modules of plugins, asked after Python's own finders have found none in the package."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        root, _, rest = name.partition(".")
        registry, _, module = rest.partition(".")
        if root != "emodist" or registry not in REGISTRIES or not module or "." in module:
            return None
        return PathFinder.find_spec(name, [f"{folder.place}/{registry}" for folder in _in_force()])


sys.meta_path.append(_Finder)  # type: ignore[arg-type]


def _in_force() -> Iterator[Folder]:
    """Of two that hold one name, the first has it: what another process sent, not what is here."""
    yield from list(_used.values())
    yield from _installed()[0]


@cache
def _installed() -> tuple[tuple[Folder, ...], tuple[str, ...]]:
    """Folders of packages with an entry point, and a sentence on each that cannot be used."""
    if not _may_be_installed():
        return (), ()
    import importlib.metadata

    folders: list[Folder] = []
    wrong = []
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            # Runs only what stands above it.
            spec = importlib.util.find_spec(point.value)
            if spec is None:
                raise ConfigError(f"there is no module {point.value}")
            within = spec.submodule_search_locations or [os.path.dirname(spec.origin or "")]
            folder = source.read(os.path.abspath(next(iter(within))))
            _check(folder, folders)
            folders.append(folder)
        # Whatever it is, other commands do not need it.
        except Exception as error:
            wrong.append(f"the installed plugin {point.name} is left out: {error}")
    return tuple(folders), tuple(wrong)


def _may_be_installed() -> bool:
    """Whether any package's own list of entry points has words like ours.

    Python's reader of these lists would say so too, after ten times as long.
    """
    for place in sys.path:
        try:
            names = os.listdir(place or ".")
        except (FileNotFoundError, PermissionError):
            continue
        except OSError:
            return True  # an archive, which Python looks into
        for name in names:
            with contextlib.suppress(OSError):
                if name.endswith((".dist-info", ".egg-info")):
                    points = Path(place, name, "entry_points.txt")
                    if GROUP in points.read_text(encoding="utf-8", errors="replace"):
                        return True
    return False


def _check(folder: Folder, others: Iterable[Folder]) -> None:
    others = list(others)
    for registry in REGISTRIES:
        for name, file in folder.modules(registry).items():
            where = os.path.join(folder.place, file)
            if not name.isidentifier() or name != name.lower():
                raise ConfigError(
                    f"{where}: a name is small letters, digits and underscores; rename the file"
                )
            own = Path(PACKAGE, registry, name)
            if own.with_suffix(".py").exists() or own.is_dir():
                raise ConfigError(
                    f"{where}: emodist has {registry}/{name}.py itself; rename the file"
                )
            if twin := next((other for other in others if name in other.modules(registry)), None):
                raise ConfigError(
                    f"{where}: {twin.place} holds {registry}/{name}.py too; rename one of them"
                )


def _forget(place: str) -> None:
    """Drop the modules of a folder that has changed; objects of their classes stay as they are."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if name.startswith("emodist.") and file.startswith(place + os.sep):
            del sys.modules[name]
            parent, _, own = name.rpartition(".")
            if parent in sys.modules:
                vars(sys.modules[parent]).pop(own, None)
            # Python takes what is as long and as old, to the second, for the same.
            with contextlib.suppress(OSError):
                os.unlink(importlib.util.cache_from_source(file))
    importlib.invalidate_caches()


def _unpacked(packed: Iterable[tuple[str, dict[str, bytes]]], n_named: int) -> Folders:
    """In a process that was sent settings: what they brought, in its own place if it is there.

    The last `n_named` folders are those that the settings name; the others were installed.
    """
    chosen: list[str] = []
    for place, files in packed:
        if place not in _used or _used[place].files != files:
            here = source.read(place) if os.path.isdir(place) else None
            if here is None or here.files != files:
                place = source.written(files)
            _used.setdefault(place, Folder(place, files))
        chosen.append(place)
    return Folders(chosen[len(chosen) - n_named :])

"""What a plugin folder holds: read once, hashed, looked through, and written again elsewhere."""

import ast
import contextlib
import dataclasses
import difflib
import hashlib
import os
import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from emodist.errors import ConfigError

# The registries that others may add to.
REGISTRIES = (
    *("annotations", "augmentations", "batch_augmentations", "clusterers", "corpora"),
    *("estimators", "features", "networks"),
)
# What a folder holds travels to each worker; models do not.
MOST_BYTES = 16 * 2**20
# They take seconds and hundreds of megabytes in each process that looks at a file.
HEAVY = frozenset({"ray", "tensorflow", "keras", "torch"})


@dataclasses.dataclass(frozen=True)
class Folder:
    """What one plugin folder holds.

    Attributes
    ----------
    place : str
        Absolute path.
    files : mapping of str to bytes
        Content by path within the folder, as `features/breath_rate.py`.
    state : tuple or None
        Of times and sizes on the disk, which tell whether it is worth reading again; None: never,
        since this is what another process works with.
    """

    place: str
    files: Mapping[str, bytes]
    state: tuple[Any, ...] | None = dataclasses.field(compare=False, default=None)

    def modules(self, registry: str) -> dict[str, str]:
        """The file of each module of a registry, helpers too, by name."""
        modules = {}
        for file in self.files:
            folder, _, rest = file.partition("/")
            name, _, inner = rest.partition("/")
            if folder == registry and inner in ("", "__init__.py") and file.endswith(".py"):
                modules[name.removesuffix(".py")] = file
        return {name: file for name, file in modules.items() if name != "__init__"}

    def versions(self, registry: str, names: Collection[str]) -> dict[str, str]:
        """SHA-256 of the files of these entries, and of all helpers that stand beside them."""
        chosen = [file for name, file in self.modules(registry).items() if name in names]
        helpers = [file for file in self.files if chosen and file.startswith(f"{registry}/_")]
        return {f: hashlib.sha256(self.files[f]).hexdigest() for f in sorted({*chosen, *helpers})}


def read(place: str) -> Folder:
    """What a folder holds.

    Raises
    ------
    ConfigError
        If there is none, or it holds no plugins, or more than is sent to workers.
    """
    if not os.path.isdir(place):
        raise ConfigError(f"plugins: no such folder: {place}")
    now = state(place)
    n_bytes = sum(size for *_, size in now)
    if n_bytes > MOST_BYTES:
        raise ConfigError(
            f"the plugins in {place} have {n_bytes / 2**20:.0f} MiB, and at most "
            f"{MOST_BYTES / 2**20:.0f} are sent to workers; keep models and data elsewhere"
        )
    if not now:
        here = [entry.name for entry in os.scandir(place) if entry.is_dir()]
        meant = [(name, difflib.get_close_matches(name, REGISTRIES, 1)) for name in here]
        hints = [f"; did you mean {near[0]}/ by {name}/?" for name, near in meant if near]
        raise ConfigError(
            f"{place} holds no plugins; they stand in {'/, '.join(REGISTRIES)}/{''.join(hints[:1])}"
        )
    files = {file.relative_to(place).as_posix(): file.read_bytes() for file in _listed(place)}
    return Folder(place, files, now)


def state(place: str) -> tuple[Any, ...]:
    """Times and sizes of the files in a folder."""
    stats = [(file, file.stat()) for file in _listed(place)]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in stats)


def written(files: Mapping[str, bytes]) -> str:
    """A folder that holds these files, of this user alone, made once on a machine."""
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    home = Path(tempfile.gettempdir(), f"emodist-plugins-{os.getuid()}")
    home.mkdir(mode=0o700, exist_ok=True)
    status = home.stat(follow_symlinks=False)
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        home = Path(tempfile.mkdtemp(prefix="emodist-plugins-"))
    place = home / digest
    if place.exists() and read(str(place)).files != files:
        place = Path(tempfile.mkdtemp(dir=home))
    elif place.exists():
        return str(place)
    with tempfile.TemporaryDirectory(dir=home) as unfinished:
        for file, content in files.items():
            path = Path(unfinished, "made", file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # Another process may have been faster, with the same files.
        with contextlib.suppress(OSError):
            os.rename(Path(unfinished, "made"), place)
    return str(place)


def warn_of_heavy(folder: Folder) -> None:
    """A warning with file and line for each import that makes a plugin slow to look at."""
    for file, content in folder.files.items():
        # What is no Python is told where it is wanted.
        with contextlib.suppress(SyntaxError, ValueError):
            for line, name in _at_the_top(ast.parse(content)) if file.endswith(".py") else ():
                if name in HEAVY:
                    warnings.warn_explicit(
                        f"imports {name} at its top, so every process that looks at the file "
                        "loads it; import it in the method that needs it",
                        UserWarning,
                        os.path.join(folder.place, file),
                        line,
                    )


def _at_the_top(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and package of each import that runs with the module."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.Import):
            yield from ((inner.lineno, alias.name.partition(".")[0]) for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom) and inner.module and not inner.level:
            yield inner.lineno, inner.module.partition(".")[0]
        elif isinstance(inner, ast.If) and "TYPE_CHECKING" in ast.dump(inner.test):
            continue
        elif not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _at_the_top(inner)


def _listed(place: str) -> Iterator[Path]:
    for registry in REGISTRIES:
        for file in sorted(Path(place, registry).rglob("*")):
            parts = file.relative_to(place).parts
            is_hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
            if file.is_file() and not is_hidden:
                yield file

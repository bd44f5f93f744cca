"""An entry of a registry by its file, and what is wrong with it, by file and line."""

import ast
import dataclasses
import importlib
import sys
from types import ModuleType
from typing import Any

from emodist.errors import ConfigError, EmodistError
from emodist.plugins import folders


def load(folder: str, name: str) -> type:
    """The class that the file of an entry holds.

    Raises
    ------
    ConfigError
        If the file cannot be imported, or what it holds is no entry.
    """
    try:
        module = importlib.import_module(f"emodist.{folder}.{name}")
    except EmodistError:
        raise
    except Exception as error:
        where = _place(error) or folders.modules(folder).get(name) or f"{folder}/{name}.py"
        raise ConfigError(f"{where}: {_said(error)}") from error
    called = "".join(part.capitalize() for part in name.split("_"))
    entry = vars(module).get(called)
    if not isinstance(entry, type):
        raise ConfigError(f"{module.__file__}: holds no class {called}, as its name says it does")
    needed = getattr(sys.modules[f"emodist.{folder}"], "NEEDED", None)
    # What `tuning` holds, for one, is no settings.
    if needed is not None and (wrong := _wrong(entry, needed)):
        raise ConfigError(f"{module.__file__}:{_line(module, called)}: {called} {wrong}")
    return entry


def _wrong(entry: Any, needed: tuple[str, ...]) -> str | None:
    made = vars(entry).get("__dataclass_params__")
    if made is None or not made.frozen:
        return "is no frozen dataclass; write @dataclass(frozen=True) above it"
    for field in dataclasses.fields(entry):
        if field.default is field.default_factory is dataclasses.MISSING:
            return f"has no default for its setting {field.name}"
    lacking = [name for name in needed if not hasattr(entry, name)]
    return f"has no {lacking[0]}; it needs {', '.join(needed)}" if lacking else None


def _place(error: Exception) -> str | None:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    return folders.place_of(error)


def _said(error: Exception) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}"


def _line(module: ModuleType, name: str) -> int:
    with open(module.__file__ or "", encoding="utf-8") as file:
        for node in ast.parse(file.read()).body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return node.lineno
    return 1

"""From the keyword arguments of a verb to its settings, and from settings to the verb's help."""

import dataclasses
import inspect
import os
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from emodist import config, registry, storage
from emodist.config import Settings
from emodist.errors import ConfigError
from emodist.plugins import folders

# Of media, tables and bundles: local, `s3://`, or an object that knows where it lies.
Place: TypeAlias = str | os.PathLike[str]
# A YAML file, or settings that were made before; keywords come over them.
Config: TypeAlias = Place | Settings | None

AnySettings = TypeVar("AnySettings", bound=Settings)
Verb = TypeVar("Verb", bound=Callable)


def media(
    settings_type: type[AnySettings], base: Config, given: Mapping[str, Any], **named: Any
) -> AnySettings:
    """Settings of a job that reads media, which hold its places; `named` counts unless None.

    Raises
    ------
    ConfigError
        If a setting is unknown, of the wrong type or missing.
    """
    return _read(settings_type, base, given, named, ())[0]


def table(
    settings_type: type[AnySettings],
    base: Config,
    given: Mapping[str, Any],
    place: Place | None,
    out: Place | None,
    needs_out: bool = True,
) -> tuple[AnySettings, str, str | None]:
    """Settings of a job that reads a table, the table's place, and that of the results.

    Raises
    ------
    ConfigError
        If a setting is unknown or of the wrong type, or a place is missing.
    OutputError
        If `out` cannot be written: not after an hour of learning.
    """
    named = {"table": place, "out": out}
    settings, places = _read(settings_type, base, given, named, tuple(named))
    if not places.get("table"):
        raise ConfigError("table is not set: the output folder of featurize, or a table")
    target = places.get("out")
    if target:
        storage.check_writable(target)
    elif needs_out:
        raise ConfigError("out is not set: where to write, as in out=DIR")
    return settings, places["table"], target


def _read(
    settings_type: type[AnySettings],
    base: Config,
    given: Mapping[str, Any],
    named: Mapping[str, Any],
    places: tuple[str, ...],
) -> tuple[AnySettings, dict[str, str]]:
    own = {name: value for name, value in named.items() if value is not None}
    if isinstance(base, Settings):
        if not isinstance(base, settings_type):
            wanted = settings_type.__name__
            raise ConfigError(f"config is {type(base).__name__}; {wanted} is needed here")
    elif base is not None:
        base = os.fspath(base)
    return config.from_keywords(settings_type, {**own, **given}, base, places)


def settings_type_for(base: Config, given: Mapping[str, Any]) -> Any:
    """The settings that a model takes: a classifier's (also the default) or a network's.

    Raises
    ------
    ConfigError
        If there is no such model.
    """
    from emodist.learning.settings import TrainSettings
    from emodist.models.settings import settings_type_of

    folders.use(_names(chosen("plugins", base, given)))
    model = chosen("model", base, given)
    if model is not None and not isinstance(model, str):
        raise ConfigError(
            f"model takes the name of a classifier or network; got {model!r}. For an estimator of "
            "your own, X, y, groups = table.xy(groups='speaker') and scikit-learn"
        )
    return TrainSettings if model is None else settings_type_of(model)


def chosen(name: str, base: Config, given: Mapping[str, Any]) -> Any:
    """A setting that decides which others there are: as given, else as in `base`, else None."""
    if given.get(name) is not None or base is None:
        return given.get(name)
    if isinstance(base, Settings):
        return getattr(base, name, None)
    return config.read_yaml(os.fspath(base)).get(name)


def _names(given: Any) -> tuple[str, ...]:
    return tuple(given.split(",")) if isinstance(given, str) else tuple(map(os.fspath, given or ()))


def documented(**kinds: type[Settings]) -> Callable[[Verb], Verb]:
    """Adds settings to the docstring of a verb; the word of each kind says whose they are."""

    def add(verb: Verb) -> Verb:
        lines = [inspect.cleandoc(verb.__doc__ or ""), "", "Other Parameters", "-" * 16]
        for whose, settings_type in kinds.items():
            lines += [*_settings(whose, settings_type), ""]
        verb.__doc__ = "\n".join(lines)
        return verb

    return add


def _settings(whose: str, settings_type: type[Settings]) -> list[str]:
    lines = [f"settings of {whose}"]
    defaults = {field.name: field.default for field in dataclasses.fields(settings_type)}
    for name, _, meaning in config.fields(settings_type):
        lines += _wrapped(f"{name}={defaults[name]!r}", 4) + _wrapped(meaning, 8)
    for folder in dict.fromkeys(folder for folder, _ in settings_type.CHOICES.values()):
        names = registry.names(folder)
        lines += _wrapped(f"{folder}: {', '.join(names)}; settings of one: {names[0]}={{...}}", 4)
    return lines


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text, 96, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4)
    )

"""Settings of each job: frozen dataclasses, read from strict YAML and `key=value` words.

A field's metadata says what it means (`help`), whether it changes the rows that a job writes
(`rows`), and which release brought it (`since`): the settings with `rows` are the identity of an
output folder, in which a setting that is missing has its default. Settings of a feature or
a corpus stand under its name: `mfcc.n_mfcc=13`, or in YAML `mfcc: {n_mfcc: 13}`.
"""

import dataclasses
import json
import numbers
import os
import re
import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import yaml

from emodist import registry, storage
from emodist.errors import ConfigError
from emodist.plugins import folders

# Which setting names entries of which registry, and where their own settings are kept.
Choices: typing.TypeAlias = dict[str, tuple[str, str]]
# What somebody said, and where.
Layer: typing.TypeAlias = tuple[Mapping[str, Any], str]


def setting(default: Any, help: str, decides: bool = True, since: str | None = None) -> Any:
    """A field with its meaning; mutable defaults are made anew for each settings object.

    `decides` is whether another value may make another result (`Settings.identity`); who works
    where, and for how long, does not.

    `since` is the release that brings the setting, where folders of others are to be gone on with:
    those know nothing of it, and have what its default gives. Such a default never changes.
    """
    metadata = {"help": help, "decides": decides, "since": since}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of every job's settings.

    `CHOICES` says which of them name entries of a registry. A process that is sent settings has
    the plugins that they name.
    """

    CHOICES: ClassVar[Choices] = {}

    plugins: tuple[str, ...] = dataclasses.field(
        default=(),
        kw_only=True,
        metadata={"help": "folders with entries of your own (`emodist new`)", "decides": False},
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "plugins", folders.use(self.plugins))

    def identity(self) -> dict[str, Any]:
        """The settings that decide what comes out, as plain JSON values.

        Those that came later are in it only where they differ from their default, so that it is
        the one of before for who does not use them, and so are the names of shards made from it.
        Of plugins, that is the SHA-256 of each file that is used, by its path in their folder.
        """
        kept = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)
            if f.metadata["decides"]
            and not (f.metadata.get("since") and getattr(self, f.name) == _default(f))
        }
        used: dict[str, str] = {}
        for folder, said in self.entries():
            # An entry may name others, as the members of an ensemble.
            used |= folders.versions(folder, re.findall(r"\w+", json.dumps(said)))
        return json.loads(json.dumps({**kept, "plugin_files": used} if used else kept))

    def entries(self) -> list[tuple[str, Any]]:
        """For each registry, what these settings say that names entries of it."""
        return [
            (folder, [getattr(self, choice), getattr(self, own)])
            for choice, (folder, own) in self.CHOICES.items()
        ]


def difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What an identity says otherwise than another: the end of "it was made with ...".

    Examples
    --------
    >>> difference({"n_fft": 2048, "seed": 0}, {"n_fft": 512, "seed": 0})
    'n_fft=2048, now it is 512'
    >>> difference({"seed": 0}, {"seed": 0, "window": "hann"})
    'window at its default, now it is hann'
    """
    for key in {**then, **now}:
        if then.get(key) != now.get(key):
            if key == "plugin_files":
                return folders.difference(then.get(key) or {}, now.get(key) or {})
            # What is not there came with a later release, and has its default.
            was = f"{key}={then[key]}" if key in then else f"{key} at its default"
            return f"{was}, now it is {now.get(key, 'at its default')}"
    return None


def _default(field: dataclasses.Field) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


AnySettings = typing.TypeVar("AnySettings", bound=Settings)


def load(
    settings_type: type[AnySettings], file: str | None, words: Iterable[str] = (), **given: Any
) -> AnySettings:
    """Settings from a YAML file, then `key=value` words, then keyword arguments.

    Raises
    ------
    ConfigError
        If a key is unknown, or a value has the wrong type; names the file and the setting.
    """
    return load_with_places(settings_type, (), file, words, **given)[0]


def load_with_places(
    settings_type: type[AnySettings],
    places: Collection[str],
    file: str | None,
    words: Iterable[str] = (),
    **given: Any,
) -> tuple[AnySettings, dict[str, str]]:
    """As `load`, where the words `places` may stand among the settings without being any.

    They say where a job reads and writes, such as `table` and `out`, and come back beside the
    settings.
    """
    layers = [(read_yaml(file), file)] if file else []
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"{word!r} is not a setting; write key=value")
        *outer, last = key.split(".")
        layers.append(({outer[0]: {last: _parse(text)}} if outer else {key: _parse(text)}, word))
    layers.append(({k: v for k, v in given.items() if v is not None}, "command line"))
    return _made(settings_type, places, layers, file)


def from_keywords(
    settings_type: type[AnySettings],
    given: Mapping[str, Any],
    base: "str | AnySettings | None" = None,
    places: Collection[str] = (),
) -> tuple[AnySettings, dict[str, str]]:
    """Settings as a Python caller gives them: what is given counts, and None is null.

    Settings of an entry are a mapping under its name, `mfcc={"n_mfcc": 20}`, or have both names,
    `"mfcc.n_mfcc": 20`. They come over those of `base`, a YAML file or a settings object; `places`
    are as in `load_with_places`.

    Raises
    ------
    ConfigError
        As `load`, with the sentence that the command line has for `key=value`.
    """
    file = base if isinstance(base, str) else None
    layers: list[Layer] = [(read_yaml(file), file)] if file else []
    for key, value in given.items():
        value = _plain(value)
        *outer, last = key.split(".")
        new = {outer[0]: {last: value}} if outer else {key: value}
        layers.append((new, f"{key}={_word(value)}"))
    return _made(settings_type, places, layers, file, base if isinstance(base, Settings) else None)


def _made(
    settings_type: type[AnySettings],
    places: Collection[str],
    layers: Sequence[Layer],
    file: str | None,
    base: Settings | None = None,
) -> tuple[AnySettings, dict[str, str]]:
    """Settings of layers, the later over the earlier, and all over those of `base`."""
    values: dict[str, Any] = {}
    # By name of a corpus or feature; those of one that is not chosen in the end do not count.
    settings: dict[str, dict] = {}
    if base is not None:
        values = {field.name: getattr(base, field.name) for field in dataclasses.fields(base)}
        for choice, (_, target) in settings_type.CHOICES.items():
            own, chosen = values.pop(target), values[choice]
            settings.update({chosen: dict(own)} if isinstance(chosen, str) else own)
    # First: which names there are depends on them.
    for new, where in reversed(layers):
        if "plugins" in new:
            folders.use(_typed(tuple[str, ...], new["plugins"], f"{where}: plugins"))
            break
    for new, where in layers:
        _merge(settings_type, places, values, settings, new, where)
    for choice, (folder, target) in settings_type.CHOICES.items():
        chosen = values.get(choice, getattr(settings_type, choice))
        values[target] = (
            settings.get(chosen, {})
            if isinstance(chosen, str)
            # What follows from something else, as the format of a file, may be any of them.
            else {
                name: settings[name]
                for name in (registry.names(folder) if chosen is None else chosen)
                if name in settings
            }
        )
    placed = {name: values.pop(name) for name in places if name in values}
    try:
        return settings_type(**values), placed
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}" if file else str(error)) from None


def fields(settings_type: type[Settings]) -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting that a user may give, its own ones first."""
    own = sorted(dataclasses.fields(settings_type), key=lambda field: field.name == "plugins")
    return [
        (f.name, _show(f.default), f.metadata["help"])
        for f in own
        if not f.name.endswith("_settings")
    ]


def _show(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return "null" if default is None else str(default)


def read_yaml(file: str) -> dict[str, Any]:
    """The lines of a settings file.

    Raises
    ------
    ConfigError
        If there is no such file, or it holds something else.
    """
    try:
        content = yaml.safe_load(storage.read(file))
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such settings file") from None
    except (yaml.YAMLError, UnicodeDecodeError, IsADirectoryError) as error:
        raise ConfigError(f"{file}: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content or {}, dict):
        raise ConfigError(f"{file}: expected `setting: value` lines, got {type(content).__name__}")
    return content or {}


def _parse(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _merge(
    settings_type: Any,
    places: Collection[str],
    values: dict,
    settings: dict,
    new: Mapping,
    where: str,
) -> None:
    hints = {**typing.get_type_hints(settings_type), **dict.fromkeys(places, str)}
    known = [name for name in hints if not name.endswith("_settings") and name != "CHOICES"]
    entries = [
        name for folder, _ in settings_type.CHOICES.values() for name in registry.names(folder)
    ]
    for key, value in new.items():
        if key in known:
            values[key] = _typed(hints[key], value, f"{where}: {key}")
        elif key in entries:
            settings.setdefault(key, {}).update(_mapping(key, value, where))
        else:
            hint = registry.suggest(str(key), [*known, *entries])
            raise ConfigError(f"{where}: no setting {key!r}; {hint}")


def _plain(value: Any) -> Any:
    """A path is text, and a number of numpy's is a number."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, numbers.Number) and not isinstance(value, bool | int | float):
        return getattr(value, "item", lambda: value)()
    return value


def _word(value: Any) -> str:
    """A value as it is written on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "null" if value is None else str(value)


def _mapping(key: str, value: Any, where: str) -> dict:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: {key} takes settings, as in {key}.NAME=VALUE; got {value!r}")
    return value


def _typed(hint: Any, value: Any, where: str) -> Any:
    """The value as the type that the field declares; YAML's `1e-3` is a string, for example."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    options = typing.get_args(hint) if typing.get_origin(hint) is typing.Union else options
    for option in options:
        if option is type(None):
            if value is None:
                return None
        elif typing.get_origin(option) is Literal:
            if value in typing.get_args(option):
                return value
        elif typing.get_origin(option) is tuple:
            parts = value.split(",") if isinstance(value, str) else value
            if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
                return tuple(part.strip() for part in parts if part.strip())
        elif option is float and not isinstance(value, bool):
            try:
                return float(value)
            except (TypeError, ValueError):
                pass
        elif option is str and isinstance(value, str | int | float):
            return str(value)
        elif type(value) is option:
            return value
    raise ConfigError(f"{where} takes {_describe(options)}; got {value!r}")


def _describe(options: Iterable[Any]) -> str:
    words = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        type(None): "null",
    }
    parts: list[str] = []
    for option in options:
        if typing.get_origin(option) is Literal:
            parts += map(str, typing.get_args(option))
        else:
            parts.append(words.get(option, "a list of names"))
    return " or ".join(parts)

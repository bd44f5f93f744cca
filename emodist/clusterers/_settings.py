"""Checks that settings of several clusterers share."""

from collections.abc import Sequence
from typing import Any

from emodist import registry
from emodist.errors import ConfigError


def check_choice(name: str, value: Any, known: Sequence[str]) -> None:
    if value not in known:
        hint = registry.suggest(str(value), known)
        raise ConfigError(f"{name} is one of {', '.join(known)}; got {value!r}; {hint}")


def check_count(name: str, value: Any, least: int = 1) -> None:
    if type(value) is not int or value < least:
        raise ConfigError(f"{name} takes a whole number, at least {least}; got {value!r}")

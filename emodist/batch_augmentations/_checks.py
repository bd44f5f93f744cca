"""Checks of settings at the door."""

from numbers import Integral, Real

from emodist.errors import ConfigError


def check_number(setting: str, value: object, low: float, high: float) -> None:
    """Refuse what is not a number within [low, high].

    Examples
    --------
    >>> check_number("mixup.alpha", -1, 0.01, 10)
    Traceback (most recent call last):
    emodist.errors.ConfigError: mixup.alpha must be a number between 0.01 and 10; got -1
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not low <= float(value) <= high:  # type: ignore[arg-type]
        raise ConfigError(f"{setting} must be a number between {low:g} and {high:g}; got {value!r}")


def check_count(setting: str, value: object, high: int) -> None:
    """Refuse what is not a whole number from 0 to high."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or not 0 <= int(value) <= high:  # type: ignore[call-overload]
        raise ConfigError(f"{setting} must be a whole number from 0 to {high}; got {value!r}")

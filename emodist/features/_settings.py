"""Checks of settings at the door: each raises ConfigError with what was wanted and what arrived."""

from collections.abc import Sequence
from numbers import Integral, Real

from emodist.errors import ConfigError
from emodist.registry import suggest


def check_int(setting: str, value: object, low: int, high: int | None = None) -> None:
    """Refuse what is not a whole number within [low, high].

    Examples
    --------
    >>> check_int("mfcc.n_mfcc", 0, 1, 128)
    Traceback (most recent call last):
    emodist.errors.ConfigError: mfcc.n_mfcc must be a whole number from 1 to 128; got 0
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):  # type: ignore[operator]
        wanted = f"from {low} to {high}" if high is not None else f"of at least {low}"
        raise ConfigError(f"{setting} must be a whole number {wanted}; got {value!r}")


def check_between(
    setting: str, value: object, low: float, high: float, *, ends_allowed: bool = True
) -> None:
    """Refuse what is not a number between low and high.

    Examples
    --------
    >>> check_between("spectral_rolloff.roll_percent", 85, 0, 1, ends_allowed=False)
    Traceback (most recent call last):
    emodist.errors.ConfigError: spectral_rolloff.roll_percent must be a number between 0 and 1
    (both excluded); got 85
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if number and ends_allowed and low <= float(value) <= high:  # type: ignore[arg-type]
        return
    if number and low < float(value) < high:  # type: ignore[arg-type]
        return
    ends = "" if ends_allowed else " (both excluded)"
    raise ConfigError(
        f"{setting} must be a number between {low:g} and {high:g}{ends}; got {value!r}"
    )


def check_choice(setting: str, value: object, known: Sequence[str]) -> None:
    """Refuse what is not one of the known words.

    Examples
    --------
    >>> check_choice("f0.method", "pyn", ("yin", "pyin"))
    Traceback (most recent call last):
    emodist.errors.ConfigError: f0.method must be 'yin' or 'pyin'; got 'pyn', did you mean 'pyin'?
    """
    if value not in known:
        wanted = " or ".join(repr(word) for word in known)
        raise ConfigError(
            f"{setting} must be {wanted}; got {value!r}, {suggest(str(value), known)}"
        )

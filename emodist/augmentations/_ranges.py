"""Ranges that parameters are drawn from."""

from numbers import Real

import numpy as np

from emodist.errors import ConfigError

# Recorded parameters are read by people too.
DIGITS = 4


def check_range(
    entry: str, ends: tuple[str, str], values: tuple[object, object], low: float, high: float
) -> None:
    """Refuse a range that is not numbers in order within [low, high].

    Examples
    --------
    >>> check_range("gain", ("min_db", "max_db"), (6, -6), -60, 60)
    Traceback (most recent call last):
    emodist.errors.ConfigError: gain.min_db=6 is above gain.max_db=-6
    """
    numbers = []
    for end, value in zip(ends, values, strict=True):
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not low <= float(value) <= high:  # type: ignore[arg-type]
            raise ConfigError(
                f"{entry}.{end} must be a number between {low:g} and {high:g}; got {value!r}"
            )
        numbers.append(float(value))  # type: ignore[arg-type]
    if numbers[0] > numbers[1]:
        raise ConfigError(f"{entry}.{ends[0]}={values[0]} is above {entry}.{ends[1]}={values[1]}")


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number from the range, rounded as it is recorded."""
    return round(float(rng.uniform(low, high)), DIGITS)

"""What a sweep may try: a small vocabulary that no search library has to be loaded for.

An entry of a registry says it beside its settings, as `SPACE = {"c": ("log", 0.1, 1000.0)}`; a
name is that of a setting. The words:

- `("log", low, high)` and `("linear", low, high)`: numbers, both ends included;
- `("int", low, high)` and `("log_int", low, high)`: whole numbers, both ends included;
- `("choice", values)`: one of them.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Dimension: TypeAlias = tuple[Any, ...]
Space: TypeAlias = Mapping[str, Dimension]


def at(dimension: Dimension, place: float) -> Any:
    """The value at a place in a dimension, from 0 (the low end) to 1 (the high end).

    Numbers have three significant digits, so that a settings file can be read.

    Examples
    --------
    >>> at(("log", 0.01, 100.0), 0.5), at(("int", 2, 4), 1.0), at(("choice", ("a", "b")), 0.4)
    (1.0, 4, 'a')
    """
    scale, *bounds = dimension
    if scale == "choice":
        values = bounds[0]
        return values[min(int(place * len(values)), len(values) - 1)]
    low, high = bounds
    if scale.endswith("int"):
        # Half a step beyond each end, so that the ends are as likely as the rest.
        value = _between(low - 0.5, high + 0.5, place, scale == "log_int")
        return int(min(max(round(value), low), high))
    value = float(f"{_between(low, high, place, scale == 'log'):.3g}")
    return min(max(value, low), high)


def corners(space: Space) -> Iterator[dict[str, Any]]:
    """Every combination of ends; of a choice, every value."""
    ends = [
        dimension[1] if dimension[0] == "choice" else dimension[1:] for dimension in space.values()
    ]
    for values in itertools.product(*ends):
        yield dict(zip(space, values, strict=True))


def _between(low: float, high: float, place: float, is_log: bool) -> float:
    if is_log:
        return math.exp(math.log(low) + place * (math.log(high) - math.log(low)))
    return low + place * (high - low)

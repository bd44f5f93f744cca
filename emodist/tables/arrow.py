"""Arrow without pandas, where nobody has pandas' objects for it.

At the first list that Arrow turns into a column it looks for pandas, whose import takes 0.2 s of
CPU, and remembers whether it was there.
"""

import sys
from importlib.machinery import ModuleSpec
from typing import Any

import pyarrow as pa

_is_hidden = False


class _Hidden:
    """Says of pandas that it is not here."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("hidden from Arrow", name=name)
        return None


def without_pandas() -> None:
    """Let Arrow remember that there is none. For a program of one's own, not for a notebook.

    All else may import pandas as ever; Arrow then takes a Series for any other sequence.
    """
    global _is_hidden
    if "pandas" in sys.modules:
        return
    _is_hidden = True
    sys.meta_path.insert(0, _Hidden)  # type: ignore[arg-type]
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_Hidden)  # type: ignore[arg-type]


def with_pandas() -> None:
    """Take that back: Ray hands pandas' objects to Arrow."""
    global _is_hidden
    if _is_hidden:
        pa.table({"n": [0]}).to_pandas()
        _is_hidden = False

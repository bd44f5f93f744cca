"""How far a job is: a bar where somebody looks, in a terminal or a notebook."""

import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

# In a log, progress is a line once in so many seconds.
LINE_EVERY_S = 15.0

Item = TypeVar("Item")


def is_watched() -> bool:
    """Whether stderr is a terminal, or the cell of a notebook."""
    return sys.stderr.isatty() or _in_notebook()


def new(*args: Any, **how: Any) -> tqdm:
    """A bar of tqdm: a widget in a notebook that has ipywidgets, else text on stderr."""
    if _in_notebook() and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as widget

        return widget(*args, **how)
    return tqdm(*args, **how)


def counted(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items one by one, counted on a bar, or now and then in a line."""
    if is_watched():
        yield from new(items, what, unit="", leave=False)
        return
    shown = time.monotonic()
    for n_done, item in enumerate(items):
        if time.monotonic() - shown > LINE_EVERY_S:
            shown = time.monotonic()
            print(f"{what}: {n_done} of {len(items)}", file=sys.stderr, flush=True)
        yield item


def _in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter, as tqdm finds out; IPython may not be there."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and "IPKernelApp" in shell.config

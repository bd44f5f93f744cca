"""How far a job is: a bar where somebody looks, in a terminal or a notebook."""

import importlib.util
import sys
from typing import Any

from tqdm import tqdm


def is_watched() -> bool:
    """Whether stderr is a terminal, or the cell of a notebook."""
    return sys.stderr.isatty() or _in_notebook()


def new(*args: Any, **how: Any) -> tqdm:
    """A bar of tqdm: a widget in a notebook that has ipywidgets, else text on stderr."""
    if _in_notebook() and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as widget

        return widget(*args, **how)
    return tqdm(*args, **how)


def _in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter, as tqdm finds out; IPython may not be there."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and "IPKernelApp" in shell.config

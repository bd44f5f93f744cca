"""MkDocs' hook: pages are Jinja templates, and this is what they may call.

A page holds no figure of its own: it asks for one that a benchmark wrote (`figures`), for what the
code says of itself (`reference`, `floors`), or for a file as it is (`example`).
"""

# ruff: noqa: E402 (what stands beside this file is found once its folder is on the path)

import sys
from pathlib import Path

import jinja2

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import figures
import floors
import readme
import reference


def on_page_markdown(markdown, page, config, files):
    """What stands in a page, with all that it asks for."""
    return rendered(markdown)


def rendered(markdown):
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(markdown).render(
        {
            **figures.NAMES,
            **reference.NAMES,
            "floors": floors.svg,
            "readme": readme.page,
            "example": example,
            "changes": lambda: (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        }
    )


def example(name):
    """A file of `docs/examples/`, whole."""
    text = (ROOT / "docs" / "examples" / name).read_text(encoding="utf-8").rstrip()
    return f"```python\n{text}\n```"

"""A table and what was made of it, on one page."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from html import escape
from typing import Any

from emodist import storage
from emodist.errors import ConfigError
from emodist.interface import _keywords
from emodist.interface._keywords import Config, Place
from emodist.reporting import ReportSettings


@dataclasses.dataclass(frozen=True)
class Report:
    """A page in one file, with its figures beside it as PNG and SVG.

    `about` is what `report.json` holds: names of `sections` and `figures`, and more.
    """

    page: str
    about: dict[str, Any] = dataclasses.field(repr=False)

    def __fspath__(self) -> str:
        return self.page

    def _repr_html_(self) -> str:
        # Notebook servers open what lies below the notebook, by its relative path.
        link = self.page if storage.is_remote(self.page) else os.path.relpath(self.page)
        sections = ", ".join(self.about["sections"])
        return (
            f'<p><a href="{escape(link)}" target="_blank">{escape(link)}</a></p>'
            f"<p>{escape(sections)}</p>"
        )


@_keywords.documented(report=ReportSettings)
def report(
    table: Place | None = None,
    *,
    out: Place | None = None,
    evaluation: Any = (),
    clusters: Any = None,
    sweep: Any = None,
    config: Config = None,
    **settings: Any,
) -> Report:
    """A page about a table: figures, clusters and results, each number with its protocol.

    Parameters
    ----------
    table : Table, str or path
        What `featurize` made.
    out : str or path
        A folder that is empty or holds an earlier report.
    evaluation, clusters, sweep : results or folders, optional
        What `evaluate` (one or several), `cluster` and `tune` gave back, if it was saved with
        `out`, or its folder.
    config : str, path or ReportSettings, optional
        A YAML file or settings made before; keywords come over them.
    **settings
        As below: `maps="tsne"`.

    Returns
    -------
    Report
        `page` is where it is; a notebook shows a link.

    Raises
    ------
    ConfigError, OutputError
        If a setting is wrong, an input was not saved or belongs to another table, or `out` holds
        other files or cannot be written.
    """
    asked, place, where = _keywords.table(ReportSettings, config, settings, table, out)
    several = isinstance(evaluation, Sequence) and not isinstance(evaluation, str)
    from emodist import reporting

    def say(step: str) -> None:
        print(f"report: {step}", file=sys.stderr, flush=True)

    made = reporting.run(
        place,
        str(where),
        asked,
        [_folder(one) for one in (evaluation if several else [evaluation])],
        None if clusters is None else _folder(clusters),
        None if sweep is None else _folder(sweep),
        say,
    )
    return Report(made["page"], made)


def _folder(result: Any) -> str:
    """Where a result was saved."""
    place = result if isinstance(result, str | os.PathLike) else result.out
    if place is None:
        raise ConfigError(f"{result!r} was not saved; make it with out=DIR first")
    return os.fspath(place)

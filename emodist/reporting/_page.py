"""One HTML file with everything in it, and the figures beside it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from emodist import plots, storage


@dataclass
class Page:
    """Sections in order, each a list of items that the template knows how to show.

    Figures are written when they are added, so that only one is in memory at a time.
    """

    out: str
    sections: list[dict[str, Any]] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    def section(self, name: str, title: str) -> None:
        self.sections.append({"name": name, "title": title, "items": []})

    def paragraph(self, text: str) -> None:
        self._add("paragraph", text=text)

    def points(self, lines: Sequence[str]) -> None:
        """A list; nothing if it is empty."""
        if lines:
            self._add("points", lines=lines)

    def note(self, text: str) -> None:
        """A sentence that must not be overlooked."""
        self._add("note", text=text)

    def command(self, *lines: str) -> None:
        self._add("command", lines=lines)

    def facts(self, pairs: Mapping[str, Any]) -> None:
        self._add("facts", pairs=pairs)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> None:
        self._add("table", head=head, rows=rows, caption=caption)

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Add a figure; NAME.png and NAME.svg are written beside the page."""
        png = plots.png(figure)
        storage.write(storage.join(self.out, f"{name}.png"), png)
        storage.write(storage.join(self.out, f"{name}.svg"), plots.svg(figure))
        self.figures += [f"{name}.png", f"{name}.svg"]
        self.picture(name, png, caption, figure.get_size_inches()[0], f"{name}.svg")

    def picture(
        self, name: str, png: bytes, caption: str, width: float = 7.0, link: str = ""
    ) -> None:
        """Add a PNG as it is.

        Parameters
        ----------
        width : float, inches
        """
        self._add(
            "figure",
            name=name,
            data=base64.b64encode(png).decode(),
            caption=caption,
            width=round(110 * width),
            link=link,
        )

    def html(self, title: str, lead: Sequence[str]) -> str:
        """The page; every word that came from data is escaped."""
        environment = Environment(
            loader=PackageLoader("emodist.reporting", "."),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made = environment.get_template("page.html")
        return made.render(title=title, lead=lead, sections=self.sections)

    def _add(self, look: str, **what: Any) -> None:
        self.sections[-1]["items"].append({"look": look, **what})

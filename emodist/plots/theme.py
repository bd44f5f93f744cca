"""How every figure looks, and which colour a label has in all of them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.figure import Figure

RC: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "0.35",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "image.aspect": "auto",
    # A label such as `$x$` is a word, not a formula.
    "text.parse_math": False,
    # The same numbers give the same file.
    "svg.hashsalt": "emodist",
}

# Decorates every function that makes a figure: texts take the theme when they are made.
themed = matplotlib.rc_context(RC)

WIDTH = 7.2
GREY = "0.72"
INK = "#1870f3"
MOST_COLORS = 12
LONGEST_WORD = 22

# Found by a search for the largest least distance (CIELAB, 30) between any two as people with
# full colour vision, protanopia, deuteranopia and tritanopia see them (Machado et al. 2009);
# tests/plots/test_theme.py measures it. None is too pale for a white page.
EMOTIONS = {
    "ang": "#d74f11",
    "hap": "#eebf0d",
    "sad": "#1870f3",
    "neu": "#9b8985",
    "fea": "#250d47",
    "dis": "#064741",
    "sur": "#b92e9d",
    "cal": "#76d4e5",
    "bor": "#672a05",
}
# Other words for the same, and for what has no colour of its own in corpora that have it.
ALIASES = {"joy": "hap", "exc": "sur", "anx": "fea", "fru": "bor", "ps": "sur", "con": "cal"}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "*")
# Okabe & Ito (2008) without yellow and black; clusters are numbered as well.
CLUSTERS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f", "#44246b")


@dataclass(frozen=True)
class Look:
    """Colour and marker of a label; no two of the first 108 labels share both."""

    color: str
    marker: str


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """A look for each label: that of its emotion where it names one, otherwise a free one.

    Examples
    --------
    >>> looks(["angry", "sad"])["angry"].color == EMOTIONS["ang"]
    True
    """
    palette = list(EMOTIONS.values())
    colors: dict[str, str] = {}
    for label in sorted(set(labels)):
        word = label.lower()
        color = EMOTIONS.get(ALIASES.get(word[:3], word[:3]))
        if color is not None and color not in colors.values():
            colors[label] = color
    rest = [label for label in sorted(set(labels)) if label not in colors]
    free = [color for color in palette if color not in colors.values()]
    for place, label in enumerate(rest):
        colors[label] = (
            free[place] if place < len(free) else palette[(place - len(free)) % len(palette)]
        )
    uses = dict.fromkeys(palette, 0)
    chosen = {}
    for label in [*(name for name in colors if name not in rest), *rest]:
        color = colors[label]
        marker = MARKERS[(palette.index(color) + uses[color]) % len(MARKERS)]
        chosen[label] = Look(color, marker)
        uses[color] += 1
    return chosen


def cluster_color(cluster: int) -> str:
    """Noise (-1) is grey."""
    return GREY if cluster < 0 else CLUSTERS[cluster % len(CLUSTERS)]


def short(word: str, longest: int = LONGEST_WORD) -> str:
    """A word that fits beside a figure; matplotlib hides legend entries that start with `_`."""
    word = " ".join(str(word).split()) or "(empty)"
    word = word if len(word) <= longest else word[: longest - 1] + "\u2026"
    return f"\u200a{word}" if word.startswith("_") else word


class Picture(Figure):
    """A figure that a notebook shows where a cell ends in it, whatever backend is chosen."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return cell(self)


def new_figure(width: float, height: float) -> Picture:
    """A figure in inches."""
    return Picture(figsize=(width, height), layout="constrained")


@themed
def cell(figure: Figure) -> tuple[bytes, dict[str, int]]:
    """What a notebook shows: a PNG, and its size on the page in pixels.

    It is smaller than that of `png`: notebooks keep it.
    """
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    return _saved(figure, format="png", dpi=110), {"width": width, "height": height}


@themed
def png(figure: Figure) -> bytes:
    """The figure as a PNG at 150 dots per inch."""
    return _saved(figure, format="png", dpi=150)


@themed
def svg(figure: Figure) -> bytes:
    """The figure as an SVG without a date; clouds of points and spectrograms are pixels in it."""
    return _saved(figure, format="svg", dpi=150, metadata={"Date": None})


def _saved(figure: Figure, **how: Any) -> bytes:
    data = io.BytesIO()
    figure.savefig(data, **how)
    return data.getvalue()

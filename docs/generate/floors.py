"""The house as a picture: the floors that a test keeps, and the first sentence of each room."""

import ast
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH, ROW, TOP = 960, 20, 12


def svg():
    """An SVG, the ground floor at the bottom: a band for each floor, a line for each room."""
    sys.path.insert(0, str(ROOT))
    from tests.test_floors import FLOORS

    parts, y = [], TOP
    for number, rooms in reversed(list(enumerate(FLOORS))):
        height = ROW * len(rooms) + 10
        parts.append(f'<rect x="4" y="{y}" width="{WIDTH - 8}" height="{height}" rx="4"/>')
        middle = y + height / 2 + 5
        parts.append(f'<text class="floor" x="24" y="{middle:.0f}">{number}</text>')
        for place, room in enumerate(sorted(rooms)):
            line = y + ROW * (place + 1)
            parts.append(f'<text class="room" x="60" y="{line}">{room}</text>')
            parts.append(f'<text x="240" y="{line}">{escape(purpose(room))}</text>')
        y += height + 6
    title = "The floors of emodist: what stands above may import what stands below"
    return (
        f'<svg class="floors" viewBox="0 0 {WIDTH} {y + 4}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{''.join(parts)}</svg>"
    )


def purpose(room):
    """The first sentence of a room, as far as a line has place for it."""
    place = ROOT / "emodist" / room
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    line = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").splitlines()[0]
    sentence = line.replace("`", "").rstrip(":")
    return sentence if len(sentence) < 100 else sentence[:97].rpartition(" ")[0] + " ..."

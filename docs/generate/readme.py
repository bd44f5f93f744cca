"""The README's tables, and the README as the first page.

    python docs/generate/readme.py

A table of figures stands between `<!-- figures: NAME -->` and `<!-- end -->`; this writes into it
what the benchmarks found, and a test says when it is old.
"""

import re
from pathlib import Path

import figures

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.S)
TABLES = {
    "quality": lambda: f"{figures.quality(short=True)}\n\n{figures.made('quality')}",
    "speed": lambda: "\n\n".join(
        [figures.speed(short=True), figures.made("features"), figures.made("end_to_end")]
    ),
}


def renewed(text):
    """The text with the figures of today."""
    return BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


def page():
    """The README among the pages: what it links to in `docs/` stands beside it there."""
    text = re.sub(r"<!--.*?-->\n?", "", README.read_text(encoding="utf-8"))
    return text.replace("](docs/", "](").replace("](CHANGELOG.md", "](changes.md")


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {README.name}")

"""Whom to cite for a table or a bundle, as BibTeX: emodist, features, corpora, libraries."""

import sys
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist cite out/ravdess > used.bib")
    parser.add_argument("place", metavar="TABLE-or-BUNDLE", help="what was made with emodist")
    parser.add_argument("--plain", action="store_true", help="lines to read instead of BibTeX")
    given = parser.parse_args(words)
    from emodist.citations import bibtex
    from emodist.models import citing

    works, unknown = citing.cite(given.place)
    print("\n".join(map(bibtex.plain, works)) if given.plain else "\n".join(w.text for w in works))
    for name in unknown:
        print(f"not known here, and not cited: {name}", file=sys.stderr)
    return 0

"""The corpora that emodist knows, and what it knows of one."""

import sys
from collections.abc import Sequence
from typing import Any

from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist corpora ravdess")
    parser.add_argument("name", nargs="?", metavar="NAME", help="one corpus in full")
    given = parser.parse_args(words)
    from emodist import registry
    from emodist.plugins import folders

    if given.name is None:
        for name in registry.names("corpora"):
            try:
                entry: Any = registry.get("corpora", name)
                print(f"{name:12} {entry.title}")
            except EmodistError as error:
                print(f"{name:12} cannot be used: {error}")
        for problem in folders.problems():
            print(problem, file=sys.stderr)
        return 0
    from emodist import corpora, ontology

    print(corpora.card(given.name))
    corpus: Any = registry.get("corpora", given.name)
    if corpus.labels:
        print(f"\n{ontology.text(given.name)}")
    return 0

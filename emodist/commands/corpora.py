"""The corpora that emodist knows, and what it knows of one."""

from collections.abc import Sequence
from typing import Any

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist corpora ravdess")
    parser.add_argument("name", nargs="?", metavar="NAME", help="one corpus in full")
    given = parser.parse_args(words)
    from emodist import registry

    if given.name is None:
        for name in registry.names("corpora"):
            entry: Any = registry.get("corpora", name)
            print(f"{name:12} {entry.title}")
        return 0
    from emodist import corpora, ontology

    print(corpora.card(given.name))
    corpus: Any = registry.get("corpora", given.name)
    if corpus.labels:
        print(f"\n{ontology.text(given.name)}")
    return 0

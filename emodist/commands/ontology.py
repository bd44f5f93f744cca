"""The table that says what each corpus's labels mean in common words, and what is lost."""

from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist ontology iemocap")
    parser.add_argument("name", nargs="?", metavar="CORPUS", help="one corpus (default: all)")
    given = parser.parse_args(words)
    from emodist import ontology

    print(ontology.text(given.name))
    return 0

"""The whole pipeline on a small synthetic corpus that it generates."""

from collections.abc import Sequence

from emodist.commands import _parsers as parsers

INTERRUPTED = parsers.GOES_ON


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist demo --out demo")
    parser.add_argument("--out", default="demo", metavar="DIR", help="folder (default: demo)")
    given = parser.parse_args(words)
    from emodist.pipelines import demo

    demo.run(given.out)
    return 0

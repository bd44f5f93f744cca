"""A local copy of a corpus, downloaded from its publisher, checked and unpacked."""

import json
import sys
from collections.abc import Sequence

from emodist.commands import _parsers as parsers

INTERRUPTED = parsers.GOES_ON


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(
        __name__,
        "emodist fetch ravdess --out ravdess/",
        "An interrupted download goes on where it was; what is there already is left alone.",
    )
    parser.add_argument("name", metavar="NAME", help="a corpus; `emodist corpora` lists them")
    parser.add_argument("--out", required=True, metavar="DIR", help="local folder")
    parser.add_argument("--parts", default="", metavar="A,B", help="which (default: the first)")
    parser.add_argument("--mirror", metavar="URL", help="folder with the same archives")
    parser.add_argument("--keep-archives", action="store_true", help="do not delete the zip files")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    given = parser.parse_args(words)
    from emodist import fetch

    parts = [part.strip() for part in given.parts.split(",") if part.strip()]
    summary = fetch.fetch(given.name, given.out, parts, given.mirror, given.keep_archives)
    if given.json:
        print(json.dumps(summary))
        return 0
    for name in summary["there"]:
        print(f"{name} was fetched before", file=sys.stderr)
    print(f"wrote {summary['out']}" if summary["fetched"] else f"nothing to do: {summary['out']}")
    return 0

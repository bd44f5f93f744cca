"""A report of a table in one HTML file: figures, clusters and results, each with its protocol."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist.interface.report import report
    from emodist.reporting import ReportSettings

    example = "emodist report OUT --evaluation evaluation/ --clusters clusters/ --out report/"
    more = "Everything but TABLE and --out may be missing; the page says which command makes it.\n"
    parser = parsers.settings_parser(__name__, ReportSettings, example, more=more)
    parser.add_argument("--out", metavar="DIR", help="folder of the page and its figures")
    parser.add_argument(
        "--evaluation",
        action="append",
        default=[],
        metavar="DIR",
        help="what `emodist evaluate --out DIR` wrote; several times for several models",
    )
    parser.add_argument("--clusters", metavar="DIR", help="what `emodist cluster` wrote")
    parser.add_argument("--sweep", metavar="DIR", help="what `emodist tune` wrote")
    given, settings = parsers.read(parser, words, ReportSettings)
    made = report(
        given.table,
        out=given.out,
        evaluation=given.evaluation,
        clusters=given.clusters,
        sweep=given.sweep,
        config=settings,
    )
    print(json.dumps(made.about) if given.json else f"wrote {made.page}")
    return 0

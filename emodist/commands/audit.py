"""A list of what stands on both sides of a fold: speakers, sounds, windows, copies."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(
        __name__,
        "emodist audit OUT --folds loso",
        "Exit code 0: clean; 2: leaking. Protocols: ravdess24, ravdess16, loso, group5,\n"
        "by:ATTRIBUTE, cross:CORPUS:CORPUS, random5 (any number of folds in place of 5).",
    )
    parser.add_argument("table", metavar="TABLE", nargs="+", help="output folders, or tables")
    parser.add_argument(
        "--folds",
        required=True,
        metavar="NAME-or-FILE",
        help="a protocol, or a CSV or Parquet file with recording_id, optionally segment, and fold",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    given = parser.parse_args(words)
    from emodist.learning import audit

    findings = audit.run(given.table, given.folds)
    print(json.dumps(findings.to_dict()) if given.json else findings)
    return 0 if findings.is_clean else 2

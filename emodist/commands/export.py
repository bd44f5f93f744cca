"""A table as flat CSV, one named column for each number."""

import sys
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist export OUT --out features.csv")
    parser.add_argument(
        "table", metavar="TABLE", help="output folder, table folder or Parquet file"
    )
    parser.add_argument("--out", required=True, metavar="FILE.csv", help="the CSV file to write")
    parser.add_argument(
        "--features", metavar="A,B", help="which feature columns (default: all but images)"
    )
    given = parser.parse_args(words)
    from emodist import export

    chosen = given.features.split(",") if given.features else None
    left_out = export.to_csv(export.open_table(given.table), given.out, chosen)
    if left_out:
        print(f"left out: {', '.join(left_out)} (choose with --features)", file=sys.stderr)
    print(f"wrote {given.out}")
    return 0

"""A table as CSV, Parquet, Excel or ARFF, one named column for each number."""

import sys
from collections.abc import Sequence

from emodist.commands import _parsers as parsers

MORE = """\
The suffix of --out says the format: csv, tsv, parquet, arrow, xlsx or arff. An Excel sheet takes
1,048,576 rows and 16,384 columns; in ARFF the label comes last, as the class.

--csv-set writes yamnet_extracted_features.csv (YAMNet's embedding of each clip and its label),
librosa_extracted_features.csv (librosa's features and the label) and balanced_dataset.csv (both,
classes brought to equal size by SMOTE). A synthetic row (is_synthetic) lies between its two
parents, mostly two speakers: never split the balanced file at random. Split by speaker first and
balance the training side, as `emodist evaluate TABLE balance=smote` does."""


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist export OUT --out features.csv", MORE)
    parser.add_argument(
        "table", metavar="TABLE", help="output folder, table folder or Parquet file"
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--out", metavar="FILE", help="the file to write, as in features.csv or features.xlsx"
    )
    target.add_argument("--csv-set", metavar="DIR", help="write the three files named below")
    parser.add_argument(
        "--features", metavar="A,B", help="which feature columns (default: all but images)"
    )
    given = parser.parse_args(words)
    if given.csv_set:
        if given.features:
            parser.error("--features goes with --out; what is in the three files is fixed")
        return _csv_set(given.table, given.csv_set)
    from emodist.interface.export import export

    print(f"wrote {export(given.table, given.out, features=given.features or None)}")
    return 0


def _csv_set(table: str, folder: str) -> int:
    from emodist.learning import csv_set

    made = csv_set.csv_set(table, folder)
    if made["unlabelled"]:
        print(f"{made['unlabelled']} rows without a label are not balanced", file=sys.stderr)
    print(
        f"balanced_dataset.csv has {made['synthetic']} synthetic rows between speakers: never "
        "split it at random, split first by speaker",
        file=sys.stderr,
    )
    sizes = "   ".join(f"{name} {size}" for name, size in made["classes"].items())
    print(f"{made['rows']} rows: {sizes}\n{made['synthetic']} synthetic rows")
    for file in made["files"]:
        print(f"wrote {file}")
    return 0

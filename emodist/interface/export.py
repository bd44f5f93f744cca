"""A table in a file of another format."""

import os
import sys
from collections.abc import Sequence

from emodist.interface._keywords import Place


def export(table: Place, out: Place, *, features: Sequence[str] | str | None = None) -> str:
    """A table as CSV, Parquet, Excel or ARFF, one named column for each number.

    `table.to_pandas()` has the same columns.

    Parameters
    ----------
    table : Table, str or path
        An output folder, a table's folder or a Parquet file, local or `s3://`.
    out : str or path
        The file to write, local or `s3://`; its suffix says the format: csv, tsv, parquet, arrow,
        xlsx or arff.
    features : names of feature columns, optional
        Default: all but images, which have thousands of numbers a row; what is left out is named
        on stderr.

    Returns
    -------
    str
        Where it was written.

    Raises
    ------
    ConfigError, OutputError
        If there is no such table, feature or format, or `out` cannot be written.
    """
    from emodist.tables import formats, locate

    chosen = features.split(",") if isinstance(features, str) else features
    target = os.fspath(out)
    left_out = formats.write(locate.open_table(os.fspath(table)), target, chosen)
    if left_out:
        print(f"left out: {', '.join(left_out)} (name them in features)", file=sys.stderr)
    return target

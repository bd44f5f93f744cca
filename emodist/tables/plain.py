"""Lists that users wrote: CSV or Parquet, small enough for memory."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.csv

from emodist.errors import ConfigError
from emodist.tables import native, parquet


def read(uri: str, words: Iterable[str]) -> pa.Table:
    """A `.parquet` file, or else a CSV file.

    Parameters
    ----------
    words : names of columns
        In CSV these stay text: an id such as 12e4 is no number.

    Raises
    ------
    ConfigError
        If the file is neither.
    """
    if uri.endswith(".parquet"):
        return parquet.read(uri)
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(words, pa.string()), strings_can_be_null=True
    )
    try:
        with native.opened(uri) as file:
            return pyarrow.csv.read_csv(file, convert_options=options)
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{uri} is no CSV file: {error}") from None

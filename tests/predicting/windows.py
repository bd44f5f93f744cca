"""Rows of predictions, for the tests of what is made of them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emodist.predicting import rows

CLASSES = ("angry", "sad")


def table(p_angry, reason=None, hop_s=1.0, length_s=2.0, **more) -> pa.Table:
    """Windows of one recording, each as angry as `p_angry` says; a reason is abstained for."""
    n_rows = len(p_angry)
    p = np.column_stack([p_angry, 1 - np.array(p_angry)])
    why = reason or [None] * n_rows
    start_s = hop_s * np.arange(n_rows)
    cells = {
        "recording_id": ["r0"] * n_rows,
        "segment": range(n_rows),
        "uri": ["/media/channel/a.mp4"] * n_rows,
        "corpus": ["media"] * n_rows,
        "start_s": start_s,
        "end_s": start_s + length_s,
        "speech_fraction": [1.0] * n_rows,
        "p_angry": p[:, 0],
        "p_sad": p[:, 1],
        "label": [
            None if word else CLASSES[index]
            for index, word in zip(p.argmax(axis=1), why, strict=True)
        ],
        "confidence": p.max(axis=1),
        "abstained": [word is not None for word in why],
        "reason": why,
        **more,
    }
    schema = rows.predictions_schema(CLASSES, "key")
    columns = [
        pa.array(cells.get(field.name, [None] * n_rows)).cast(field.type) for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def write(out, windows, name="a.parquet"):
    """A file of predictions in an output folder."""
    (out / "predictions").mkdir(exist_ok=True)
    pq.write_table(windows, out / "predictions" / name)

"""What stays of a training: `history.csv`, TensorBoard logs and a picture of the curves.

All of it is made anew from the history after each epoch, whole or not at all, so a training that
was killed and went on leaves no doubled or torn records.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from emodist import plots, storage
from emodist.network_training.tensorflow import import_tensorflow

History = Sequence[Mapping[str, float]]
COLUMNS = (
    "epoch",
    "loss",
    "dev_loss",
    "dev_uar",
    "learning_rate",
    "rows_per_s",
    "seconds",
    "time",
)
# One name, so that a later version replaces the earlier one; TensorBoard wants its first part.
EVENTS = "events.out.tfevents.0000000000.emodist"


def write(out: str, history: History) -> None:
    """`history.csv` and `tensorboard/` in the output folder.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    storage.write(storage.join(out, "history.csv"), to_csv(history))
    with storage.new_file(storage.join(out, "tensorboard", EVENTS)) as path:
        _write_events(path, history)


def to_csv(history: History) -> bytes:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS[:-1], lineterminator="\n")
    table.writeheader()
    for row in history:
        table.writerow({name: f"{row[name]:.6g}" for name in COLUMNS[:-1] if name in row})
    return text.getvalue().encode()


def write_curves(out: str, history: History) -> None:
    """`training_curves.png`."""
    figure = plots.learning({"this training": history})
    storage.write(storage.join(out, "training_curves.png"), plots.png(figure))


def _write_events(path: str, history: History) -> None:
    """One event file: a record with the version, then one for each epoch."""
    tf, _ = import_tensorflow()
    from tensorflow.core.util import event_pb2

    with tf.io.TFRecordWriter(path) as file:
        when = history[0]["time"] if history else 0.0
        head = event_pb2.Event(wall_time=when, file_version="brain.Event:2")
        file.write(head.SerializeToString())
        for row in history:
            event = event_pb2.Event(wall_time=row["time"], step=int(row["epoch"]))
            for name in COLUMNS[1:-1]:
                if name in row:
                    event.summary.value.add(tag=name, simple_value=row[name])
            file.write(event.SerializeToString())

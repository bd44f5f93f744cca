"""What stays of a training, for people and for other programs."""

import csv
import io

import pytest

from emodist.network_training import records

EPOCH = {
    "epoch": 1.0,
    "loss": 0.12345678,
    "learning_rate": 1e-3,
    "rows_per_s": 1234567.8,
    "seconds": 2.0,
    "time": 1.7e9,
}
JUDGED = {**EPOCH, "epoch": 2.0, "dev_loss": 0.5, "dev_uar": 2 / 3}


def test_a_line_for_each_epoch_with_six_digits_and_nothing_where_nothing_is_known():
    rows = list(csv.DictReader(io.StringIO(records.to_csv([EPOCH, JUDGED]).decode())))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert (rows[0]["loss"], rows[0]["dev_uar"]) == ("0.123457", "")
    assert rows[1]["dev_uar"] == "0.666667"
    assert "time" not in rows[0]


def test_a_training_without_an_epoch_has_its_columns():
    assert records.to_csv([]).decode() == (
        "epoch,loss,dev_loss,dev_uar,learning_rate,rows_per_s,seconds\n"
    )


def test_the_curves_are_a_picture(tmp_path):
    records.write_curves(str(tmp_path), [EPOCH, JUDGED])
    assert (tmp_path / "training_curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.tf
def test_records_are_read_by_tensorboards_reader_and_written_anew_each_time(tmp_path):
    import tensorflow as tf

    for history in ([EPOCH], [EPOCH, JUDGED]):
        records.write(str(tmp_path), history)
    (events,) = (tmp_path / "tensorboard").iterdir()
    read = list(tf.compat.v1.train.summary_iterator(str(events)))
    assert [event.step for event in read if event.summary.value] == [1, 2]
    values = {value.tag: value.simple_value for value in read[-1].summary.value}
    assert values["loss"] == pytest.approx(EPOCH["loss"])
    assert (tmp_path / "history.csv").read_bytes() == records.to_csv([EPOCH, JUDGED])

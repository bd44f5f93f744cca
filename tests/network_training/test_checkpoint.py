"""Where a training stands, in its output folder."""

import dataclasses

import pytest

from emodist.errors import OutputError
from emodist.network_training import checkpoint
from tests.network_training.test_loop import SETTINGS, run, task


def test_a_training_that_has_not_begun_stands_at_its_beginning(tmp_path):
    state = checkpoint.read(str(tmp_path))
    assert (state.epoch, state.history, state.variables) == (0, [], [])


def test_a_file_that_is_no_checkpoint_is_one_clear_line(tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "state.npz").write_bytes(b"PK but no zip")
    with pytest.raises(OutputError, match="is no checkpoint of emodist"):
        checkpoint.read(str(tmp_path))


@pytest.mark.tf
def test_a_checkpoint_of_another_network_is_one_clear_line(tmp_path):
    state, _ = run(SETTINGS, stop_after=1)
    checkpoint.keep(str(tmp_path), state)
    _, _, given = task()
    other = dataclasses.replace(SETTINGS, model_settings={"width": 9})
    with pytest.raises(OutputError, match=r"state.npz is a checkpoint of another network"):
        checkpoint.begin(given, other, str(tmp_path))
    _, again = checkpoint.begin(given, SETTINGS, str(tmp_path))
    assert again.epoch == 1
    assert again.history == state.history


@pytest.mark.tf
def test_what_is_kept_of_an_epoch_is_its_state_and_its_records(tmp_path):
    state, _ = run(SETTINGS, stop_after=1)
    checkpoint.keep(str(tmp_path), state)
    assert {path.name for path in tmp_path.iterdir()} == {"training", "tensorboard", "history.csv"}
    again = checkpoint.read(str(tmp_path))
    assert again.to_bytes() == state.to_bytes()

"""All that is needed to go on, in one file."""

import dataclasses
import io
import json

import numpy as np
import pytest

from emodist.errors import OutputError
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import State


@pytest.fixture(scope="module")
def state():
    """Of a network with more variables than ten, whose names sort otherwise as words."""
    variables = [np.full(n + 1, n, np.float32) for n in range(12)]
    return State(
        epoch=3,
        best_epoch=2,
        best_uar=0.5,
        best_loss=0.25,
        history=[{"epoch": 1.0, "loss": 0.75}],
        variables=variables,
        optimizer=[np.array(7)],
        best=variables[::-1],
    )


def test_a_state_is_read_as_it_was_written(state):
    again = State.from_bytes(state.to_bytes(), "here")
    assert (again.epoch, again.best_epoch, again.best_uar) == (3, 2, 0.5)
    assert again.history == state.history
    for name in ("variables", "optimizer", "best"):
        ours, theirs = getattr(again, name), getattr(state, name)
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


def test_a_state_without_an_epoch_is_written_too():
    again = State.from_bytes(State().to_bytes(), "here")
    assert (again.epoch, again.best_loss, again.variables) == (0, float("inf"), [])


def torn(data):
    return data[: len(data) // 2]


def changed(data):
    return data[:200] + bytes(100) + data[300:]


def foreign(data):
    file = io.BytesIO()
    np.savez(file, about=np.array(json.dumps({"weights": 1})))
    return file.getvalue()


@pytest.mark.parametrize("spoilt", [torn, changed, foreign, lambda data: b"", lambda data: b"PK"])
def test_what_is_no_state_is_one_clear_line(state, spoilt):
    with pytest.raises(OutputError, match=r"^here/state\.npz is no checkpoint of emodist: [^\n]+$"):
        State.from_bytes(spoilt(state.to_bytes()), "here/state.npz")


@pytest.mark.parametrize(
    ("epoch", "best_epoch", "has_dev", "is_over"),
    [
        (4, 4, True, False),
        (10, 10, True, True),
        (5, 2, True, True),
        (5, 3, True, False),
        # Without development speakers nobody is waited for.
        (5, 2, False, False),
    ],
)
def test_a_training_ends_with_its_epochs_or_its_patience(epoch, best_epoch, has_dev, is_over):
    settings = NetworkSettings(model="mlp_net", epochs=10, patience=3)
    state = State(epoch=epoch, best_epoch=best_epoch)
    assert state.is_over(settings, has_dev) is is_over


def test_states_do_not_share_what_they_hold():
    one, other = State(), State()
    one.history.append({"epoch": 1.0})
    assert other.history == []
    assert dataclasses.replace(one).history is one.history

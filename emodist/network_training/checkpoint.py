"""Where a training stands, kept in its output folder after each epoch.

`OUT/training/state.npz` holds weights, optimizer, random state, the best weights so far and the
history, written by the first worker, whole or not at all. Workers that are started again after
one was lost, and the same command given again, go on from there: one mechanism for both, with Ray
and without. The order of the rows follows from seed and epoch, so it needs no keeping.
"""

from typing import Any

from emodist import storage
from emodist.network_training import records
from emodist.network_training.learner import Learner
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem, State


def state_uri(out: str) -> str:
    return storage.join(out, "training", "state.npz")


def read(out: str) -> State:
    """Where a training stands; a new one where there is none yet.

    Raises
    ------
    OutputError
        If the checkpoint cannot be read.
    """
    try:
        return State.from_bytes(storage.read(state_uri(out)), state_uri(out))
    except FileNotFoundError:
        return State()


def begin(
    problem: Problem, settings: NetworkSettings, out: str, strategy: Any = None
) -> tuple[Learner, State]:
    """A learner, on any worker, and the state that it goes on from.

    Raises
    ------
    OutputError
        If the checkpoint is of another network.
    """
    state = read(out)
    learner = Learner(problem, settings, strategy)
    if state.epoch:
        learner.restore(state, state_uri(out))
    return learner, state


def keep(out: str, state: State) -> None:
    """Checkpoint and records of a finished epoch.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    storage.write(state_uri(out), state.to_bytes())
    records.write(out, state.history)

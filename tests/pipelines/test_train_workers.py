"""How many workers are started, when they are started again, and when not."""

import dataclasses

import pytest

from emodist import storage
from emodist.errors import ConfigError, EmodistError, OutputError
from emodist.network_training import checkpoint
from emodist.network_training.settings import NetworkSettings
from emodist.network_training.state import Problem
from emodist.pipelines import train_workers

ray = pytest.importorskip("ray")
PROBLEM = Problem((2,), ("a", "b"), None, None, None, steps=1, has_dev=True)
SETTINGS = NetworkSettings(
    model="mlp_net", workers=4, batch_size=32, epochs=4, patience=2, max_failures=2
)
ONE = {"CPU": 1.0}
DIED = ray.exceptions.RayActorError(error_msg="The actor died because its node has died.\n\tmore")


class Training:
    """Each start comes to what is given for it: an error, or so many more epochs."""

    def __init__(self, out, *comes_to, best_epoch=4):
        self.out, self.comes_to, self.best_epoch = str(out), list(comes_to), best_epoch
        self.started = []

    def __call__(self, n_workers):
        self.started.append(n_workers)
        result = self.comes_to.pop(0)
        if isinstance(result, Exception):
            raise result
        state = checkpoint.read(self.out)
        state.epoch += result
        state.best_epoch = min(state.epoch, self.best_epoch)
        storage.write(checkpoint.state_uri(self.out), state.to_bytes())


def run(training, *nodes):
    """`nodes` are those that are seen before each start; the last ones stay."""
    seen = list(nodes)

    def look():
        return seen.pop(0) if len(seen) > 1 else seen[0]

    train_workers.until_over(training, PROBLEM, SETTINGS, training.out, look)


def lost(error=DIED):
    return ray.train.WorkerGroupError("rank 1 died", {1: error})


def test_a_training_with_all_its_nodes_is_started_once_and_says_nothing(tmp_path, capsys):
    training = Training(tmp_path, 4)
    run(training, [ONE] * 4)
    assert training.started == [4]
    assert capsys.readouterr().err == ""


def test_fewer_workers_go_on_where_nodes_were_lost_and_more_when_they_are_back(tmp_path, capsys):
    # Three do not divide a batch of 32, and need not.
    training = Training(tmp_path, lost(), lost(), 4)
    run(training, [ONE] * 4, [ONE] * 3, [ONE] * 4)
    assert training.started == [4, 3, 4]
    assert capsys.readouterr().err.splitlines() == [
        "a worker was lost: The actor died because its node has died",
        "training goes on with 3 of 4 workers",
        "a worker was lost: The actor died because its node has died",
        "training goes on with 4 of 4 workers",
    ]


def test_an_error_of_emodist_in_a_worker_is_raised_at_once(tmp_path):
    full = OutputError("state.npz cannot be written: No space left on device")
    training = Training(tmp_path, lost(full), 4)
    with pytest.raises(OutputError, match="No space left"):
        run(training, [ONE] * 4)
    assert training.started == [4]


def test_more_lost_workers_than_allowed_are_one_line(tmp_path):
    training = Training(tmp_path, *[lost()] * 3, 4)
    with pytest.raises(EmodistError, match=r"lost 3 times, with max_failures=2; .* its node has"):
        run(training, [ONE] * 4)
    assert training.started == [4] * 3


def test_a_mistake_in_a_program_is_raised_as_it_is(tmp_path):
    training = Training(tmp_path, *[lost(ZeroDivisionError("here"))] * 3)
    with pytest.raises(ZeroDivisionError, match="here"):
        run(training, [ONE] * 4)


def test_workers_that_find_no_place_are_not_lost(tmp_path, capsys):
    """A node that is gone is known to Ray only after a while."""
    from ray.train.v2._internal.exceptions import WorkerGroupStartupTimeoutError

    full = ray.train.ControllerError(WorkerGroupStartupTimeoutError(4))
    training = Training(tmp_path, lost(), *[full] * 5, 4)
    run(training, *[[ONE] * 4] * 6, [ONE])
    assert training.started == [4] * 6 + [1]
    assert capsys.readouterr().err.count("waiting for room for 4 workers") == 1


def test_a_training_that_loses_all_nodes_waits_for_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(train_workers, "LOOK_EVERY_S", 0.0)
    training = Training(tmp_path, lost(), 4)
    run(training, [ONE] * 4, [{}], [{}], [{}, ONE])
    assert training.started == [4, 1]
    assert capsys.readouterr().err.count("no node is left") == 1


def test_a_training_that_stopped_early_before_its_workers_died_is_not_started_again(tmp_path):
    training = Training(tmp_path, 3, best_epoch=1)
    run(training, [ONE] * 4)
    run(training, [ONE] * 4)
    assert training.started == [4]


def test_room_is_counted_node_by_node():
    wide = dataclasses.replace(SETTINGS, cpus_per_worker=2.0)
    with pytest.raises(ConfigError, match=r"workers=4 of 2 CPUs each: .* have room for 2"):
        train_workers.check(wide, [{"CPU": 3.0}] * 2 + [ONE] * 2)
    train_workers.check(wide, [{"CPU": 4.0}] * 2)
    with pytest.raises(ConfigError, match="need 4 GPUs; the cluster has 1"):
        train_workers.check(dataclasses.replace(SETTINGS, use_gpu=True), [{"CPU": 8.0, "GPU": 1.0}])
    shares = dataclasses.replace(SETTINGS, cpus_per_worker=0.1)
    assert train_workers.room(shares, [{"CPU": 0.3}]) == 3

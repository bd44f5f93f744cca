import dataclasses
import json

import pyarrow.parquet as pq
import pytest
import yaml

from emodist.clustering.settings import ClusterSettings
from emodist.errors import OutputError
from emodist.learning import fingerprint
from emodist.sweeps import output
from emodist.sweeps.trials import Sweep
from emodist.tuning.clusters import Clusters, ClustersSweep
from tests import make
from tests.sweeps.hill import Hill, settings
from tests.tuning.conftest import work


@dataclasses.dataclass(frozen=True)
class Owned(Hill):
    """With rows, as the owner of a folder."""

    effect: float = 1.0

    @property
    def data(self):
        return make.speech(effect=self.effect)

    def fingerprint(self):
        return fingerprint.numbers(self.data)


def test_a_folder_belongs_to_one_sweep(tmp_path):
    out = str(tmp_path / "out")
    record, first = output.begin(out, Owned(), settings())
    assert record["settings"]["seed"] == 0
    again, second = output.begin(out, Owned(), settings(trials=99))
    assert again == record
    assert first != second
    with pytest.raises(OutputError, match="made with seed=0, now it is 1"):
        output.begin(out, Owned(), settings(seed=1))
    with pytest.raises(OutputError, match="made with other rows"):
        output.begin(out, Owned(effect=2.0), settings())
    with pytest.raises(OutputError, match="made with other folds"):
        output.begin(out, Owned(("all",)), settings())
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        output.begin(out, Owned(), settings())


def test_what_a_killed_writer_leaves_is_not_a_strange_file(tmp_path):
    (tmp_path / ".4f1e.tmp").write_bytes(b"half")
    assert output.begin(str(tmp_path), Owned(), settings())[0]["runs"] == []


@pytest.fixture
def finished(tmp_path):
    """A sweep of clusters with all that it leaves, and its rows."""
    x, _ = make.blobs()
    data = make.dataset(x, ["a", "b"] * 30, [None] * 60, apart=True)
    kind = Clusters.of(data, ClustersSweep(algorithms=("kmeans",), k_max=4, trials=9))
    sweep = Sweep(kind, kind.settings)
    work(sweep)
    output.begin(str(tmp_path), kind, kind.settings)
    found = kind.conclude(sweep.rows)
    output.finish(str(tmp_path), kind, sweep.rows, found)
    return tmp_path, kind, sweep.rows, found


def test_trials_are_a_table_with_a_column_for_each_setting_and_measure(finished):
    folder, kind, rows, _ = finished
    table = pq.read_table(folder / "trials.parquet")
    assert set(kind.space) | set(kind.MEASURES) <= set(table.column_names)
    told = {row["number"]: row for row in table.to_pylist()}
    for row in rows:
        assert told[row["number"]]["k"] == row["values"]["k"]
        assert told[row["number"]]["score"] == row["score"]
        assert told[row["number"]]["folds"] == [{"name": "all", "score": row["score"]}]


def test_the_best_settings_are_those_that_cluster_takes(finished):
    folder, _, _, found = finished
    chosen = yaml.safe_load((folder / "best.yaml").read_text())
    assert chosen["k"] == found["best"]["values"]["k"] == 3
    assert ClusterSettings(**{"k": chosen["k"], "algorithm": chosen["algorithm"]}).k == 3


def test_without_a_best_trial_no_settings_are_left_behind(finished):
    folder, kind, rows, _ = finished
    output.finish(str(folder), kind, rows, {"best": None})
    assert not (folder / "best.yaml").exists()
    assert (folder / "trials.parquet").exists()


def test_what_was_found_is_added_to_the_record(finished):
    folder, _, _, found = finished
    record = output.save(str(folder), {"found": found})
    assert json.loads((folder / "sweep.json").read_text()) == record
    assert record["settings"]["kind"] == "clusters"

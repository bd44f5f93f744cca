import pytest

from emodist.errors import EmodistError
from emodist.media import shards
from emodist.pipelines import local_engine
from tests.pipelines.conftest import settings


def test_a_worker_that_cannot_start_ends_the_run_with_its_error(tmp_path, monkeypatch):
    def refuse(*words):
        raise EmodistError("no worker today")

    monkeypatch.setattr(shards.ShardRunner, "__init__", refuse)
    with pytest.raises(EmodistError, match="no worker today"):
        list(local_engine.run([{}], settings(tmp_path, tmp_path / "out"), 2))

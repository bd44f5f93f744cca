"""An object in a bucket gives the samples of the file that it was."""

import numpy as np
import pytest

from emodist import storage
from emodist.audio.decode import blocks
from tests.audio.specimens import KINDS, make
from tests.pipelines.conftest import bucket  # noqa: F401

pytestmark = pytest.mark.slow


def read(source):
    stream = blocks(source)
    return np.concatenate(list(stream)), stream.account


@pytest.mark.parametrize("whole_bytes", [0, storage.WHOLE_BYTES])
def test_every_container_gives_the_samples_of_its_path(tmp_path, bucket, monkeypatch, whole_bytes):  # noqa: F811
    # Large objects are read as they are used, small ones at once.
    monkeypatch.setattr(storage, "WHOLE_BYTES", whole_bytes)
    for kind in KINDS:
        path = make(tmp_path, kind)
        uri = f"{bucket}/{path.name}"
        storage.write(uri, path.read_bytes())
        from_path, account = read(path)
        with storage.opened(uri) as source:
            from_bucket, same = read(source)
        np.testing.assert_array_equal(from_bucket, from_path, err_msg=kind.title)
        assert same == account, kind.title


@pytest.mark.parametrize("whole_bytes", [0, storage.WHOLE_BYTES])
def test_faults_are_the_same_in_a_bucket(shared_data, bucket, monkeypatch, whole_bytes):  # noqa: F811
    monkeypatch.setattr(storage, "WHOLE_BYTES", whole_bytes)
    for path in sorted((shared_data / "faults").iterdir()):
        if path.suffix == ".csv":
            continue
        storage.write(f"{bucket}/{path.name}", path.read_bytes())
        found = []
        for place in (str(path), f"{bucket}/{path.name}"):
            with storage.opened(place) as source:
                stream = blocks(source, damaged="keep")
                try:
                    found.append((np.concatenate(list(stream)), stream.account))
                except Exception as error:
                    found.append((np.array([]), str(error).partition(": ")[2]))
        np.testing.assert_array_equal(found[0][0], found[1][0], err_msg=path.name)
        assert found[0][1] == found[1][1], path.name

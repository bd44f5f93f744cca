import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import s3fs
import soundfile

from emodist.media.settings import FeaturizeSettings
from emodist.pipelines import media_job
from emodist.tables import locate

QUICK = {"features": ("mfcc", "rms"), "engine": "local", "workers": 2}


def write_clip(path: Path, seed: int, duration_s: float = 1.0, sample_rate: int = 22_050) -> None:
    """Speech-like enough for mechanics: noise with a slow envelope, another for each seed."""
    rng = np.random.default_rng(seed)
    n_samples = int(duration_s * sample_rate)
    envelope = 0.2 + 0.1 * np.sin(np.arange(n_samples) * rng.uniform(10, 30) / sample_rate)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, rng.normal(size=n_samples) * envelope, sample_rate)


@pytest.fixture
def clips(tmp_path) -> Path:
    """Twelve clips in two label folders."""
    for index in range(12):
        label = ("happy", "sad")[index % 2]
        write_clip(
            tmp_path / "clips" / label / f"s{index % 3}_{index}.wav", index, 0.5 + index / 10
        )
    return tmp_path / "clips"


def settings(path, out, **more) -> FeaturizeSettings:
    return FeaturizeSettings(path=str(path), out=str(out), **{**QUICK, "corpus": "folder", **more})


def featurize(path, out, retry_failed=False, **more) -> dict:
    return media_job.run(settings(path, out, **more), retry_failed=retry_failed)


def table(out, name="features") -> pa.Table:
    """A table in one order, whichever files and workers it came from."""
    rows = locate.open_table(f"{out}/{name}").to_table()
    order = [("recording_id", "ascending")]
    if "segment" in rows.column_names:
        order.append(("segment", "ascending"))
    return rows.sort_by(order).combine_chunks()


def start(*words, **more) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "emodist", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.fixture
def fresh_ray():
    """Ray, with none running in this process: tests before may have left theirs for those after."""
    import ray

    ray.shutdown()
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def bucket():
    """A bucket of a real S3 interface on this machine, for all verbs and their children."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Of a listing, 100 keys make a page: several pages need no thousands of objects.
        env={**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": "100"},
    )
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        fs = s3fs.S3FileSystem()
        for _ in range(100):
            try:
                fs.mkdir("archive")
                break
            except OSError:
                time.sleep(0.1)
        try:
            yield "s3://archive"
        finally:
            server.kill()
            server.wait()
            s3fs.S3FileSystem.clear_instance_cache()

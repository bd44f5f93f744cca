"""A YAMNet model from anywhere, as a folder that a worker can run.

A prepared folder holds

- `core.tflite`: the network from patches to embeddings and scores, for LiteRT;
- `core.pb`: the same as a frozen TensorFlow graph, for GPUs;
- `class_map.csv`: the model's own class map;
- `core.json`: where it came from, its sizes, and how well the halves agreed.

Folders lie in a cache, named by the content of a local model, by the listing of one in a bucket,
and by the address of a published one (such addresses carry a version). Each appears whole or not
at all. A prepared folder is itself a model that can be named, copied and put in a bucket, and needs
no TensorFlow any more.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from emodist import storage
from emodist.errors import YamnetError

# Part of every name in the cache: raise it when the form of a prepared folder changes.
FORMAT = 1
PUBLISHED = "https://tfhub.dev/google/yamnet/1"
_TIMEOUT_S = 1800
_HOW_TO_GET = (
    f"The published model (Apache 2.0) is {PUBLISHED}, on Kaggle google/yamnet: download it where "
    "there is a network, unpack it to a folder (saved_model.pb, variables/, assets/), and set "
    "yamnet.model=FOLDER, local or s3://"
)
HOW_TO_INSTALL = 'pip install "emodist[yamnet]"'


def prepare(uri: str, cache: str | Path | None = None) -> Path:
    """The prepared folder of a model; made, with TensorFlow in a process of its own, if new.

    Parameters
    ----------
    uri : str
        A SavedModel folder, a prepared folder, `s3://` (or what fsspec knows) of either, or an
        `https://` address for tensorflow_hub.
    cache : folder, optional
        Default: `~/.cache/emodist/yamnet`.

    Raises
    ------
    YamnetError
        If the model is not there, has another interface, or TensorFlow is needed and missing.
    """
    root = _cache_root(cache)
    if uri.startswith(("http://", "https://")):
        return _cached(root, _key(uri), lambda out: _convert(uri, uri, out))
    if storage.is_remote(uri):
        return _prepare_remote(uri, root)
    folder = Path(storage.absolute(uri))
    if (folder / "core.json").is_file():
        return folder
    if not (folder / "saved_model.pb").is_file():
        what = "has no saved_model.pb" if folder.exists() else "does not exist"
        raise YamnetError(f"yamnet: {folder} {what}. {_HOW_TO_GET}")
    return _cached(root, _key(*_contents(folder)), lambda out: _convert(str(folder), uri, out))


def _prepare_remote(uri: str, root: Path) -> Path:
    try:
        fs, path = storage.filesystem(uri)
        files = {
            name[len(path) :].lstrip("/"): info
            for name, info in sorted(fs.find(path, detail=True).items())
        }
    except Exception as error:  # each filesystem raises its own kinds
        raise YamnetError(f"yamnet: {uri} cannot be listed: {error}. {_HOW_TO_GET}") from error
    if not {"saved_model.pb", "core.json"} & files.keys():
        raise YamnetError(f"yamnet: {uri} has no saved_model.pb. {_HOW_TO_GET}")
    stamps = (
        f"{name} {info['size']} {info.get('ETag') or info.get('created')}"
        for name, info in files.items()
    )

    def fetch(out: Path) -> None:
        is_prepared = "core.json" in files
        target = out if is_prepared else out.with_name(out.name + ".model")
        try:
            for name in files:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                fs.get_file(f"{path.rstrip('/')}/{name}", str(target / name))
        except Exception as error:
            raise YamnetError(f"yamnet: {uri} cannot be fetched: {error}. {_HOW_TO_GET}") from error
        else:
            if not is_prepared:
                _convert(str(target), uri, out)
        finally:
            if not is_prepared:
                shutil.rmtree(target, ignore_errors=True)

    return _cached(root, _key(uri, *stamps), fetch)


def _cached(root: Path, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of a key; `make` fills a new one, which then appears under its name at once."""
    folder = root / key
    if (folder / "core.json").is_file():
        return folder
    temporary = root / f".{key}.{uuid.uuid4().hex}.tmp"
    temporary.mkdir(mode=0o700)
    try:
        make(temporary)
        try:
            os.rename(temporary, folder)
        except OSError:
            # Another process was first: its folder holds the same.
            if not (folder / "core.json").is_file():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _convert(source: str, uri: str, out: Path) -> None:
    modules = ["tensorflow", "tensorflow_hub"] if "://" in source else ["tensorflow"]
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise YamnetError(
                f"yamnet: {module} is needed to read {uri} for the first time; "
                f"{HOW_TO_INSTALL}, or name a prepared folder, as OUT/yamnet of a run"
            )
    print(f"preparing the model {uri}, once: some ten seconds", file=sys.stderr)
    # The child finds this package wherever this process found it, and leaves the GPU alone.
    child = dict(os.environ, PYTHONPATH=os.pathsep.join(path or "." for path in sys.path))
    child |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-m", "emodist.features._yamnet.convert", source, str(out)]
    try:
        done = subprocess.run(
            command, env=child, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise YamnetError(f"yamnet: reading {uri} took over {_TIMEOUT_S} s") from error
    if done.returncode == 3:
        raise YamnetError(f"yamnet: {uri} cannot be had: {_last_line(done)}. {_HOW_TO_GET}")
    if done.returncode == 4:
        raise YamnetError(f"yamnet: {uri} is not YAMNet as published: {_last_line(done)}")
    if done.returncode != 0 or not (out / "core.json").is_file():
        end = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise YamnetError(f"yamnet: reading {uri} failed (exit {done.returncode}):\n{end}")


def _last_line(done: subprocess.CompletedProcess) -> str:
    return (done.stdout.strip().splitlines() or ["no reason given"])[-1].rstrip(".")


def _contents(folder: Path) -> list[str]:
    """Name and hash of each file of a local model; 15 MB take 10 ms."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in files
    ]


def _key(*parts: str) -> str:
    return hashlib.sha256(json.dumps([FORMAT, *parts]).encode()).hexdigest()[:24]


def _cache_root(cache: str | Path | None) -> Path:
    if cache is not None:
        candidates = [Path(cache).expanduser()]
    else:
        # A container's user may have no home that can be written.
        private = Path(tempfile.gettempdir()) / f"emodist-{os.getuid()}"
        candidates = [Path.home() / ".cache" / "emodist" / "yamnet", private]
    for root in candidates:
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        # A cached model is run: never one from a folder that another user made.
        if os.access(root, os.W_OK) and (cache is not None or root.stat().st_uid == os.getuid()):
            return root
    names = " or ".join(str(root) for root in candidates)
    raise YamnetError(f"yamnet: cannot write a cache at {names}; set HOME to a folder that can be")

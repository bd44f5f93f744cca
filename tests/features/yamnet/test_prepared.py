import functools
import http.server
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import threading

import fsspec
import numpy as np
import pytest

from emodist.errors import YamnetError
from emodist.features import _yamnet as yamnet
from emodist.features._yamnet import prepared
from tests.yamnet_models import save_tiny


def test_a_missing_folder_says_where_the_model_is_to_be_had(tmp_path):
    with pytest.raises(YamnetError, match="does not exist") as caught:
        yamnet.load(str(tmp_path / "nowhere"), cache=tmp_path / "cache")
    for word in (prepared.PUBLISHED, "google/yamnet", "Apache 2.0", "yamnet.model=FOLDER"):
        assert word in str(caught.value)


def test_without_tensorflow_the_message_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(YamnetError, match=r'pip install "emodist\[yamnet\]"'):
        yamnet.load(str(tmp_path), cache=tmp_path / "cache")


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(YamnetError, match=r"cannot write a cache.*set HOME"):
        yamnet.load("https://localhost/yamnet", cache=tmp_path / "file" / "cache")


def test_an_empty_bucket_says_where_the_model_is_to_be_had(tmp_path):
    with pytest.raises(YamnetError, match=f"no saved_model.pb.*{prepared.PUBLISHED}"):
        yamnet.load("memory://nothing/here", cache=tmp_path)


@pytest.mark.tf
def test_offline_the_message_says_what_was_asked_and_how_to_get_it(tmp_path):
    pytest.importorskip("tensorflow_hub")
    address = "https://127.0.0.1:9/google/yamnet/1"
    with pytest.raises(YamnetError) as caught:
        yamnet.load(address, cache=tmp_path)
    for word in (address, "refused", prepared.PUBLISHED, "yamnet.model=FOLDER"):
        assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tf
def test_a_model_is_converted_once_and_then_needs_no_tensorflow(tiny, tiny_folder, cache):
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "from emodist.features import _yamnet as yamnet\n"
        f"model = yamnet.load({str(tiny_folder)!r}, 'litert', cache={str(cache)!r})\n"
        "import numpy; print(model.embed(yamnet.patches(numpy.zeros(9)))[0].shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 16)"


@pytest.mark.tf
def test_a_prepared_folder_is_a_model(tiny, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny.folder, copy)
    model = yamnet.load(str(copy), cache=tmp_path / "cache")
    assert model.folder == copy
    assert model.class_names == tiny.class_names


@pytest.mark.tf
@pytest.mark.parametrize("kind", ["SavedModel", "prepared"])
def test_a_model_in_a_bucket_is_fetched_once(tiny, tiny_folder, tmp_path, monkeypatch, kind):
    source = tiny_folder if kind == "SavedModel" else tiny.folder
    fs = fsspec.filesystem("memory")
    fs.put(f"{source}/", f"/{kind}/", recursive=True)
    model = yamnet.load(f"memory://{kind}", cache=tmp_path)
    patches = yamnet.patches(np.ones(20_000))
    np.testing.assert_array_equal(model.embed(patches)[0], tiny.embed(patches)[0])
    monkeypatch.setattr(type(fs), "get_file", None)
    assert yamnet.load(f"memory://{kind}", cache=tmp_path).folder == model.folder
    assert list(tmp_path.iterdir()) == [model.folder]


@pytest.mark.tf
def test_a_model_at_an_address_is_downloaded_once(tiny, tiny_folder, tmp_path, monkeypatch):
    pytest.importorskip("tensorflow_hub")
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "hub"))
    with tarfile.open(tmp_path / "1", "w:gz") as archive:
        archive.add(tiny_folder, arcname=".")
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/1"
        model = yamnet.load(address, cache=tmp_path / "cache")
        server.shutdown()
    patches = yamnet.patches(np.ones(20_000))
    np.testing.assert_array_equal(model.embed(patches)[0], tiny.embed(patches)[0])
    assert yamnet.load(address, cache=tmp_path / "cache").folder == model.folder


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.mark.tf
def test_named_outputs_are_understood(tmp_path, tiny):
    import tensorflow as tf

    save_tiny(tf, tmp_path / "model", tmp_path / "yamnet_class_map.csv", named=True)
    model = yamnet.load(str(tmp_path / "model"), cache=tmp_path / "cache")
    patches = yamnet.patches(np.ones(20_000))
    np.testing.assert_allclose(model.embed(patches)[0], tiny.embed(patches)[0], rtol=1e-6)


@pytest.mark.tf
def test_a_model_with_another_front_end_is_refused(tmp_path):
    tf = pytest.importorskip("tensorflow")
    save_tiny(tf, tmp_path / "model", tmp_path / "yamnet_class_map.csv", first_mel_hz=60.0)
    with pytest.raises(YamnetError, match="not YAMNet as published: no tensor"):
        yamnet.load(str(tmp_path / "model"), cache=tmp_path / "cache")

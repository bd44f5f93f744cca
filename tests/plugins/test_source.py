"""What a plugin folder holds."""

import os
import stat
import warnings

import pytest

from emodist.errors import ConfigError
from emodist.plugins import source


def write(place, **files):
    """Files by path, with two underscores for a slash."""
    for name, content in files.items():
        file = place / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return str(place)


def test_files_of_registries_are_read_and_others_are_not(tmp_path):
    write(tmp_path, features__breath="1", features___help="2", notes="3", features__tests__x="4")
    (tmp_path / "features" / "__pycache__").mkdir()
    (tmp_path / "features" / "__pycache__" / "breath.pyc").write_bytes(b"5")
    (tmp_path / "features" / ".hidden.py").write_text("6")
    folder = source.read(str(tmp_path))
    assert dict(folder.files) == {
        "features/breath.py": b"1",
        "features/_help.py": b"2",
        "features/tests/x.py": b"4",
    }


def test_modules_are_files_and_packages_with_their_helpers(tmp_path):
    write(tmp_path, features__breath="", features___help="", features__deep__parts="")
    (tmp_path / "features" / "deep" / "__init__.py").touch()
    (tmp_path / "features" / "__init__.py").touch()
    modules = source.read(str(tmp_path)).modules("features")
    assert modules == {
        "_help": "features/_help.py",
        "breath": "features/breath.py",
        "deep": "features/deep/__init__.py",
    }
    assert source.read(str(tmp_path)).modules("corpora") == {}


def test_an_entry_is_a_version_of_its_file_and_of_the_helpers_beside_it(tmp_path):
    place = write(tmp_path, features__a="1", features__b="2", features___help="3", corpora___x="4")
    before = source.read(place).versions("features", ["a"])
    assert list(before) == ["features/_help.py", "features/a.py"]
    write(tmp_path, features__b="changed")
    assert source.read(place).versions("features", ["a"]) == before
    write(tmp_path, features___help="changed")
    assert source.read(place).versions("features", ["a"]) != before
    assert source.read(place).versions("features", ["none"]) == {}


def test_a_folder_that_is_none_says_what_it_lacks(tmp_path):
    with pytest.raises(ConfigError, match=r"plugins: no such folder: .*/none"):
        source.read(f"{tmp_path}/none")
    (tmp_path / "feature").mkdir()
    with pytest.raises(
        ConfigError, match=r"stand in annotations/, .*, networks/; did you mean features/ by fea"
    ):
        source.read(str(tmp_path))


def test_models_do_not_travel_to_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MOST_BYTES", 2**20)
    write(tmp_path, features__a="x" * (3 * 2**19))
    with pytest.raises(ConfigError, match="have 2 MiB, and at most 1 are sent to workers"):
        source.read(str(tmp_path))


def test_what_was_sent_is_written_once_for_this_user_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(source.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(source.tempfile, "tempdir", str(tmp_path))
    files = {"features/a.py": b"1"}
    place = source.written(files)
    assert dict(source.read(place).files) == files
    assert stat.S_IMODE(os.stat(os.path.dirname(place)).st_mode) == 0o700
    assert source.written(files) == place
    assert source.written({"features/a.py": b"2"}) != place
    # Whoever changed it there does not change what others work with.
    with open(f"{place}/features/a.py", "w") as file:
        file.write("evil")
    assert dict(source.read(source.written(files)).files) == files


def test_what_makes_every_look_slow_is_told_with_its_line(tmp_path):
    write(
        tmp_path,
        features__slow="import os\nimport tensorflow as tf\nfrom keras import layers\n",
        features__fine=(
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n"
            "def build():\n    import keras\n"
        ),
        features__broken="def (",
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        source.warn_of_heavy(source.read(str(tmp_path)))
    assert [(os.path.basename(w.filename), w.lineno) for w in told] == [
        ("slow.py", 2),
        ("slow.py", 3),
    ]
    assert "imports tensorflow at its top" in str(told[0].message)

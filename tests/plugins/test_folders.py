"""Plugin folders: found like the package's own entries, in every process, and known by version."""

import dataclasses
import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import warnings

import pytest

from emodist import config, registry
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.media.settings import ExtractSettings, FeaturizeSettings
from emodist.network_training.settings import NetworkSettings
from emodist.plugins import folders, source
from emodist.predicting.settings import PredictSettings, ServeSettings
from emodist.reporting import ReportSettings
from emodist.tuning._network_sweep import NetworkSweep
from emodist.tuning.classifier import ClassifierSweep
from emodist.tuning.clusters import ClustersSweep
from tests import make_plugins as make


def settings(own, **more) -> FeaturizeSettings:
    given = {"features": ("ones",), "plugins": (str(own),), **more}
    return FeaturizeSettings(path=str(own), out=str(own / "out"), **given)


def sha(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_entry_of_a_folder_stands_beside_those_of_the_package(own):
    make.feature(own)
    assert "ones" not in registry.names("features")
    folders.use([str(own)])
    assert {"ones", "mfcc"} <= set(registry.names("features"))
    assert "ones" not in registry.own_names("features")
    assert registry.build("features", "ones").labels(["mean"]) == ("ones_mean",)
    assert registry.describe("features", "ones")[0] == "As many ones as frames."


def test_the_settings_of_a_plugin_stand_under_its_name(own, tmp_path):
    path = make.feature(own)
    path.write_text(path.read_text().replace("def frames", "factor: float = 1.0\n\n    def frames"))
    file = tmp_path / "job.yaml"
    file.write_text(f"path: {own}\nout: {own}/out\nfeatures: [ones]\nones: {{factor: 2}}\n"
                    f"plugins: {own}\n")  # fmt: skip
    for words in ([], [f"plugins={own}", "ones.factor=3"]):
        found = config.load(FeaturizeSettings, str(file), words)
        assert found.build_features()["ones"].factor == (3 if words else 2)
        assert found.plugins == (str(own),)


def test_a_helper_may_be_shared_and_is_no_entry(own):
    make.write(own, "features/_level.py", "LEVEL = 4.0")
    make.feature(own, body="_level.LEVEL * np.ones((1, analysis.n_frames))")
    path = own / "features" / "ones.py"
    path.write_text(path.read_text().replace(
        "import numpy as np\n", "import numpy as np\n\nfrom emodist.features import _level\n"
    ))  # fmt: skip
    folders.use([str(own)])
    assert "_level" not in registry.names("features")
    assert registry.build("features", "ones")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("features/rms.py", r"own/features/rms.py: emodist has features/rms.py itself; rename"),
        ("features/_settings.py", r"own/features/_settings.py: emodist has features/_settings.py"),
        ("features/_yamnet.py", r"own/features/_yamnet.py: emodist has"),
        ("features/Breath.py", r"own/features/Breath.py: a name is small letters"),
        ("features/breath-rate.py", r"a name is small letters, digits and underscores"),
        ("feature/breath.py", r"own holds no plugins; .*did you mean features/ by feature/\?"),
        ("readme.txt", r"own holds no plugins; they stand in annotations/, "),
    ],
)
def test_a_folder_that_hides_something_or_holds_nothing_is_refused_in_one_line(own, file, message):
    make.write(own, file, '"""Nothing."""')
    with pytest.raises(ConfigError, match=message) as caught:
        folders.use([str(own)])
    assert "\n" not in str(caught.value)
    assert "ones" not in registry.names("features")


def test_what_is_no_folder_here_is_refused(own):
    with pytest.raises(ConfigError, match=f"no such folder: {own}/none"):
        folders.use([f"{own}/none"])
    with pytest.raises(ConfigError, match="folders of this machine; got s3://bucket/plugins"):
        folders.use(["s3://bucket/plugins"])


def test_two_folders_with_one_name_are_refused(own, tmp_path):
    make.feature(own)
    make.feature(tmp_path / "other")
    with pytest.raises(ConfigError, match=f"{own} holds features/ones.py too; rename one"):
        folders.use([str(own), str(tmp_path / "other")])


def test_a_folder_too_large_to_be_sent_is_refused(own, monkeypatch):
    make.feature(own)
    monkeypatch.setattr(source, "MOST_BYTES", 100)
    with pytest.raises(ConfigError, match="keep models and data elsewhere"):
        folders.use([str(own)])


def test_a_heavy_import_at_the_top_gets_a_warning_with_file_and_line(own):
    path = make.feature(own)
    path.write_text(path.read_text().replace("import numpy", "import ray.data\nimport numpy"))
    with pytest.warns(UserWarning, match="imports ray at its top") as caught:
        folders.use([str(own)])
    assert (caught[0].filename, caught[0].lineno) == (str(path), 5)


def test_a_heavy_import_where_it_is_needed_gets_none(own):
    make.write(own, "networks/_late.py", """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import keras
        def build():
            import keras
            return keras
    """)  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folders.use([str(own)])
    assert not caught


def test_a_file_that_was_edited_is_read_again(own):
    path = make.feature(own)
    settings(own)
    before = registry.get("features", "ones")
    text = path.read_text()
    # As long as before, and in the same second.
    path.write_text(text.replace("Says", "Says".upper()))
    settings(own)
    assert registry.get("features", "ones") is not before
    assert registry.get("features", "ones").__doc__.startswith("SAYS")


def test_settings_name_the_files_that_they_use_by_their_hash(own):
    path, helper = make.feature(own), make.write(own, "features/_level.py", "LEVEL = 4.0")
    make.feature(own, "twos")
    made = settings(own)
    assert made.identity()["plugin_files"] == {
        "features/ones.py": sha(path), "features/_level.py": sha(helper),
    }  # fmt: skip
    before = made.fingerprint()
    path.write_text(path.read_text() + "# another version\n")
    assert settings(own).identity()["plugin_files"]["features/ones.py"] == sha(path)
    assert settings(own).fingerprint() != before


def test_settings_without_plugins_are_the_same_as_ever(own):
    make.feature(own)
    identity = settings(own, features=("rms",)).identity()
    assert "plugin_files" not in identity
    assert "plugins" not in identity
    assert "plugins" not in TrainSettings().identity()


def test_the_members_of_an_ensemble_are_named_too(own):
    path = make.estimator(own)
    made = TrainSettings(
        model="ensemble", model_settings={"members": "prior,lda"}, plugins=(str(own),)
    )
    assert made.identity()["plugin_files"] == {"estimators/prior.py": sha(path)}


def in_another_process(given: object, code: str) -> str:
    return unpickled(pickle.dumps(given), code)


def unpickled(data: bytes, code: str) -> str:
    """What a new process prints that knows nothing but the pickle `given`."""
    script = f"import pickle, sys; given = pickle.load(sys.stdin.buffer); {code}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=data,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize("what", ["there", "gone", "edited"])
def test_a_process_that_is_sent_settings_has_the_plugins_of_the_sender(own, what):
    path = make.feature(own)
    made = settings(own)
    if what == "gone":
        shutil.rmtree(own)
    elif what == "edited":
        path.write_text("1 / 0")
    columns = "given.build_features()['ones'].labels(['mean'])"
    found = in_another_process(made, f"print({columns}, given.plugins[0], given.identity())")
    assert found.startswith("('ones_mean',)")
    assert found.endswith(str(made.identity()))
    assert (f" {own} " in found) == (what == "there")


@pytest.mark.slow
def test_objects_of_plugins_may_follow_the_settings(own):
    make.estimator(own)
    made = TrainSettings(model="prior", plugins=(str(own),))
    model = made.build_model().build(None, 0).fit([[0.0], [1.0], [2.0]], [0, 0, 1])
    found = in_another_process((made, model), "print(given[1].predict_proba([[0]]).round(2))")
    assert found == "[[0.67 0.33]]"


KINDS = (ClusterSettings, ReportSettings, TrainSettings, NetworkSettings, ExtractSettings,
         FeaturizeSettings, PredictSettings, ServeSettings, ClassifierSweep, NetworkSweep,
         ClustersSweep)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_all_settings_use_their_plugins(kind, own):
    places = {f.name for f in dataclasses.fields(kind)} & {"path", "out", "bundle"}
    with pytest.raises(ConfigError, match="no such folder"):
        kind(plugins=(f"{own}/none",), **dict.fromkeys(places, str(own)))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What `pip install` leaves of a package with an entry point; another process finds it too."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def install(name: str, value: str) -> None:
        about = tmp_path / "site" / f"{name}-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[emodist.plugins]\n{name} = {value}\n")
        folders._installed.cache_clear()

    yield install
    folders._installed.cache_clear()


def test_an_installed_package_needs_no_setting(installed, tmp_path):
    make.feature(tmp_path / "site" / "their_package")
    make.write(tmp_path / "site" / "their_package", "__init__.py", "1 / 0  # Not wanted for this.")
    installed("theirs", "their_package")
    assert "ones" in registry.names("features")
    assert registry.build("features", "ones").labels(["mean"]) == ("ones_mean",)
    assert not folders.problems()
    found = in_another_process(None, "from emodist import registry; "
                               "print(registry.get('features', 'ones').__module__)")  # fmt: skip
    assert found == "emodist.features.ones"
    folders._forget(str(tmp_path / "site" / "their_package"))


def test_a_process_without_an_installed_package_gets_it_with_the_settings(installed, tmp_path):
    path = make.feature(tmp_path / "site" / "their_package")
    installed("theirs", "their_package")
    made = settings(tmp_path, plugins=())
    assert made.identity()["plugin_files"] == {"features/ones.py": sha(path)}
    taken_along = pickle.dumps(made)
    folders._forget(str(path.parents[1]))
    shutil.rmtree(tmp_path / "site")
    told = "given.build_features()['ones'].labels(['mean']), given.plugins"
    assert unpickled(taken_along, f"print(({told}))") == "(('ones_mean',), ())"


def test_an_installed_package_that_cannot_be_used_is_left_out_and_told_of(installed, tmp_path):
    make.feature(tmp_path / "site" / "their_package", "rms")
    installed("theirs", "their_package")
    installed("lost", "not_there_at_all")
    assert "mfcc" in registry.names("features")
    first, second = sorted(folders.problems())
    assert first == "the installed plugin lost is left out: there is no module not_there_at_all"
    assert "emodist has features/rms.py itself" in second
    with pytest.raises(
        ConfigError, match=r"has no 'ones'.*; the installed plugin lost is left out"
    ):
        registry.get("features", "ones")

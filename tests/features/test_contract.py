import dataclasses
import inspect
import subprocess
import sys

import numpy as np
import pytest

from emodist import registry
from emodist.citations import bibtex
from emodist.errors import ConfigError
from emodist.features import DEFAULT, DEFAULT_FUNCTIONALS, build_features, extract
from tests.features.signals import clicks, noise, silence, voice

# Features that run a network have tests of their own.
# openSMILE is judged in a process of its own (`opensmile_alone`).
APART = ("opensmile", "yamnet", "yamnet_scores")
NAMES = [name for name in registry.names("features") if name not in APART]
FUNCTIONALS = ("mean", "std", "min", "max", "range", "slope", "p5", "p50", "p95")
WAVEFORMS = {
    "voice": voice(),
    "noise": noise(0.5),
    "clicks": clicks(),
    "silence": silence(0.5),
    "one sample": np.full(1, -1, np.float32),
    "half a frame": voice(duration_s=0.05),
    "an offset": np.full(5000, 0.3, np.float32),
    "far too loud": noise(0.5, amplitude=2e5),
    "next to nothing": noise(0.5, amplitude=1e-30),
}


@pytest.fixture(params=NAMES)
def feature(request):
    return registry.build("features", request.param)


@pytest.mark.parametrize("waveform", WAVEFORMS)
def test_numbers_are_finite_float32_of_the_promised_shape(feature, waveform):
    values = extract(WAVEFORMS[waveform], {"x": feature}, FUNCTIONALS)["x"]
    assert values.dtype == np.float32
    assert values.shape == feature.shape(FUNCTIONALS)
    assert np.isfinite(values).all()


def test_there_is_one_distinct_label_for_each_number(feature, request):
    labels = feature.labels(FUNCTIONALS)
    assert len(labels) == np.prod(feature.shape(FUNCTIONALS))
    assert len(set(labels)) == len(labels)
    assert isinstance(labels, tuple)
    assert all(label.startswith(request.node.callspec.params["feature"]) for label in labels)


def test_settings_are_frozen_hashable_and_equal_by_value(feature):
    assert dataclasses.replace(feature) == feature
    assert hash(dataclasses.replace(feature)) == hash(feature)
    for field in dataclasses.fields(feature):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(feature, field.name, None)


def test_the_same_waveform_gives_the_same_bits(feature):
    first, again = (extract(noise(0.3), {"x": feature})["x"] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_feature_does_not_depend_on_its_companions():
    together = extract(voice(), build_features(DEFAULT))
    for name in DEFAULT:
        alone = extract(voice(), build_features([name]))[name]
        np.testing.assert_array_equal(alone, together[name])


@pytest.mark.parametrize("name", registry.names("features"))
def test_a_feature_says_its_unit_and_whom_it_comes_from(name):
    entry = registry.get("features", name)
    works = bibtex.works(registry.citation("features", name))
    assert entry.unit
    # Of a plugin, only its author knows.
    if name in registry.own_names("features"):
        assert bool(works) != ("published by nobody else" in inspect.getdoc(entry))
    assert all({"author", "title", "year"} <= set(work.fields) for work in works)


def test_the_defaults_are_in_the_registry():
    assert set(DEFAULT) <= set(registry.names("features"))
    assert list(build_features()) == list(DEFAULT)
    assert DEFAULT_FUNCTIONALS == ("mean", "std", "p10", "p90")


def test_an_unknown_name_or_setting_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match="did you mean 'mfcc'"):
        build_features(["mfc"])
    with pytest.raises(ConfigError, match="did you mean 'n_mfcc'"):
        build_features(["mfcc"], {"mfcc": {"n_mffc": 3}})
    with pytest.raises(ConfigError, match="'rms', which is not among"):
        build_features(["mfcc"], {"rms": {}})


def test_importing_features_and_computing_loads_no_heavy_library():
    code = """
import sys, numpy
from emodist.features import DEFAULT, build_features, extract
extract(numpy.zeros(1000, numpy.float32), build_features(DEFAULT))
heavy = {"ray", "tensorflow", "sklearn", "matplotlib", "librosa", "scipy.stats", "scipy.signal"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""openSMILE's numbers, ours and its own; `test_opensmile` runs this in a process of its own."""

import re
import subprocess
import sys

import numpy as np
import pytest

from emodist import registry
from emodist.errors import ConfigError
from emodist.features import extract
from emodist.features._analysis import Analysis
from tests.features.signals import noise, silence, tone, voice
from tests.features.test_contract import (  # noqa: F401
    test_numbers_are_finite_float32_of_the_promised_shape,
    test_settings_are_frozen_hashable_and_equal_by_value,
    test_the_same_waveform_gives_the_same_bits,
)

N_NUMBERS = {"egemaps": 88, "compare": 6373}
NAMES = {"egemaps": "eGeMAPSv02", "compare": "ComParE_2016"}


@pytest.fixture(scope="session")
def opensmile():
    return pytest.importorskip("opensmile", reason='needs: pip install "emodist[opensmile]"')


@pytest.fixture(params=N_NUMBERS)
def feature(request, opensmile):
    return registry.build("features", "opensmile", feature_set=request.param)


@pytest.fixture
def theirs(feature, opensmile):
    """openSMILE's own numbers of a waveform, as its users get them."""
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet[NAMES[feature.feature_set]],
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    return lambda waveform: smile.process_signal(waveform, 16_000)


def compute(feature, waveform):
    return feature.compute(Analysis(waveform), ("mean",))


def test_equals_opensmile_on_speech(feature, theirs, speech):
    for waveform in speech:
        np.testing.assert_array_equal(compute(feature, waveform), theirs(waveform).to_numpy()[0])


@pytest.mark.parametrize("waveform", [tone(), voice(), noise()], ids=["tone", "voice", "noise"])
def test_equals_opensmile_on_synthetic_signals(feature, theirs, waveform):
    np.testing.assert_array_equal(compute(feature, waveform), theirs(waveform).to_numpy()[0])


def test_labels_are_opensmiles_names_as_columns(feature, theirs):
    names = theirs(tone()).columns
    labels = feature.labels(("mean",))
    assert len(labels) == N_NUMBERS[feature.feature_set]
    assert feature.shape(("mean",)) == (len(labels),)
    assert all(re.fullmatch(r"opensmile_[A-Za-z0-9_]+", label) for label in labels)
    # SQL does not tell small letters from capitals.
    assert len({label.lower() for label in labels}) == len(labels)
    for name, label in zip(names, labels, strict=True):
        letters = re.sub(r"[^A-Za-z0-9]", "", name)
        assert label.removeprefix("opensmile_").replace("_", "") == letters


def test_functionals_of_the_other_features_do_not_apply(feature):
    assert feature.labels(("mean",)) == feature.labels(("min", "max"))
    few, many = (extract(voice(), {"x": feature}, names) for names in (["mean"], ["min", "max"]))
    np.testing.assert_array_equal(few["x"], many["x"])


def test_pitch_is_in_semitones_above_27_5_hz(opensmile):
    feature = registry.build("features", "opensmile")
    column = feature.labels(()).index("opensmile_F0semitoneFrom27_5Hz_sma3nz_amean")
    for hz, semitones in ((110, 24), (220, 36)):
        assert compute(feature, voice(hz))[column] == pytest.approx(semitones, abs=0.3)


@pytest.mark.parametrize("n_samples", [1, 800, 959, 960, 1600])
@pytest.mark.parametrize("make", [silence, noise])
@pytest.mark.filterwarnings("error")
def test_silence_and_short_waveforms_are_finite(feature, make, n_samples):
    values = compute(feature, make()[:n_samples])
    assert values.dtype == np.float32
    assert values.shape == feature.shape(())
    assert np.isfinite(values).all()


def test_less_than_60_ms_is_filled_up_with_zeros(feature):
    short = noise()[:700]
    padded = np.pad(short, (0, 260))
    np.testing.assert_array_equal(compute(feature, short), compute(feature, padded))
    assert compute(feature, short).any()


def test_what_opensmile_leaves_undefined_is_zero(opensmile, monkeypatch):
    module = sys.modules[registry.get("features", "opensmile").__module__]
    bad = np.array([[[1.0], [np.nan], [np.inf], [-np.inf]]])
    monkeypatch.setattr(module, "_smile", lambda _: lambda *_: bad)
    values = compute(registry.build("features", "opensmile"), tone())
    np.testing.assert_array_equal(values, np.float32([1, 0, 0, 0]))


def test_full_scale_is_clipped_and_does_not_wrap_around(opensmile):
    feature = registry.build("features", "opensmile")
    column = feature.labels(()).index("opensmile_loudness_sma3_amean")
    below, at, above = (
        compute(feature, tone(1000, amplitude=a))[column] for a in (0.99, 1.0, 1.01)
    )
    assert at == pytest.approx(below, rel=0.02)
    assert above == pytest.approx(below, rel=0.05)


def test_long_waveforms_are_heard_to_their_end(opensmile):
    feature = registry.build("features", "opensmile")
    column = feature.labels(()).index("opensmile_equivalentSoundLevel_dBp")
    late = np.concatenate([silence(60), noise(60)])
    assert compute(feature, late)[column] == pytest.approx(-23, abs=0.2)  # 20 log 0.1, less half


def test_the_waveform_is_left_as_it_was(feature):
    waveform = noise()
    before = waveform.copy()
    compute(feature, waveform)
    np.testing.assert_array_equal(waveform, before)


def test_an_unknown_set_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"feature_set must be .*did you mean 'egemaps'"):
        registry.build("features", "opensmile", feature_set="egemap")


def test_without_the_package_the_settings_are_refused_with_the_way_to_get_it():
    code = """
import sys
sys.modules["opensmile"] = None  # as if it were not installed
from emodist.errors import ConfigError
from emodist.features import build_features, extract
try:
    build_features(["opensmile"])
except ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "emodist[opensmile]"' in done.stdout
    assert "licensed for research" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_importing_the_module_imports_neither_opensmile_nor_pandas():
    code = """
import sys
from emodist import registry
registry.get("features", "opensmile")
print(sorted({"opensmile", "pandas", "audinterface"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

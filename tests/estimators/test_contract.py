"""What every classifier keeps."""

import warnings

import numpy as np
import pytest
import skops.io

from emodist import registry, spaces

NAMES = registry.names("estimators")


@pytest.fixture
def rows():
    """Three blobs in five dimensions, and their classes."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 40)
    centres = 4 * np.eye(3, 5)
    return centres[y] + rng.normal(size=(120, 5)), y


@pytest.mark.parametrize("name", NAMES)
def test_three_far_classes_are_told_apart_by_probabilities_that_add_up(name, rows):
    x, y = rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = registry.build("estimators", name).build("balanced", seed=0).fit(x[::2], y[::2])
    found = model.predict_proba(x[1::2])
    assert found.shape == (60, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.mean(found.argmax(axis=1) == y[1::2]) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_probabilities(name, rows):
    x, y = rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two = (
            registry.build("estimators", name).build(None, seed=3).fit(x, y).predict_proba(x)
            for _ in range(2)
        )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_it_is(name):
    meaning, _ = registry.describe("estimators", name)
    assert meaning.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_corner_of_its_space_is_a_classifier(name):
    entry = registry.get("estimators", name)
    for corner in spaces.corners(entry.SPACE):
        assert hasattr(registry.build("estimators", name, **corner).build(None, 0), "fit")


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_loads_all_that_a_fitted_model_holds(name, rows):
    entry = registry.build("estimators", name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = skops.io.dumps(entry.build("balanced", seed=0).fit(*rows))
    assert set(skops.io.get_untrusted_types(data=written)) <= set(getattr(entry, "trusts", ()))

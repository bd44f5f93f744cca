"""What every opened bundle can do, without its model."""

import os

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.models.opened import Opened
from tests import make


@pytest.fixture(scope="module")
def metrics():
    data = make.speech(n_each=6)
    return make.judged(data).to_dict()


def test_without_cross_validation_it_has_no_numbers_and_nothing_to_draw():
    opened = Opened(None, make.card(), "/bundles/a")
    assert opened.judgement is None
    assert opened._repr_png_() is None
    assert (
        str(opened) == repr(opened) == "Opened('/bundles/a'): knn, 2 classes, not cross-validated"
    )
    with pytest.raises(ConfigError, match="nothing to draw; train with cross_validate=true"):
        opened.plot()


def test_its_numbers_are_those_that_it_was_saved_with(metrics):
    opened = Opened(None, make.card(metrics=metrics, notes=("of one corpus",)), "/bundles/a")
    assert opened.judgement.uar == metrics["uar"]
    np.testing.assert_array_equal(opened.judgement.confusion, metrics["confusion"])
    assert str(opened).endswith("note: of one corpus")
    assert repr(opened).startswith("Opened('/bundles/a'): knn, UAR ")


def test_it_stands_for_the_folder_that_it_came_from():
    assert os.fspath(Opened(None, make.card(), "/bundles/a")) == "/bundles/a"
    with pytest.raises(ConfigError, match="was not saved"):
        os.fspath(Opened(None, make.card()))


def test_classes_and_columns_are_those_of_its_record():
    opened = Opened(None, make.card())
    assert (opened.classes, opened.columns) == (("angry", "sad"), ("rms",))

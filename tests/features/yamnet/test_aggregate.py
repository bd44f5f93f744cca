import csv

import numpy as np
import pytest

from emodist.errors import ConfigError
from emodist.features._yamnet import aggregate, labels, slugs


def test_functionals_stand_in_the_order_of_their_labels():
    values = np.array([[1.0, 10.0], [3.0, 30.0]])
    row = aggregate(values, ("mean", "max", "std")).ravel()
    names = labels("yamnet", ["1", "2"], ("mean", "max", "std"))
    assert dict(zip(names, row.tolist(), strict=True)) == {
        "yamnet_1_mean": 2, "yamnet_1_max": 3, "yamnet_1_std": 1,
        "yamnet_2_mean": 20, "yamnet_2_max": 30, "yamnet_2_std": 10,
    }  # fmt: skip


def test_one_patch_is_its_own_mean_and_does_not_vary():
    row = aggregate(np.ones((1, 1024), np.float32), ["mean", "std"])
    assert row.shape == (1024, 2)
    assert row.dtype == np.float32
    np.testing.assert_array_equal(row, np.tile([1, 0], (1024, 1)))


def test_an_unknown_functional_is_named():
    with pytest.raises(ConfigError, match="did you mean 'mean'"):
        aggregate(np.ones((1, 2)), ["meen"])


def test_the_real_class_map_gives_521_readable_unique_names(real_folder):
    with open(real_folder / "assets" / "yamnet_class_map.csv", newline="") as file:
        found = slugs(row["display_name"] for row in csv.DictReader(file))
    assert len(set(found)) == len(found) == 521
    assert all(slug.isascii() and slug.replace("_", "a").isalnum() for slug in found)
    assert {"speech", "music", "laughter", "crying_sobbing", "shout", "silence"} <= set(found)

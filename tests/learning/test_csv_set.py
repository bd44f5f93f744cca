"""Classes of equal size, and the three CSV files."""

import csv

import numpy as np
import pytest

from emodist import cli
from emodist.errors import ConfigError
from emodist.learning import csv_set
from emodist.tables import schema
from tests import make

SIZES = {"angry": 12, "happy": 7, "sad": 30}


@pytest.fixture
def uneven():
    rng = np.random.default_rng(3)
    labels = [label for label, size in SIZES.items() for _ in range(size)]
    x = rng.normal(size=(len(labels), 4)) * [1, 1, 1000, 0.01]
    return make.dataset(x, [f"s{i % 5}" for i in range(len(labels))], labels)


def test_every_class_reaches_the_size_of_the_largest(uneven):
    made = csv_set.smote(uneven)
    names, sizes = np.unique(
        np.concatenate([uneven.label, made.label]).astype(str), return_counts=True
    )
    assert dict(zip(names, sizes, strict=True)) == dict.fromkeys(SIZES, 30)


def test_a_synthetic_row_lies_between_its_parents_who_have_its_label(uneven):
    made = csv_set.smote(uneven)
    a, b = uneven.x[made.parent_a], uneven.x[made.parent_b]
    x = made.x(uneven)
    slack = 1e-3 * np.abs(b - a).max(axis=0)
    assert (x >= np.minimum(a, b) - slack).all()
    assert (x <= np.maximum(a, b) + slack).all()
    assert (uneven.label[made.parent_a] == made.label).all()
    assert (uneven.label[made.parent_b] == made.label).all()
    assert (made.parent_a != made.parent_b).all()


def test_the_rows_are_those_of_imbalanced_learn(uneven):
    from imblearn.over_sampling import SMOTE
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    x = scaler.fit_transform(uneven.x.astype(np.float64))
    theirs, _ = SMOTE(random_state=7).fit_resample(x, uneven.targets()[0])
    ours = csv_set.smote(uneven, seed=7).x(uneven)
    expected = scaler.inverse_transform(theirs[len(uneven) :])
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


def test_a_class_with_too_few_rows_is_refused_by_name(uneven):
    few = uneven.select(np.r_[0:5, 12:49])
    with pytest.raises(ConfigError, match="more than 5 rows of each class; 'angry' has 5"):
        csv_set.smote(few)


def write_table(folder, columns):
    shapes = {"yamnet": 3, "mfcc": 2, "rms": 1, "opensmile": 2}
    labels = [label for label, size in SIZES.items() for _ in range(size)] + [None]
    rng = np.random.default_rng(0)
    return make.table(
        folder / "features" / "a.parquet",
        {name: rng.normal(size=(len(labels), shapes[name])) for name in columns},
        speaker=[f"s{i % 3}" for i in range(len(labels))],
        label=labels,
    ).rpartition("/")[0]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_three_files_hold_what_their_names_say(tmp_path, capsys):
    table = write_table(tmp_path, ["mfcc", "rms", "opensmile", "yamnet"])
    assert cli.main(["export", table, "--csv-set", str(tmp_path / "csv")]) == 0
    assert "never split it at random" in capsys.readouterr().err
    yamnet, librosa, balanced = (read(tmp_path / "csv" / name) for name in csv_set.FILES)
    keys = schema.SEGMENTS.names
    assert list(yamnet[0]) == [*keys, "yamnet_0", "yamnet_1", "yamnet_2"]
    assert list(librosa[0]) == [*keys, "mfcc_0", "mfcc_1", "rms_0"]
    assert len(yamnet) == len(librosa) == 50
    assert list(balanced[0])[-6:] == [
        *("mfcc_0", "mfcc_1", "rms_0", "yamnet_0", "yamnet_1", "yamnet_2"),
    ]
    real = [row for row in balanced if row["is_synthetic"] == "false"]
    made = [row for row in balanced if row["is_synthetic"] == "true"]
    assert (len(real), len(made)) == (49, 41)
    labels = {row["recording_id"] + ":0": row["label"] for row in real}
    assert all(labels[row["parent_a"]] == labels[row["parent_b"]] == row["label"] for row in made)


@pytest.mark.parametrize(
    ("columns", "missing"), [(["mfcc"], "yamnet"), (["yamnet"], "mfcc"), (["opensmile"], "yamnet")]
)
def test_a_table_without_one_half_is_refused_and_nothing_is_written(
    columns, missing, tmp_path, capsys
):
    table = write_table(tmp_path, columns)
    assert cli.main(["export", table, "--csv-set", str(tmp_path / "csv")]) == 2
    message = capsys.readouterr().err
    assert f"has no {missing}" in message
    assert "emodist featurize" in message
    assert len(message.splitlines()) == 1
    assert not (tmp_path / "csv").exists()


def test_the_command_wants_one_target(tmp_path, capsys):
    for more in ([], ["--out", "x.csv", "--csv-set", "y"], ["--csv-set", "y", "--features", "rms"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(["export", str(tmp_path), *more])
        assert stop.value.code == 2

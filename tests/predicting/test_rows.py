"""Predictions of a table's rows, whatever the bundle takes: here images scaled by speaker."""

import numpy as np
import pyarrow.parquet as pq

from emodist.learning import dataset, speaker_norm
from emodist.models.network_bundle import NetworkBundle
from emodist.network_training.settings import NetworkSettings
from emodist.predicting import rows
from emodist.predicting.settings import Rules
from tests import make
from tests.pipelines.test_train_network import N_ROWS, write_table


class Network:
    """Says of an image how high its first band lies."""

    output_shape = (None, 2)

    def __call__(self, x, training):
        high = 1 / (1 + np.exp(-x[:, 0].mean(axis=1)))
        return np.column_stack([high, 1 - high])


def test_images_are_scaled_by_speaker_as_the_bundle_does_it(tmp_path):
    write_table(tmp_path / "features")
    loaded = NetworkBundle(
        Network(),
        make.card(
            kind="network",
            settings=NetworkSettings(model="simple_cnn", speaker_norm=True).identity(),
            columns=("log_mel",),
            names=("log_mel",),
            shape=(16, 16),
        ),
    )
    rules = Rules("bundle", "digest", "/media", 0.5, 0.0, 0.0, ())
    (work,) = rows.outstanding(str(tmp_path), rules, loaded.columns, loaded)
    assert rows.predict_file(str(tmp_path), work, loaded, rules, loaded.columns) == N_ROWS
    data = dataset.load(str(tmp_path / "features"), loaded.columns)
    found = pq.read_table(tmp_path / "predictions" / work.name).sort_by("recording_id")
    expected = loaded.probabilities(data)[np.argsort(data.recording_id)]
    np.testing.assert_allclose(found["p_angry"].to_numpy(), expected[:, 0], atol=1e-6)
    image = speaker_norm.scaled(data.images["log_mel"], speaker_norm.voices(data), work.known)
    np.testing.assert_allclose(image.mean(axis=(0, 2)), 0, atol=1e-6)
    # Raw levels of -60 dB would all be far from "angry".
    assert 0.3 < np.mean(expected[:, 0]) < 0.7
    assert not np.allclose(expected[:, 0], expected[0, 0], atol=0.1)


def test_every_column_of_predictions_says_what_it_holds():
    names = rows.predictions_schema(["CLASS"], "").names
    own = [name for name in names if name not in rows.schema.SEGMENTS.names or name == "label"]
    assert own == list(rows.MEANINGS)

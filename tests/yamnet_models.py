"""A tiny network with YAMNet's interface, and the real one where it stands beside the project."""

from pathlib import Path

import numpy as np
import pytest

from emodist.features import _yamnet as yamnet

SHARED = Path(__file__).parents[2] / "shared"
REAL_MODEL = SHARED / "models" / "yamnet"
N_CLASSES = 5


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("yamnet-cache")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """SavedModel: published front end in TensorFlow, convolution and batch norm with weights."""
    tf = pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("tiny-yamnet")
    save_tiny(tf, folder / "model", folder / "yamnet_class_map.csv")
    return folder / "model"


@pytest.fixture(scope="session")
def tiny(tiny_folder, cache):
    return yamnet.load(str(tiny_folder), cache=cache)


@pytest.fixture(scope="session")
def real_folder():
    if not REAL_MODEL.is_dir():
        pytest.skip("the YAMNet model is not at ../shared/models/yamnet")
    return REAL_MODEL


@pytest.fixture(scope="session")
def real(real_folder, cache):
    pytest.importorskip("tensorflow")
    return yamnet.load(str(real_folder), cache=cache)


@pytest.fixture(scope="session")
def real_call(real_folder):
    """The model's own call, as arrays: scores, embeddings, log-mel."""
    tf = pytest.importorskip("tensorflow")
    model = tf.saved_model.load(str(real_folder))
    return lambda waveform: [tensor.numpy() for tensor in model(waveform)]


@pytest.fixture(scope="session")
def speech():
    """Real speech: one clip of each of eight actors, 16 kHz mono."""
    import soundfile

    clips = [
        path
        for actor in sorted((SHARED / "data" / "ravdess").glob("Actor_*"))[::2]
        for path in sorted(actor.glob("*.flac"))[7:8]
    ]
    if not clips:
        pytest.skip("no RAVDESS clips at ../shared/data/ravdess")
    return [soundfile.read(path, dtype="float32")[0] for path in clips]


def save_tiny(tf, folder, class_map, first_mel_hz=125.0, named=False):
    """Write a SavedModel; other arguments than the defaults make it differ from YAMNet."""
    names = ["Speech", "Child speech, kid speaking", "Music", "Silence", "Bee, wasp, etc."]
    rows = [f'{i},/m/{i},"{name}"' for i, name in enumerate(names)]
    class_map.write_text("index,mid,display_name\n" + "\n".join(rows) + "\n")
    rng = np.random.default_rng(0)

    class Tiny(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(rng.normal(0, 0.2, (3, 3, 1, 16)), dtype=tf.float32)
            self.statistics = [
                tf.Variable(rng.uniform(0.5, 2, 16), dtype=tf.float32) for _ in range(4)
            ]
            self.dense = tf.Variable(rng.normal(0, 1, (16, N_CLASSES)), dtype=tf.float32)
            self.asset = tf.saved_model.Asset(str(class_map))

        @tf.function(input_signature=[])
        def class_map_path(self):
            return self.asset.asset_path

        @tf.function
        def network(self, patches):
            # Nested and with batch norm, as in the published model.
            x = tf.nn.conv2d(patches[..., None], self.kernel, 2, "SAME")
            scale, offset, mean, variance = self.statistics
            x = tf.nn.relu(tf.nn.batch_normalization(x, mean, variance, offset, scale, 1e-4))
            embeddings = tf.reduce_mean(x, axis=(1, 2))
            return tf.sigmoid(embeddings @ self.dense), embeddings

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, waveform):
            n = tf.shape(waveform)[0]
            rest = tf.maximum(n, 15_600) - 15_600
            hops = tf.cast(tf.math.ceil(tf.cast(rest, tf.float32) / 7680.0), tf.int32)
            padded = tf.pad(waveform, [[0, 15_600 + 7680 * hops - n]])
            magnitude = tf.abs(tf.signal.stft(padded, 400, 160, 512))
            weights = tf.signal.linear_to_mel_weight_matrix(64, 257, 16_000, first_mel_hz, 7500.0)
            log_mel = tf.math.log(magnitude @ weights + 0.001)
            scores, embeddings = self.network(tf.signal.frame(log_mel, 96, 48, axis=0))
            if named:
                return {"predictions": scores, "embeddings": embeddings, "log_mel": log_mel}
            return scores, embeddings, log_mel

    tf.saved_model.save(Tiny(), str(folder))

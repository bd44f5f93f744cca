"""What is done to recordings: plain callables that a child process runs.

`Featurize` and `Extract` are called with a planned recording (`schema.PLANNED`); they yield record
batches of rows, None as a sign of life, and at last an `Outcome`. Bad media raise `AudioError`.
`Embed` is called with batches of rows and yields them with what the network adds. It runs in a
process of its own: TensorFlow never stands where sound is decoded.
"""

import contextlib
import dataclasses
import hashlib
import io
import time
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from emodist import features, schema, storage
from emodist.audio import decode, encode, segments
from emodist.config import ExtractSettings, FeaturizeSettings, MediaSettings
from emodist.features._network import N_BANDS
from emodist.features._network import frontend as network_input

BATCH_BYTES = 4 * 2**20
# Network input of a window of 4 s.
NETWORK_BYTES = 120_000
# Objects up to this size are fetched with one request; larger ones are read as they are decoded.
WHOLE_BYTES = 16 * 2**20


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What only decoding can tell: the length, the hash of the 16 kHz samples, and the cost."""

    duration_s: float
    audio_sha: str
    cpu_s: float


Message: TypeAlias = pa.RecordBatch | Outcome | None


# What a segment needs to be embedded, between `Featurize` and `Embed`.
NETWORK_INPUT = pa.field("network_input", pa.list_(pa.float32()))
# AudioSet classes that are a human voice with something to say, by their column names.
VOICE = frozenset(
    (
        *("speech", "child_speech_kid_speaking", "conversation", "narration_monologue"),
        *("shout", "bellow", "yell", "children_shouting", "screaming", "whispering"),
    )
)
VOICE_SCORE = 0.3


def build(kind: Literal["decode", "embed"], settings: MediaSettings):
    """The stage of a job that decodes media, or the one that runs a network."""
    if isinstance(settings, ExtractSettings):
        return Extract(settings)
    if isinstance(settings, FeaturizeSettings):
        return Featurize(settings) if kind == "decode" else Embed(settings)
    raise TypeError(f"no stage for {type(settings).__name__}")


def feature_schema(settings: FeaturizeSettings) -> pa.Schema:
    """Of the finished table."""
    return _schema(settings, settings.build_features())


def decoded_schema(settings: FeaturizeSettings) -> pa.Schema:
    """Of what `Featurize` yields: without the columns that `Embed` adds, but with its input."""
    network = settings.network_features()
    if not network:
        return feature_schema(settings)
    signal = {k: v for k, v in settings.build_features().items() if k not in network}
    return _schema(settings, signal).append(NETWORK_INPUT)


def _schema(settings: FeaturizeSettings, chosen: dict[str, Any]) -> pa.Schema:
    shapes = {name: feature.shape(settings.functionals) for name, feature in chosen.items()}
    # The names in an image follow from its shape, and are many.
    return schema.features(
        (name, shape, chosen[name].labels(settings.functionals) if len(shape) == 1 else ())
        for name, shape in shapes.items()
    )


class Featurize:
    """Recording in, feature rows out, one per segment; `audio_sha` is left for the publisher."""

    def __init__(self, settings: FeaturizeSettings):
        self.settings = settings
        self.network = settings.network_features()
        self.features = {
            k: v for k, v in settings.build_features().items() if k not in self.network
        }
        self.segmentation = settings.segmentation()
        self.schema = decoded_schema(settings)
        row_bytes = schema.row_bytes(self.schema) + (NETWORK_BYTES if self.network else 0)
        self.batch_rows = max(1, BATCH_BYTES // row_bytes)
        # Compiled kernels and cached filters are made before the clock of a file starts.
        self._compute(np.zeros(decode.SAMPLE_RATE, np.float32))

    def __call__(self, recording: dict[str, Any]) -> Iterator[Message]:
        sound = Sound(recording["uri"], self.settings)
        rows: list[dict[str, Any]] = []
        for item in self.segmentation.cut(sound):
            speech_fraction = segments.speech_fraction(item.waveform)
            if not self.network and speech_fraction < self.settings.min_speech_fraction:
                yield None
                continue
            rows.append(
                {
                    "segment": item.index,
                    "start_s": item.start_s,
                    "end_s": item.end_s,
                    "speech_fraction": speech_fraction,
                    **self._compute(item.waveform),
                }
            )
            if len(rows) == self.batch_rows:
                yield self._batch(recording, rows)
                rows = []
            else:
                yield None
        if rows:
            yield self._batch(recording, rows)
        yield sound.outcome()

    def _compute(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        s = self.settings
        found = features.extract(waveform, self.features, s.functionals, s.n_fft, s.hop_length)
        if self.network:
            found[NETWORK_INPUT.name] = network_input(waveform).ravel()
        return found

    def _batch(self, recording: dict[str, Any], rows: list[dict[str, Any]]) -> pa.RecordBatch:
        columns = []
        for field in self.schema:
            if schema.is_feature(field):
                column = schema.column(field, np.stack([row[field.name] for row in rows]))
            elif field.name == NETWORK_INPUT.name:
                column = _lists([row[field.name] for row in rows])
            elif field.name in rows[0]:
                column = pa.array([row[field.name] for row in rows], field.type)
            else:
                column = pa.repeat(pa.scalar(recording.get(field.name), field.type), len(rows))
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


class Embed:
    """Rows with their network input in, finished rows out; patches run in batches across rows."""

    def __init__(self, settings: FeaturizeSettings):
        self.settings = settings
        self.features = settings.network_features()
        first = next(iter(self.features.values()))
        # TensorFlow only where a GPU was given: on a CPU, LiteRT is faster and smaller.
        self.model = first.load("auto" if settings.yamnet_gpus else "litert")
        self.voice = [i for i, name in enumerate(self.model.class_slugs) if name in VOICE]
        self.schema = feature_schema(settings)

    def __call__(self, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch | float]:
        """Finished batches, then the CPU seconds that they took."""
        started_s = time.process_time()
        inputs = [
            cell.values.to_numpy().reshape(-1, N_BANDS)
            for batch in batches
            for cell in batch[NETWORK_INPUT.name]
        ]
        results = iter(self.model.embed_clips(inputs))
        for batch in batches:
            yield self._finished(batch, [next(results) for _ in range(batch.num_rows)])
        yield time.process_time() - started_s

    def _finished(self, batch: pa.RecordBatch, results: list) -> pa.RecordBatch:
        speech = np.array(
            [np.mean(scores[:, self.voice].max(axis=1) >= VOICE_SCORE) for _, scores in results],
            np.float32,
        )
        columns = []
        for field in self.schema:
            if field.name in self.features:
                reduce = self.features[field.name].reduce
                columns.append(schema.column(field, np.stack([reduce(*row) for row in results])))
            elif field.name == "speech_fraction":
                columns.append(pa.array(speech))
            else:
                columns.append(batch[field.name])
        rows = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        return rows.filter(pa.array(speech >= self.settings.min_speech_fraction))


class Extract:
    """Recording in, 16 kHz mono sound file out; no rows."""

    def __init__(self, settings: ExtractSettings):
        self.settings = settings

    def __call__(self, recording: dict[str, Any]) -> Iterator[Message]:
        sound = Sound(recording["uri"], self.settings)
        target = storage.join(self.settings.out, recording["target"])
        with (
            storage.new_file(target) as temporary,
            encode.writer(temporary, self.settings.format) as write,
        ):
            for block in sound:
                write(block)
                yield None
        yield sound.outcome()


class Sound:
    """The blocks of a recording, once; afterwards its length and hash are known."""

    def __init__(self, uri: str, settings: MediaSettings):
        self.uri = uri
        self.settings = settings
        self._sha = hashlib.sha256()
        self._n_samples = 0
        self._started_s = time.process_time()

    def __iter__(self) -> Iterator[np.ndarray]:
        with _source(self.uri) as source:
            for block in decode.blocks(
                source, self.settings.decoder, max_duration_s=self.settings.max_duration_s
            ):
                self._sha.update(block.tobytes())
                self._n_samples += len(block)
                yield block

    def outcome(self) -> Outcome:
        cpu_s = time.process_time() - self._started_s
        return Outcome(self._n_samples / decode.SAMPLE_RATE, self._sha.hexdigest(), cpu_s)


def _lists(arrays: list[np.ndarray]) -> pa.ListArray:
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(arrays)))


@contextlib.contextmanager
def _source(uri: str) -> Iterator[Any]:
    """A local path as it is; an object as a seekable file that is read ahead."""
    if not storage.is_remote(uri):
        yield uri
        return
    fs, path = storage.filesystem(uri)
    if fs.info(path)["size"] <= WHOLE_BYTES:
        source = io.BytesIO(fs.cat_file(path))
        source.name = uri
        yield source
    else:
        with fs.open(path, "rb", block_size=8 * 2**20, cache_type="readahead") as file:
            yield file

"""What is done to recordings: plain callables that a child process runs.

`Featurize` and `Extract` are called with planned recordings (`schema.PLANNED`) and yield messages;
`Embed` is called with the rows that `Featurize` left and yields them with what the network adds.
It runs in a process of its own: TensorFlow never stands where sound is decoded.
"""

import dataclasses
import functools
import io
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from emodist import features, storage
from emodist.audio import decode, encode, segments, spans, speech
from emodist.audio.segments import Segment
from emodist.audio.silero import Silero
from emodist.errors import EmodistError
from emodist.features._network import N_BANDS
from emodist.features._network import frontend as network_input
from emodist.media import names, variants
from emodist.media.settings import ExtractSettings, FeaturizeSettings, MediaSettings
from emodist.media.sound import Outcomes, Sound, judged
from emodist.media.spans import Said
from emodist.tables import schema, stream

# Rows of many clips make one batch: Arrow's cost is by batch and column, not by row.
BATCH_BYTES = 4 * 2**20
# Rows do not wait longer than so, at the end of a recording: what waits is lost with a process.
SAVE_EVERY_S = 1.0
# Network input of a window of 4 s.
NETWORK_BYTES = 120_000
# Rows of so many bytes are embedded at once: some minutes of sound, hundreds of patches.
EMBED_BYTES = 16 * 2**20


# The id of the recording that comes next; None as a sign of life; rows; and the outcomes of
# recordings of which all rows were yielded.
Message: TypeAlias = str | pa.RecordBatch | Outcomes | None


@dataclasses.dataclass(frozen=True)
class Saved:
    """Outcomes of recordings whose rows are in the file, how long it is now, and CPU seconds."""

    outcomes: Outcomes
    n_bytes: int
    cpu_s: float


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


def decoding(settings: MediaSettings) -> "Saving":
    """The stage of a job that decodes media."""
    if isinstance(settings, ExtractSettings):
        return Saving(Extract(settings))
    if isinstance(settings, FeaturizeSettings):
        return Saving(Featurize(settings))
    raise TypeError(f"no stage for {type(settings).__name__}")


def embedding(settings: FeaturizeSettings) -> "Saving":
    """The stage of a job that runs a network on what decoding left."""
    return Saving(Embed(settings))


class Saving:
    """Calls a stage, and appends its rows to a file; what it yields itself is small.

    The file is an Arrow stream that holds its schema already, or None where there are no rows. It
    can be read up to the length of every `Saved`, whatever becomes of the process.
    """

    def __init__(self, stage: Callable[[Any], Iterator[Message]]):
        self.stage = stage

    def __call__(self, request: tuple[Any, str | None]) -> Iterator[str | Saved | None]:
        given, path = request
        started_s = time.process_time()
        with open(path, "ab") if path else io.BytesIO() as file:
            for message in self.stage(given):
                if isinstance(message, pa.RecordBatch):
                    file.write(message.serialize())
                    yield None
                elif isinstance(message, dict):
                    file.flush()
                    cpu_s = time.process_time()
                    yield Saved(message, file.tell(), cpu_s - started_s)
                    started_s = cpu_s
                else:
                    yield message


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
        (
            (name, shape, chosen[name].labels(settings.functionals) if len(shape) == 1 else ())
            for name, shape in shapes.items()
        ),
        is_annotated=settings.segments is not None,
    )


class Featurize:
    """Recordings in, feature rows out, one per segment; `audio_sha` is left for the publisher."""

    def __init__(self, settings: FeaturizeSettings):
        self.settings = settings
        self.network = settings.network_features()
        self.features = {
            k: v for k, v in settings.build_features().items() if k not in self.network
        }
        self.segmentation = settings.segmentation()
        self.told_by = settings.told_by()
        self.silero = Silero() if self.told_by == "silero" else None
        self.schema = decoded_schema(settings)
        row_bytes = schema.row_bytes(self.schema) + (NETWORK_BYTES if self.network else 0)
        self.batch_rows = max(1, BATCH_BYTES // row_bytes)
        self.shapes = {k: v.shape(settings.functionals) for k, v in self.features.items()}
        # Compiled kernels and cached filters are made before the clock of a file starts.
        try:
            self._compute(np.zeros(decode.SAMPLE_RATE, np.float32))
        except EmodistError:
            raise
        except Exception:
            # Of a feature that fails on silence alone, files can still be made; of another, each
            # file says what is wrong.
            pass

    def __call__(self, recordings: Iterable[dict[str, Any]]) -> Iterator[Message]:
        rows: list[dict[str, Any]] = []
        outcomes: Outcomes = {}
        saved_s = time.monotonic()
        for recording in recordings:
            yield recording["recording_id"]
            sound = Sound(recording["uri"], self.settings)
            is_cut = False
            with judged(recording, sound, outcomes):
                for row in self._rows(recording, sound):
                    if len(rows) >= self.batch_rows:
                        yield self._batch(rows)
                        rows, is_cut = [], True
                    if row is not None:
                        rows.append(row)
                    yield None
            is_late = time.monotonic() - saved_s > SAVE_EVERY_S
            if is_cut or is_late or len(rows) >= self.batch_rows:
                if rows:
                    yield self._batch(rows)
                yield outcomes
                rows, outcomes, saved_s = [], {}, time.monotonic()
        if rows:
            yield self._batch(rows)
        yield outcomes

    def _rows(self, recording: dict[str, Any], sound: Sound) -> Iterator[dict[str, Any] | None]:
        """The row of each segment; None for one that is skipped, and where none came for long."""
        keys = {name: recording.get(name) for name in schema.SEGMENTS.names}
        said = Said(recording.get("spans"), recording["speaker"], recording["label"])
        for item in variants.augmented(self._segments(sound, said), recording):
            if item is None:
                yield None
                continue
            speech_fraction = item.speech_fraction
            if speech_fraction is None:
                speech_fraction = segments.speech_fraction(item.waveform)
            is_told = self.told_by != "yamnet"
            if is_told and speech_fraction < self.settings.min_speech_fraction:
                yield None
                continue
            # In the time of the film, of which the sound may begin late.
            start_s, end_s = (s + sound.account.offset_s for s in (item.start_s, item.end_s))
            yield {
                **keys,
                "segment": item.index,
                "start_s": start_s,
                "end_s": end_s,
                "speech_fraction": speech_fraction,
                **(self._said(said, item.index, start_s, end_s) if self.settings.segments else {}),
                **self._compute(item.waveform),
            }

    def _segments(self, sound: Sound, said: Said) -> Iterator[Segment | None]:
        cut: Callable[..., Iterator[Segment | None]] = self.segmentation.cut
        if self.settings.is_by_span:
            cut = functools.partial(
                spans.cut,
                times=said.times,
                name=said.name,
                offset_s=lambda: sound.account.offset_s,
            )
        if self.silero is None:
            return cut(sound)
        if self.settings.cut == "speech":
            return self.settings.speech_cut().cut(sound, self.silero)
        return speech.judged(cut, sound, self.silero)

    def _said(self, said: Said, index: int, start_s: float, end_s: float) -> dict[str, Any]:
        s = self.settings
        if s.is_by_span:
            return vars(said.of_span(index))
        return vars(said.of_window(start_s, end_s, s.label_policy, s.min_label_share))

    def _compute(self, waveform: np.ndarray) -> dict[str, np.ndarray]:
        s = self.settings
        computed = features.extract(waveform, self.features, s.functionals, s.n_fft, s.hop_length)
        for name, values in computed.items():
            if np.shape(values) != self.shapes[name]:
                given, promised = np.shape(values), self.shapes[name]
                raise ValueError(f"{name} gives numbers of shape {given}, and promises {promised}")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} gives numbers that are not finite")
        if self.network:
            computed[NETWORK_INPUT.name] = network_input(waveform).ravel()
        return computed

    def _batch(self, rows: list[dict[str, Any]]) -> pa.RecordBatch:
        columns = []
        for field in self.schema:
            cells = [row[field.name] for row in rows]
            if schema.is_feature(field):
                columns.append(schema.column(field, np.stack(cells)))
            elif field.name == NETWORK_INPUT.name:
                columns.append(_lists(cells))
            else:
                columns.append(pa.array(cells, field.type))
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


class Embed:
    """Rows with their network input in, finished rows out; patches run in batches across rows."""

    def __init__(self, settings: FeaturizeSettings):
        self.settings = settings
        self.features = settings.network_features()
        first = next(iter(self.features.values()))
        # TensorFlow only where a GPU was given: on a CPU, LiteRT is faster and smaller.
        self.model = first.load("auto" if settings.yamnet_gpus else "litert")
        self.tells_speech = settings.told_by() == "yamnet"
        self.voice = [i for i, name in enumerate(self.model.class_slugs) if name in VOICE]
        self.schema = feature_schema(settings)

    def __call__(self, uri: str) -> Iterator[Message]:
        """The finished batches of a file of `Featurize`."""
        for batches in _windows(stream.batches(uri), EMBED_BYTES):
            inputs = [
                cell.values.to_numpy().reshape(-1, N_BANDS)
                for batch in batches
                for cell in batch[NETWORK_INPUT.name]
            ]
            results = iter(self.model.embed_clips(inputs))
            for batch in batches:
                yield self._finished(batch, [next(results) for _ in range(batch.num_rows)])
        yield {}

    def _finished(self, batch: pa.RecordBatch, results: list) -> pa.RecordBatch:
        spoken = np.array(
            [np.mean(scores[:, self.voice].max(axis=1) >= VOICE_SCORE) for _, scores in results],
            np.float32,
        )
        columns = []
        for field in self.schema:
            if field.name in self.features:
                reduce = self.features[field.name].reduce
                columns.append(schema.column(field, np.stack([reduce(*row) for row in results])))
            elif field.name == "speech_fraction" and self.tells_speech:
                columns.append(pa.array(spoken))
            else:
                columns.append(batch[field.name])
        rows = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        if not self.tells_speech:
            return rows
        return rows.filter(pa.array(spoken >= self.settings.min_speech_fraction))


class Extract:
    """Recordings in, 16 kHz mono sound files out; no rows."""

    def __init__(self, settings: ExtractSettings):
        self.settings = settings

    def __call__(self, recordings: Iterable[dict[str, Any]]) -> Iterator[Message]:
        for recording in recordings:
            yield recording["recording_id"]
            sound = Sound(recording["uri"], self.settings)
            # A plan of an earlier version may want a name that is too long.
            target = storage.join(self.settings.out, names.fitting(recording["target"]))
            outcomes: Outcomes = {}
            with (
                judged(recording, sound, outcomes),
                storage.new_file(target) as temporary,
                encode.writer(temporary, self.settings.format) as write,
            ):
                for block in sound:
                    write(block)
                    yield None
            yield outcomes


def _windows(batches: Iterable[pa.RecordBatch], n_bytes: int) -> Iterator[list[pa.RecordBatch]]:
    window: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        window.append(batch)
        size += batch.nbytes
        if size > n_bytes:
            yield window
            window, size = [], 0
    if window:
        yield window


def _lists(arrays: list[np.ndarray]) -> pa.ListArray:
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(arrays)))

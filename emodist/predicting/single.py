"""Predictions for one recording after another, by a process that stays: the bundle is loaded once.

The work is that of `emodist predict`, on an output folder that holds one recording at a time: the
same child process decodes, the same functions write the same tables, so the numbers are the same.
"""

import dataclasses
import os
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import soundfile

from emodist import config, storage
from emodist.audio.segments import AUTO_SEGMENT_S
from emodist.audio.source import SAMPLE_RATE
from emodist.corpora import Corpus
from emodist.errors import AudioError, ConfigError, EmodistError
from emodist.media import files, output, plan, speech
from emodist.media.settings import FeaturizeSettings
from emodist.media.shards import ShardRunner
from emodist.models import bundle, card
from emodist.predicting import about, folder, rows, voices
from emodist.predicting.settings import (
    PredictSettings,
    Rules,
    ServeSettings,
    featurize_settings,
)
from emodist.tables import parquet

# What a request may ask for, or one of an hour would keep a replica busy for days.
LEAST_HOP_S = 0.1
MOST_OVERLAP = 16
TABLES = ("recordings", "features", "failures", "predictions", "staging")
ONE = plan.Sizing(bytes_per_s=0.0, bytes_per_file=0.0, n_workers=1)
# The failures that a file is blamed for; anything else is not the caller's fault.
OF_THE_FILE = frozenset(
    {"AudioError", "CorpusError", "FileTimeoutError", "FileMemoryError", "ProcessDiedError"}
)


def check(settings: ServeSettings) -> None:
    """See that a bundle is there and can be served.

    Raises
    ------
    ConfigError
        If it is not, or does not say how its features were made.
    """
    loaded = bundle.load(settings.bundle)
    featurize_settings(_predict_settings(settings, settings.bundle, "."), loaded.card)


def settled(settings: ServeSettings) -> ServeSettings:
    """Settings that say how speech is told, so that all replicas tell it in one way.

    Raises
    ------
    ConfigError
        As `check`, or if that is not installed here.
    """
    told = card.read(settings.bundle)
    made = featurize_settings(_predict_settings(settings, settings.bundle, "."), told)
    chosen = speech.usual(made, is_mixed=True) if made.speech == "auto" else made.speech
    speech.settled(dataclasses.replace(made, speech=chosen))
    return dataclasses.replace(settings, speech=chosen)


@dataclasses.dataclass(frozen=True)
class _Cut:
    """One way to cut recordings: settings, and the child process that does it."""

    settings: PredictSettings
    made: FeaturizeSettings
    rules: Rules
    corpus: Corpus
    runner: ShardRunner


class Predictor:
    """Called with one file after another; never by two threads at once.

    It has answered once, about a second of noise, when it is made: what the bundle needs was found,
    the child process runs, and kernels are compiled.

    Raises
    ------
    EmodistError
        If the bundle cannot be used here.
    """

    def __init__(self, settings: ServeSettings):
        self._settings = settings
        self._root = tempfile.TemporaryDirectory(prefix="emodist-serve-")
        self._bundle = _local(settings.bundle, f"{self._root.name}/bundle")
        self.loaded = bundle.load(self._bundle)
        self.digest = bundle.digest(self._bundle)
        own = self._wanted("own")
        self._own = self._opened(own, featurize_settings(own, self.loaded.card))
        # Another way to cut recordings needs another child process, of some 300 MB: beside the
        # bundle's own, the one that was asked for last is kept.
        self._other: _Cut | None = None
        try:
            self._answer_once()
        except BaseException:
            self.close()
            raise

    def __call__(
        self, path: str, segment_s: str | None = None, hop_s: str | None = None
    ) -> dict[str, Any]:
        """Predictions for a media file.

        Parameters
        ----------
        path : str
            A local file, of any name.
        segment_s, hop_s : str, optional
            As the settings of `emodist predict`; the default is as the bundle was trained.

        Returns
        -------
        dict
            Plain JSON values: `bundle` (its digest), `classes`, `duration_s`, `audio_sha`,
            `segments` and `notes`. A segment has `start_s`, `end_s`, `speech_fraction`, `label`
            (None where it abstains), `confidence`, `abstained`, `reason` and `probabilities`.

        Raises
        ------
        AudioError
            If the file cannot be decoded, has no sound, or is too long or too short.
        ConfigError
            If `segment_s` or `hop_s` cannot be.
        """
        cut = self._cut(segment_s, hop_s)
        try:
            return self._predicted(cut, path)
        finally:
            for name in TABLES:
                storage.remove(storage.join(cut.settings.out, name))

    def close(self) -> None:
        """End the child processes and remove what they wrote."""
        for cut in (self._own, self._other):
            if cut is not None:
                cut.runner.close()
        self._root.cleanup()

    def _predicted(self, cut: _Cut, path: str) -> dict[str, Any]:
        out, made = cut.settings.out, cut.made
        # Taken as sound whatever it is called: decoding says what else it may be.
        file = files.on_disk(path, os.path.basename(path))
        planned = plan.recordings([file], cut.corpus, made.corpus)
        (shard,) = plan.cut(planned, made.fingerprint(), ONE).to_pylist()
        cut.runner(shard)
        for _, failures in output.failed(out):
            for row in failures.to_pylist():
                message = row["message"].replace(row["uri"], "media")
                raise (AudioError if row["error"] in OF_THE_FILE else EmodistError)(message)
        (work,) = rows.outstanding(out, cut.rules, made.features, self.loaded)
        rows.predict_file(out, work, self.loaded, cut.rules, made.features)
        (recording,) = parquet.read(storage.join(out, "recordings", work.name)).to_pylist()
        far = rows.drift(out, cut.rules, made.features, self.loaded)
        normalized = None
        if self.loaded.card.speaker_norm:
            normalized = voices.told(cut.rules, voices.basis(out, cut.rules))
        return {
            "bundle": self.digest,
            "classes": list(self.loaded.classes),
            "duration_s": recording["duration_s"],
            "audio_sha": recording["audio_sha"],
            "segments": _segments(
                parquet.read(storage.join(out, "predictions", work.name)), self.loaded.classes
            ),
            "notes": about.notes(cut.settings, made, self.loaded.card, far, normalized),
        }

    def _cut(self, segment_s: str | None, hop_s: str | None) -> _Cut:
        """The bundle's own way to cut recordings, or another one, perhaps with a new child."""
        given = {"segment_s": segment_s, "hop_s": hop_s}
        words = [f"{name}={value}" for name, value in given.items() if value is not None]
        if not words:
            return self._own
        settings = self._wanted("other", words)
        made = featurize_settings(settings, self.loaded.card)
        _check_work(made)
        if self._other is None or self._other.settings != settings:
            if self._other is not None:
                self._other.runner.close()
                storage.remove(settings.out)
            self._other = None
            self._other = self._opened(settings, made)
        return self._other

    def _wanted(self, name: str, words: Sequence[str] = ()) -> PredictSettings:
        return _predict_settings(self._settings, self._bundle, f"{self._root.name}/{name}", words)

    def _opened(self, settings: PredictSettings, made: FeaturizeSettings) -> _Cut:
        made = speech.settled(made, is_mixed=True, is_told=False)
        output.begin(made)
        shared: Any = output.share_model(made)
        folder.check_network(settings, self.loaded.card)
        rules = Rules.of(settings, self.digest, self.loaded.card, made.told_by())
        return _Cut(settings, shared, rules, shared.build_corpus(), ShardRunner(shared))

    def _answer_once(self) -> None:
        duration_s = max(1.0, self._own.made.min_duration_s)
        noise = np.random.default_rng(0).normal(0, 0.1, round(duration_s * SAMPLE_RATE))
        path = f"{self._root.name}/noise.wav"
        soundfile.write(path, noise.clip(-1, 1), SAMPLE_RATE)
        try:
            self(path)
        except EmodistError as error:
            raise EmodistError(f"the first prediction, of noise, failed: {error}") from error


def _predict_settings(
    settings: ServeSettings, bundle_uri: str, out: str, words: Sequence[str] = ()
) -> PredictSettings:
    same = ("max_duration_s", "file_timeout_s", "min_confidence", "min_speech_fraction",
            "speech", "yamnet_model", "plugins")  # fmt: skip
    return config.load(
        PredictSettings,
        None,
        words,
        bundle=bundle_uri,
        path=out,
        out=out,
        workers=1,
        timelines=(),
        **{name: getattr(settings, name) for name in same},
    )


def _check_work(made: FeaturizeSettings) -> None:
    """Refuse windows that are too many, or that lie too often over each moment."""
    segment_s = AUTO_SEGMENT_S if made.segment_s == "auto" else made.segment_s
    if segment_s is None:
        return
    hop_s = made.hop_s or segment_s
    if hop_s < LEAST_HOP_S or segment_s > MOST_OVERLAP * hop_s:
        raise ConfigError(
            f"a step of {hop_s:g} s between windows of {segment_s:g} s is too small here; hop_s "
            f"must be at least {max(LEAST_HOP_S, segment_s / MOST_OVERLAP):g}"
        )


def _segments(rows: pa.Table, classes: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": row["start_s"],
            "end_s": row["end_s"],
            "speech_fraction": row["speech_fraction"],
            "label": row["label"],
            "confidence": row["confidence"],
            "abstained": row["abstained"],
            "reason": row["reason"],
            "probabilities": {name: row[f"p_{name}"] for name in classes},
        }
        for row in rows.to_pylist()
    ]


def _local(uri: str, target: str) -> str:
    """A bundle on this machine: every request reads which recordings it was trained on."""
    if not storage.is_remote(uri):
        return uri
    names = storage.names(uri) & bundle.CONTENT
    if "bundle.json" not in names:
        raise ConfigError(f"{uri} is no bundle: it has no bundle.json")
    for name in names:
        storage.write(storage.join(target, name), storage.read(storage.join(uri, name)))
    return target

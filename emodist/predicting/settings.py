"""What predictions are made with: settings, the features that a bundle wants, and the rules."""

import dataclasses
from collections.abc import Collection
from typing import Any, Literal

from emodist import annotations, storage
from emodist.config import Settings, setting
from emodist.errors import ConfigError
from emodist.media.settings import CUT_SETTINGS, FeaturizeSettings, MediaSettings, Speech
from emodist.models.card import Card
from emodist.plugins import folders

FORMATS = ("json", "vtt", "png")
# Share of a segment that has to be speech. Silero's stretches are padded: one short sound that it
# takes for a voice is a seventh of a window of 4 s.
LEAST_SPEECH: dict[Speech, float] = {"energy": 0.1, "yamnet": 0.1, "silero": 0.2}
WHO = ("channel", "file")


@dataclasses.dataclass(frozen=True)
class PredictSettings(MediaSettings):
    """Bundle and media in, predictions and timelines out."""

    bundle: str = setting("", "folder of a bundle, local or s3://")
    decoder: Literal["auto", "moviepy"] = setting(
        "auto", "auto (as the bundle's training data was read) or moviepy"
    )
    segment_s: float | Literal["bundle", "auto"] | None = setting(
        "bundle",
        "window, seconds; null: whole recordings; auto: as in featurize; bundle: as trained",
    )
    hop_s: float | None = setting(
        None,
        "step between windows, seconds; default: the bundle's, or segment_s where that is given",
    )
    speakers: str = setting(
        "channel",
        "who is one person to a bundle that normalizes speakers: channel (the folder, else the "
        "recording), file, or the turns of a diarizer, as turns.rttm",
        since="0.2.0",
    )
    smooth_s: float = setting(
        4.0,
        "timelines: average over the windows within so many seconds; 0: over those at the moment",
    )
    min_confidence: float | None = setting(
        None, "abstain below this confidence; default: twice chance, at most 0.5"
    )
    speech: Literal["auto", "energy", "silero", "yamnet"] = setting(
        "auto",
        "what tells speech from other sound: energy (level alone), silero or yamnet; auto: yamnet "
        "where the bundle wants it, else silero where its extra is installed",
    )
    min_speech_fraction: float | None = setting(
        None,
        "abstain where less of a segment is speech; default: 0.1 (silero: 0.2), or the bundle's if "
        "larger",
    )
    timelines: tuple[str, ...] = setting(FORMATS, "files for each recording, of json, vtt, png")
    yamnet_model: str | None = setting(
        None, "YAMNet's model, if the bundle wants it; default: that of its training table"
    )
    yamnet_gpus: float = setting(
        0.0, "share of a GPU for each process that runs YAMNet; 0: CPU", decides=False
    )

    def __post_init__(self) -> None:
        if not self.bundle:
            raise ConfigError("bundle is not set; say which, as in bundle=DIR")
        object.__setattr__(self, "bundle", storage.absolute(self.bundle))
        super().__post_init__()
        for name in ("min_confidence", "min_speech_fraction"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ConfigError(f"{name} must be within 0 and 1; got {value}")
        if not self.smooth_s >= 0:
            raise ConfigError(f"smooth_s must be 0 or more; got {self.smooth_s}")
        if self.speakers not in WHO:
            is_file = annotations.suffix(self.speakers) or storage.names(self.speakers)
            if not is_file:
                raise ConfigError(
                    f"speakers takes {', '.join(WHO)} or a file of turns, as turns.rttm; got "
                    f"{self.speakers!r}"
                )
            object.__setattr__(self, "speakers", storage.absolute(self.speakers))
        for name in self.timelines:
            if name not in FORMATS:
                raise ConfigError(f"timelines takes {', '.join(FORMATS)}; got {name!r}")


@dataclasses.dataclass(frozen=True)
class ServeSettings(Settings):
    """Bundle in, service out: media over HTTP, predictions back."""

    bundle: str = setting("", "folder of a bundle, local or s3://")
    host: str = setting(
        "127.0.0.1",
        "where to listen; the service asks nobody for a password: 0.0.0.0 opens it to the network",
    )
    port: int = setting(8000, "TCP port to listen on")
    replicas: int = setting(1, "copies of the model, each with one CPU and one recording at a time")
    address: str | None = setting(
        None, "Ray cluster to use; default: RAY_ADDRESS, else one on this machine"
    )
    max_body_mb: float = setting(100.0, "a larger upload is refused, MB")
    max_duration_s: float = setting(3600.0, "a longer recording is refused, seconds")
    file_timeout_s: float = setting(
        30.0, "a recording that yields no sound or segment for so long is given up, seconds"
    )
    min_confidence: float | None = setting(
        None, "abstain below this confidence; default: twice chance, at most 0.5"
    )
    speech: Literal["auto", "energy", "silero", "yamnet"] = setting(
        "auto",
        "what tells speech from other sound: energy (level alone), silero or yamnet; auto: yamnet "
        "where the bundle wants it, else silero where its extra is installed",
    )
    min_speech_fraction: float | None = setting(
        None,
        "abstain where less of a segment is speech; default: 0.1 (silero: 0.2), or the bundle's if "
        "larger",
    )
    yamnet_model: str | None = setting(
        None, "YAMNet's model, if the bundle wants it; default: that of its training table"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.bundle:
            raise ConfigError("bundle is not set; say which, as in bundle=DIR")
        object.__setattr__(self, "bundle", storage.absolute(self.bundle))
        if not 1 <= self.port <= 65_535:
            raise ConfigError(f"port must be within 1 and 65535; got {self.port}")
        if self.replicas < 1:
            raise ConfigError(f"replicas must be at least 1; got {self.replicas}")
        if not self.max_body_mb > 0:
            raise ConfigError(f"max_body_mb must be above 0; got {self.max_body_mb}")


def featurize_settings(settings: PredictSettings, card: Card) -> FeaturizeSettings:
    """How media become what the bundle was trained on: its own settings, for these media.

    Only the features that the bundle wants are computed. Segments without speech stay in the
    table: the timeline shows them.

    Raises
    ------
    ConfigError
        If the bundle does not say how its features were made.
    """
    made = card.featurized
    if made.get("job") != "featurize":
        raise ConfigError(
            f"{settings.bundle} does not say how its features were made; train it on an output "
            "folder of `emodist featurize`"
        )
    folders.check(settings.bundle, made.get("plugin_files", {}), "features/")
    own = {"segment_s": made["segment_s"], "hop_s": made["hop_s"]}
    if settings.segment_s != "bundle":
        own = {"segment_s": settings.segment_s, "hop_s": None}
    elif made.get("cut") == "speech":
        # Settings that a table does not name have their defaults.
        own |= {name: made[name] for name in ("cut", *CUT_SETTINGS) if name in made}
    if settings.hop_s is not None:
        own["hop_s"] = settings.hop_s
    turns: dict[str, Any] = {}
    if settings.speakers not in WHO:
        turns = {"segments": settings.speakers, "label_policy": "majority"}
    shared = ("path", "out", "corpus", "corpus_settings", "max_duration_s", "file_timeout_s",
              "max_failed_fraction", "engine", "address", "workers", "price_per_cpu_h",
              "yamnet_gpus", "plugins", "speech", "track", "damaged",
              "file_memory_gb")  # fmt: skip
    featurized = FeaturizeSettings(
        **{name: getattr(settings, name) for name in shared},
        **own,
        **turns,
        decoder=made["decoder"] if settings.decoder == "auto" else settings.decoder,
        # As the bundle's training data was read, unless another way is asked for.
        channels=settings.channels if settings.channels != "mean" else made.get("channels", "mean"),
        features=tuple(made["features"]),
        feature_settings=_with_model(settings, card),
        functionals=tuple(made["functionals"]),
        **{name: made[name] for name in ("n_fft", "hop_length", "trim_db", "min_duration_s")},
    )
    wanted = _wanted(featurized, card)
    return dataclasses.replace(
        featurized,
        features=wanted,
        feature_settings={k: v for k, v in featurized.feature_settings.items() if k in wanted},
    )


def _with_model(settings: PredictSettings, card: Card) -> dict[str, Any]:
    """Feature settings; YAMNet's model as given, or beside the training table, or as then."""
    made = card.featurized
    chosen = {name: dict(own) for name, own in made["feature_settings"].items()}
    own = [name for name in ("yamnet", "yamnet_scores") if name in made["features"]]
    model = settings.yamnet_model
    beside = card.origin.get("uri")
    if own and model is None and beside and storage.exists(f"{beside}/yamnet/core.json"):
        model = f"{beside}/yamnet"
    if own and model is not None:
        chosen |= {name: {**chosen.get(name, {}), "model": model} for name in own}
    return chosen


def _wanted(settings: FeaturizeSettings, card: Card) -> tuple[str, ...]:
    chosen: Collection[str] | None = card.columns
    if chosen is None:
        # As `dataset.load` does: all but images.
        built = settings.build_features()
        chosen = [name for name in built if len(built[name].shape(settings.functionals)) == 1]
    return tuple(name for name in settings.features if name in chosen)


@dataclasses.dataclass(frozen=True)
class Rules:
    """What a prediction depends on, beside the features."""

    bundle: str
    digest: str
    path: str
    min_confidence: float
    min_speech_fraction: float
    smooth_s: float
    timelines: tuple[str, ...]
    # `channel`, `file` or `turns`.
    speakers: str = "channel"

    @classmethod
    def of(cls, settings: PredictSettings, digest: str, card: Card, told_by: Speech) -> "Rules":
        confidence, speech = settings.min_confidence, settings.min_speech_fraction
        if confidence is None:
            confidence = min(0.5, 2 / len(card.classes))
        if speech is None:
            speech = max(LEAST_SPEECH[told_by], card.featurized.get("min_speech_fraction", 0.0))
        return cls(
            settings.bundle,
            digest,
            settings.path,
            confidence,
            speech,
            settings.smooth_s,
            settings.timelines,
            settings.speakers if settings.speakers in WHO else "turns",
        )

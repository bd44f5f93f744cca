"""Settings of the jobs over media files."""

import dataclasses
import hashlib
import json
from typing import Any, ClassVar, Literal

from emodist import features, registry, storage
from emodist.audio.segments import Segmentation
from emodist.config import Choices, Settings, setting
from emodist.errors import ConfigError
from emodist.features._network import NetworkFeature


@dataclasses.dataclass(frozen=True)
class MediaSettings(Settings):
    """What every job over media files is told."""

    CHOICES: ClassVar[Choices] = {"corpus": ("corpora", "corpus_settings")}

    path: str = setting("", "folder, file, list (CSV, TSV or Parquet with `uri`), or s3:// prefix")
    out: str = setting("", "output folder, local or s3://", decides=False)
    corpus: str = setting("media", "how labels and speakers are read from paths")
    corpus_settings: dict = setting({}, "settings of the corpus, under its name")
    decoder: Literal["auto", "moviepy"] = setting(
        "auto", "auto (soundfile for WAV/FLAC, PyAV for the rest) or moviepy"
    )
    channels: Literal["mean", "left", "right", "max"] = setting(
        "mean",
        "how channels become one: mean, left, right, or max (the louder one, second by second)",
        since="0.2.0",
    )
    track: str | None = setting(
        None,
        "which audio track: a number from 1, or a language; default: the one flagged as default, "
        "else the first",
        since="0.2.0",
    )
    damaged: Literal["refuse", "keep"] = setting(
        "refuse",
        "a file that lacks more than 1 s or 2% of its sound: refuse, or keep what can be read",
        since="0.2.0",
    )
    max_duration_s: float = setting(86_400.0, "a longer recording is a failure, seconds")
    file_timeout_s: float = setting(
        120.0,
        "a file that yields no sound or segment for so long is given up, seconds",
        decides=False,
    )
    file_memory_gb: float = setting(
        4.0, "a file that asks for more memory to be decoded is given up, GB (Linux)", decides=False
    )
    max_failed_fraction: float = setting(
        0.5, "exit code 1 if more than this share of the files failed", decides=False
    )
    engine: Literal["auto", "local", "ray"] = setting(
        "auto",
        "who schedules; auto is ray on a cluster or for long work, else local",
        decides=False,
    )
    address: str | None = setting(
        None, "Ray cluster to use; default: RAY_ADDRESS, else one on this machine", decides=False
    )
    workers: int | None = setting(
        None,
        "files worked on at once; default: one per CPU, also of those that a cluster adds",
        decides=False,
    )
    price_per_cpu_h: float | None = setting(
        None, "of one CPU for an hour, in any currency; default: no cost is shown", decides=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("path", "out"):
            if not getattr(self, name):
                raise ConfigError(f"{name} is not set; say where, as in {name}=DIR")
            object.__setattr__(self, name, storage.absolute(getattr(self, name)))
        if self.track is not None and self.decoder == "moviepy":
            raise ConfigError("moviepy has FFmpeg choose the track; track needs decoder=auto")
        for name in ("max_duration_s", "file_timeout_s", "file_memory_gb"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0; got {getattr(self, name)}")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers must be at least 1; got {self.workers}")
        price = self.price_per_cpu_h
        if price is not None and not 0 <= price < float("inf"):
            raise ConfigError(f"price_per_cpu_h must be at least 0; got {price}")
        if not 0 <= self.max_failed_fraction <= 1:
            raise ConfigError(
                f"max_failed_fraction must be within 0 and 1; got {self.max_failed_fraction}"
            )
        self.build_corpus()

    def build_corpus(self):
        return registry.build("corpora", self.corpus, **self.corpus_settings)

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for `identity`."""
        text = json.dumps(self.identity(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclasses.dataclass(frozen=True)
class ExtractSettings(MediaSettings):
    """Media in, 16 kHz mono sound files out."""

    format: Literal["wav", "flac"] = setting("wav", "sound files to write: wav (16 bit) or flac")


@dataclasses.dataclass(frozen=True)
class FeaturizeSettings(MediaSettings):
    """Media in, feature table out."""

    CHOICES: ClassVar[Choices] = {
        **MediaSettings.CHOICES,
        "features": ("features", "feature_settings"),
        "augment": ("augmentations", "augment_settings"),
    }

    features: tuple[str, ...] = setting(features.DEFAULT, "which features, by name")
    feature_settings: dict = setting({}, "settings of a feature, under its name")
    functionals: tuple[str, ...] = setting(
        ("mean", "std", "p10", "p90"), "mean, std, min, max, range, slope, pNN of each descriptor"
    )
    n_fft: int = setting(2048, "frame of the short-time analysis, samples at 16 kHz")
    hop_length: int = setting(512, "step of the short-time analysis, samples at 16 kHz")
    segment_s: float | Literal["auto"] | None = setting(
        "auto", "window, seconds; null: whole recordings; auto: whole up to 15 s, else 4 s windows"
    )
    hop_s: float | None = setting(None, "step between windows, seconds; default: segment_s")
    trim_db: float | None = setting(
        30.0, "trim ends this far below the peak of whole recordings, dB; null: no trimming"
    )
    min_duration_s: float = setting(0.1, "a shorter recording is a failure, seconds")
    min_speech_fraction: float = setting(0.0, "segments with a smaller share of speech are skipped")
    augment: tuple[str, ...] = setting(
        (), "augmented variants for training: which augmentations, one in each; default: none"
    )
    augment_settings: dict = setting({}, "settings of an augmentation, under its name")
    n_variants: int = setting(1, "variants of each recording, if `augment` names something")
    augment_balance: bool = setting(
        False, "more variants of rare classes, until all classes have as many recordings"
    )
    yamnet_gpus: float = setting(
        0.0, "share of a GPU for each process that runs YAMNet; 0: CPU", decides=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.build_augmentations()
        if not 0 <= self.n_variants <= 1000:
            raise ConfigError(f"n_variants must be within 0 and 1000; got {self.n_variants}")
        if self.augment_balance and not self.augment:
            raise ConfigError("augment_balance needs augmentations; say augment=time_stretch,noise")
        if not self.features:
            raise ConfigError(f"no features chosen; known: {', '.join(registry.names('features'))}")
        for name in ("n_fft", "hop_length"):
            if getattr(self, name) < 16:
                raise ConfigError(f"{name} must be at least 16 samples; got {getattr(self, name)}")
        self.segmentation()
        models = {feature.model for feature in self.network_features().values()}
        if len(models) > 1:
            raise ConfigError(f"yamnet and yamnet_scores need one model; got {sorted(models)}")
        for name in ("min_speech_fraction", "yamnet_gpus"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be within 0 and 1; got {getattr(self, name)}")
        features.check_functionals(self.functionals)

    def build_features(self):
        settings = dict(self.feature_settings)
        # One network serves both: what is said of `yamnet` holds for its scores.
        model = settings.get("yamnet", {}).get("model")
        if model is not None and "yamnet_scores" in self.features:
            settings["yamnet_scores"] = {"model": model, **settings.get("yamnet_scores", {})}
        return features.build_features(self.features, settings)

    def build_augmentations(self) -> dict[str, Any]:
        """The chosen augmentations, by name."""
        return {
            name: registry.build("augmentations", name, **self.augment_settings.get(name, {}))
            for name in self.augment
        }

    def network_features(self) -> dict[str, NetworkFeature]:
        """The chosen features that a network computes, in a process of its own."""
        built = self.build_features()
        return {k: v for k, v in built.items() if isinstance(v, NetworkFeature)}

    def segmentation(self) -> Segmentation:
        return Segmentation(
            segment_s=self.segment_s,
            hop_s=self.hop_s,
            trim_db=self.trim_db,
            min_duration_s=self.min_duration_s,
        )

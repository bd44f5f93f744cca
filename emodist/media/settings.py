"""Settings of the jobs over media files."""

import dataclasses
import hashlib
import json
from typing import Any, ClassVar, Literal, TypeAlias

from emodist import features, registry, storage
from emodist.audio.segments import Segmentation
from emodist.audio.speech import SpeechCut
from emodist.config import Choices, Settings, setting
from emodist.errors import ConfigError
from emodist.features._network import NetworkFeature
from emodist.tables.sheets import printable

Speech: TypeAlias = Literal["energy", "silero", "yamnet"]
CUT_SETTINGS = ("merge_gap_s", "min_segment_s", "max_segment_s")


# What says how sound is read, as `audio.decode.blocks` takes it.
HOW = ("decoder", "channels", "track", "damaged")


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
            place = storage.absolute(getattr(self, name))
            if printable(place) != place:
                raise ConfigError(
                    f"{name} has a name that is not UTF-8, {printable(place)}; rename it, or say "
                    "where with a link"
                )
            object.__setattr__(self, name, place)
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
        "annotation_format": ("annotations", "annotation_settings"),
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
    segments: str | None = setting(
        None,
        "labels with times: a file or folder of annotations, as labels.csv, turns.rttm; one row "
        "per span, with its speaker and label",
        since="0.2.0",
    )
    annotation_format: str | None = setting(
        None, "of `segments`; default: as its suffix says", since="0.2.0"
    )
    annotation_settings: dict = setting({}, "settings of a format, under its name", since="0.2.0")
    label_policy: Literal["span", "majority", "pure"] = setting(
        "span",
        "of `segments`: span: its spans are the rows; else windows are (segment_s), with the "
        "speaker and label of most of it (majority), or of all that is in it (pure)",
        since="0.2.0",
    )
    min_label_share: float = setting(
        0.5,
        "a window of which a speaker or label covers a smaller share has none",
        since="0.2.0",
    )
    trim_db: float | None = setting(
        30.0, "trim ends this far below the peak of whole recordings, dB; null: no trimming"
    )
    min_duration_s: float = setting(0.1, "a shorter recording is a failure, seconds")
    cut: Literal["windows", "speech"] = setting(
        "windows",
        "windows (segment_s), or speech: segments are stretches of speech (speech=silero)",
        since="0.2.0",
    )
    merge_gap_s: float = setting(
        SpeechCut.merge_gap_s,
        "cut=speech: speech with a shorter pause between is one segment, seconds",
        since="0.2.0",
    )
    min_segment_s: float = setting(
        SpeechCut.min_segment_s, "cut=speech: a shorter segment is left out, seconds", since="0.2.0"
    )
    max_segment_s: float = setting(
        SpeechCut.max_segment_s, "cut=speech: a longer segment is cut, seconds", since="0.2.0"
    )
    speech: Literal["auto", "energy", "silero", "yamnet"] = setting(
        "auto",
        "what tells speech from other sound: energy (level alone), silero or yamnet; auto: yamnet "
        "where it is a feature, silero for windows of --corpus media, else energy",
        since="0.2.0",
    )
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
        self._check_segments()
        models = {feature.model for feature in self.network_features().values()}
        if len(models) > 1:
            raise ConfigError(f"yamnet and yamnet_scores need one model; got {sorted(models)}")
        for name in ("min_speech_fraction", "yamnet_gpus", "min_label_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be within 0 and 1; got {getattr(self, name)}")
        features.check_functionals(self.functionals)
        self._check_speech()

    def _check_speech(self) -> None:
        if self.speech == "yamnet" and not self.network_features():
            raise ConfigError("speech=yamnet needs yamnet or yamnet_scores among the features")
        self.speech_cut()
        if self.cut == "windows":
            for name in CUT_SETTINGS:
                if getattr(self, name) != getattr(SpeechCut, name):
                    raise ConfigError(f"{name} needs cut=speech")
            return
        if self.speech not in ("auto", "silero"):
            raise ConfigError(f"cut=speech needs speech=silero; got {self.speech}")
        if self.segment_s != "auto" or self.hop_s is not None:
            raise ConfigError(
                "cut=speech makes segments of speech, not windows; leave segment_s and hop_s out, "
                "or set max_segment_s"
            )

    def identity(self) -> dict[str, Any]:
        """As of any settings; `speech` is in it where it is not what it was before it was one."""
        kept = super().identity()
        if self.speech == self.speech_before():
            kept.pop("speech", None)
        return kept

    def speech_before(self) -> Speech:
        """What told speech before `speech` was a setting, and does where an identity is silent."""
        if self.cut == "speech":
            return "silero"
        return "yamnet" if self.network_features() else "energy"

    def told_by(self) -> Speech:
        """What tells speech; see `media.speech` for what becomes of `auto` before."""
        return self.speech_before() if self.speech == "auto" else self.speech

    def speech_cut(self) -> SpeechCut:
        """How stretches of speech become segments, where `cut` is speech."""
        return SpeechCut(
            **{name: getattr(self, name) for name in CUT_SETTINGS},
            min_duration_s=self.min_duration_s,
        )

    def _check_segments(self) -> None:
        if self.segments is None:
            for name in ("annotation_format", "label_policy", "min_label_share"):
                if getattr(self, name) != getattr(FeaturizeSettings, name):
                    raise ConfigError(f"{name} is of annotations; say which, as segments=FILE")
            return
        object.__setattr__(self, "segments", storage.absolute(self.segments))
        if self.annotation_format is not None:
            own = self.annotation_settings
            registry.build("annotations", self.annotation_format, **own)
        is_windowed = self.cut == "speech" or self.segment_s != "auto" or self.hop_s is not None
        if self.label_policy == "span" and is_windowed:
            raise ConfigError(
                "segments gives one row per span; for windows of segment_s and hop_s, or pieces of "
                "cut=speech, say label_policy=majority"
            )
        if self.augment_balance:
            raise ConfigError(
                "augment_balance counts recordings, and segments labels pieces of them; leave it "
                "out, and say n_variants"
            )

    @property
    def is_by_span(self) -> bool:
        """Whether rows are the spans of annotations."""
        return self.segments is not None and self.label_policy == "span"

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

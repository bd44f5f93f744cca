"""Settings of each job: frozen dataclasses, read from strict YAML and `key=value` words.

A field's metadata says what it means (`help`) and whether it changes the rows that a job writes
(`rows`): the settings with `rows` are the identity of an output folder. Settings of a feature or
a corpus stand under its name: `mfcc.n_mfcc=13`, or in YAML `mfcc: {n_mfcc: 13}`.
"""

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Literal

import yaml

from emodist import features, registry, storage
from emodist.audio.segments import Segmentation
from emodist.errors import ConfigError
from emodist.features._network import NetworkFeature

Settings = typing.TypeVar("Settings", bound="MediaSettings | TrainSettings | NetworkSettings")
# Which setting names entries of which registry, and where their own settings are kept.
Choices: typing.TypeAlias = dict[str, tuple[str, str]]


def setting(default: Any, help: str, rows: bool = True) -> Any:
    """A field with its meaning; mutable defaults are made anew for each settings object."""
    metadata = {"help": help, "rows": rows}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class MediaSettings:
    """What every job over media files is told."""

    CHOICES: ClassVar[Choices] = {"corpus": ("corpora", "corpus_settings")}

    path: str = setting("", "folder, file, list (CSV or Parquet with `uri`), or s3:// prefix")
    out: str = setting("", "output folder, local or s3://", rows=False)
    corpus: str = setting("media", "how labels and speakers are read from paths")
    corpus_settings: dict = setting({}, "settings of the corpus, under its name")
    decoder: Literal["auto", "moviepy"] = setting(
        "auto", "auto (soundfile for WAV/FLAC, PyAV for the rest) or moviepy"
    )
    max_duration_s: float = setting(86_400.0, "a longer recording is a failure, seconds")
    file_timeout_s: float = setting(
        120.0, "a file that yields no sound or segment for so long is given up, seconds", rows=False
    )
    max_failed_fraction: float = setting(
        0.5, "exit code 1 if more than this share of the files failed", rows=False
    )
    engine: Literal["auto", "local", "ray"] = setting(
        "auto", "who schedules; auto is ray on a cluster or for long work, else local", rows=False
    )
    address: str | None = setting(
        None, "Ray cluster to use; default: RAY_ADDRESS, else one on this machine", rows=False
    )
    workers: int | None = setting(
        None,
        "files worked on at once; default: one per CPU, also of those that a cluster adds",
        rows=False,
    )
    price_per_cpu_h: float | None = setting(
        None, "of one CPU for an hour, in any currency; default: no cost is shown", rows=False
    )

    def __post_init__(self) -> None:
        for name in ("path", "out"):
            if not getattr(self, name):
                raise ConfigError(f"{name} is not set; say where, as in {name}=DIR")
            object.__setattr__(self, name, storage.absolute(getattr(self, name)))
        for name in ("max_duration_s", "file_timeout_s"):
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

    def identity(self) -> dict[str, Any]:
        """The settings that decide which rows come out, as plain JSON values."""
        kept = {
            f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata["rows"]
        }
        return json.loads(json.dumps(kept))

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
        0.0, "share of a GPU for each process that runs YAMNet; 0: CPU", rows=False
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


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """Feature table in, classifier or its judgement out."""

    CHOICES: ClassVar[Choices] = {"model": ("estimators", "model_settings")}

    model: str = setting("ensemble", "which classifier, by name")
    model_settings: dict = setting({}, "settings of the classifier, under its name")
    features: tuple[str, ...] | None = setting(None, "which feature columns; null: all but images")
    folds: str = setting(
        "group5", "ravdess24, ravdess16, loso, groupN, by:ATTRIBUTE, cross:A:B, or randomN"
    )
    pca: int | None = setting(None, "components kept of the scaled features; null: no PCA")
    balance: Literal["weights", "smote", "none"] = setting(
        "weights", "weights, smote or none: what is done about rare classes"
    )
    speaker_norm: bool = setting(
        False, "z-score per speaker from unlabelled rows (transductive; the result says so)"
    )
    calibrate: bool = setting(True, "fit a temperature on speakers that the classifier did not see")
    seed: int = setting(0, "of everything random")

    def __post_init__(self) -> None:
        if self.pca is not None and self.pca < 1:
            raise ConfigError(f"pca must be at least 1; got {self.pca}")
        self.build_model()

    def build_model(self):
        return registry.build("estimators", self.model, **self.model_settings)

    def identity(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))


@dataclasses.dataclass(frozen=True)
class NetworkSettings:
    """Feature table in, Keras network or its judgement out."""

    CHOICES: ClassVar[Choices] = {
        "model": ("networks", "model_settings"),
        "augment": ("batch_augmentations", "augment_settings"),
    }

    model: str = setting("deep_cnn", "which network, by name")
    model_settings: dict = setting({}, "settings of the network, under its name")
    features: tuple[str, ...] | None = setting(
        None, "which feature columns; null: what the network is made for"
    )
    folds: str = setting(
        "group5", "ravdess24, ravdess16, loso, groupN, by:ATTRIBUTE, cross:A:B, or randomN"
    )
    cross_validate: bool = setting(
        False, "train: also one network for each fold, and its numbers into the bundle"
    )
    speaker_norm: bool = setting(
        False,
        "z-score per speaker (of an image: each mel band) from unlabelled rows (transductive; "
        "the result says so)",
    )
    calibrate: bool = setting(True, "fit a temperature on the development speakers")
    seed: int = setting(0, "of everything random")
    epochs: int = setting(60, "passes over the training rows, at most")
    batch_size: int = setting(32, "rows of one step, over all workers")
    learning_rate: float = setting(1e-3, "the highest, at the end of the warm-up")
    warmup_epochs: float = setting(2.0, "epochs in which the learning rate rises from 0")
    schedule: Literal["cosine", "constant"] = setting(
        "cosine", "of the learning rate after the warm-up: cosine (down to 0) or constant"
    )
    weight_decay: float = setting(1e-2, "AdamW's, not on biases and norms")
    label_smoothing: float = setting(0.0, "share of a label that is spread over all classes")
    balance: Literal["weights", "none"] = setting(
        "weights", "weights or none: what is done about rare classes"
    )
    augment: tuple[str, ...] = setting(
        (), "how training batches are changed, anew in each epoch, in this order; default: not"
    )
    augment_settings: dict = setting({}, "settings of an augmentation, under its name")
    dev_fraction: float = setting(
        0.2, "share of the training speakers that stop the training; 0: run all epochs"
    )
    patience: int = setting(15, "epochs without a better UAR of the development speakers")
    mixed_precision: bool = setting(False, "compute in bfloat16, keep weights in float32")
    xla: bool = setting(False, "compile forward and backward pass with XLA")
    shuffle_mb: float = setting(
        256.0, "rows shuffled together, MB; a smaller table is shuffled as a whole"
    )
    workers: int = setting(1, "Ray Train workers; 1: this process, without Ray", rows=False)
    use_gpu: bool = setting(False, "one GPU for each worker", rows=False)
    cpus_per_worker: float = setting(1.0, "CPUs of each Ray worker", rows=False)
    max_failures: int = setting(3, "lost Ray workers, before the training fails", rows=False)
    address: str | None = setting(
        None, "Ray cluster to use; default: RAY_ADDRESS, else one on this machine", rows=False
    )

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "workers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1; got {getattr(self, name)}")
        for name in ("learning_rate", "shuffle_mb", "cpus_per_worker"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0; got {getattr(self, name)}")
        for name in ("warmup_epochs", "weight_decay", "max_failures"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must not be negative; got {getattr(self, name)}")
        for name in ("label_smoothing", "dev_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} must be within 0 and 1, 1 excluded; got {getattr(self, name)}"
                )
        if self.batch_size % self.workers:
            raise ConfigError(
                f"batch_size={self.batch_size} cannot be shared by workers={self.workers}; take a "
                f"multiple, such as batch_size={-(-self.batch_size // self.workers) * self.workers}"
            )
        self.build_model()
        self.build_augmentations()

    def build_model(self):
        return registry.build("networks", self.model, **self.model_settings)

    def build_augmentations(self) -> list[Any]:
        """Entries of `batch_augmentations`, in order.

        Raises
        ------
        ConfigError
            If one does not fit what the network learns from.
        """
        built = []
        for name in self.augment:
            own = self.augment_settings.get(name, {})
            entry: Any = registry.build("batch_augmentations", name, **own)
            if entry.INPUTS != "any" and self.build_model().inputs != "image":
                raise ConfigError(
                    f"augment={name} changes images, and {self.model} learns from flat features; "
                    "leave it out, or take mixup"
                )
            if entry.INPUTS == "decibels" and self.speaker_norm:
                raise ConfigError(
                    f"augment={name} needs levels in dB, and speaker_norm scales them away; "
                    "leave one of them out"
                )
            built.append(entry)
        return built

    def columns(self) -> tuple[str, ...] | None:
        """The feature columns to read; None: all flat ones."""
        return self.features if self.features is not None else self.build_model().features

    def identity(self) -> dict[str, Any]:
        """The settings that decide what is learned, as plain JSON values."""
        kept = {
            f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata["rows"]
        }
        return json.loads(json.dumps(kept))


def model_kind(model: str) -> type[TrainSettings] | type[NetworkSettings]:
    """The settings of a model by its name: a classifier's or a network's.

    Raises
    ------
    ConfigError
        If there is no such model.
    """
    for kind in (TrainSettings, NetworkSettings):
        if model in registry.names(kind.CHOICES["model"][0]):
            return kind
    known = [*registry.names("estimators"), *registry.names("networks")]
    raise ConfigError(
        f"no classifier or network is called {model!r}; {registry.suggest(model, known)}"
    )


def rival(settings: TrainSettings | NetworkSettings, model: str) -> TrainSettings | NetworkSettings:
    """Another model under the same protocol, with its defaults for the rest.

    A model of the same kind has all the same settings, but those under its name.
    """
    kind = model_kind(model)
    if isinstance(settings, kind):
        return dataclasses.replace(settings, model=model, model_settings={})
    same = ("folds", "speaker_norm", "calibrate", "seed")
    return kind(model=model, **{name: getattr(settings, name) for name in same})


def load(
    kind: type[Settings], file: str | None, words: Iterable[str] = (), **given: Any
) -> Settings:
    """Settings from a YAML file, then `key=value` words, then keyword arguments.

    Raises
    ------
    ConfigError
        If a key is unknown, or a value has the wrong type; names the file and the setting.
    """
    return load_with_places(kind, (), file, words, **given)[0]


def load_with_places(
    kind: type[Settings],
    places: Collection[str],
    file: str | None,
    words: Iterable[str] = (),
    **given: Any,
) -> tuple[Settings, dict[str, str]]:
    """As `load`, where the words `places` may stand among the settings without being any.

    They say where a job reads and writes, such as `table` and `out`, and come back beside the
    settings.
    """
    values: dict[str, Any] = {}
    # By name of a corpus or feature; those of one that is not chosen in the end do not count.
    settings: dict[str, dict] = {}
    if file:
        _merge(kind, places, values, settings, read_yaml(file), file)
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"{word!r} is not a setting; write key=value")
        *outer, last = key.split(".")
        new = {outer[0]: {last: _parse(text)}} if outer else {key: _parse(text)}
        _merge(kind, places, values, settings, new, word)
    given = {key: value for key, value in given.items() if value is not None}
    _merge(kind, places, values, settings, given, "command line")
    for choice, (_, target) in kind.CHOICES.items():
        chosen = values.get(choice, getattr(kind, choice))
        values[target] = (
            settings.get(chosen, {})
            if isinstance(chosen, str)
            else {name: settings[name] for name in chosen if name in settings}
        )
    placed = {name: values.pop(name) for name in places if name in values}
    try:
        return kind(**values), placed
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}" if file else str(error)) from None


def fields(kind: type[MediaSettings] | type[TrainSettings]) -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting that a user may give."""
    return [
        (f.name, _show(f.default), f.metadata["help"])
        for f in dataclasses.fields(kind)
        if not f.name.endswith("_settings")
    ]


def _show(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return "null" if default is None else str(default)


def read_yaml(file: str) -> dict[str, Any]:
    """The lines of a settings file.

    Raises
    ------
    ConfigError
        If there is no such file, or it holds something else.
    """
    try:
        content = yaml.safe_load(storage.read(file))
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such settings file") from None
    except (yaml.YAMLError, UnicodeDecodeError, IsADirectoryError) as error:
        raise ConfigError(f"{file}: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content or {}, dict):
        raise ConfigError(f"{file}: expected `setting: value` lines, got {type(content).__name__}")
    return content or {}


def _parse(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _merge(
    kind: Any, places: Collection[str], values: dict, settings: dict, new: Mapping, where: str
) -> None:
    hints = {**typing.get_type_hints(kind), **dict.fromkeys(places, str)}
    known = [name for name in hints if not name.endswith("_settings") and name != "CHOICES"]
    entries = [name for folder, _ in kind.CHOICES.values() for name in registry.names(folder)]
    for key, value in new.items():
        if key in known:
            values[key] = _typed(hints[key], value, f"{where}: {key}")
        elif key in entries:
            settings.setdefault(key, {}).update(_mapping(key, value, where))
        else:
            hint = registry.suggest(str(key), [*known, *entries])
            raise ConfigError(f"{where}: no setting {key!r}; {hint}")


def _mapping(key: str, value: Any, where: str) -> dict:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: {key} takes settings, as in {key}.NAME=VALUE; got {value!r}")
    return value


def _typed(hint: Any, value: Any, where: str) -> Any:
    """The value as the type that the field declares; YAML's `1e-3` is a string, for example."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    options = typing.get_args(hint) if typing.get_origin(hint) is typing.Union else options
    for option in options:
        if option is type(None):
            if value is None:
                return None
        elif typing.get_origin(option) is Literal:
            if value in typing.get_args(option):
                return value
        elif typing.get_origin(option) is tuple:
            parts = value.split(",") if isinstance(value, str) else value
            if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
                return tuple(part.strip() for part in parts if part.strip())
        elif option is float and not isinstance(value, bool):
            try:
                return float(value)
            except (TypeError, ValueError):
                pass
        elif option is str and isinstance(value, str | int | float):
            return str(value)
        elif type(value) is option:
            return value
    raise ConfigError(f"{where} takes {_describe(options)}; got {value!r}")


def _describe(options: Iterable[Any]) -> str:
    words = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        type(None): "null",
    }
    parts: list[str] = []
    for option in options:
        if typing.get_origin(option) is Literal:
            parts += map(str, typing.get_args(option))
        else:
            parts.append(words.get(option, "a list of names"))
    return " or ".join(parts)

"""What a sweep of networks is told: which of them, what is searched, what a trial takes."""

import contextlib
import dataclasses
import math
from typing import Any, ClassVar, Literal

from emodist import registry
from emodist.config import Choices, setting
from emodist.errors import ConfigError
from emodist.network_training import sources
from emodist.network_training.settings import NetworkSettings
from emodist.spaces import Space
from emodist.sweeps.trials import SweepSettings
from emodist.tables import locate
from emodist.tuning._nested import own_space

# Those that learn RAVDESS in a minute or two of CPU time; the others are chosen by name.
MODELS = ("mlp_net", "yamnet_head", "deep_cnn", "res_cnn")
# What is tried where one of these settings says `search`.
SEARCHED: Space = {
    "learning_rate": ("log", 3e-4, 1e-2),
    "weight_decay": ("log", 1e-3, 1e-1),
    "label_smoothing": ("choice", (0.0, 0.1)),
}


@dataclasses.dataclass(frozen=True)
class NetworkSweep(SweepSettings):
    """Feature table in, the best settings of a network out."""

    CHOICES: ClassVar[Choices] = {"models": ("networks", "model_settings")}
    PACKAGES: ClassVar[tuple[str, ...]] = (*SweepSettings.PACKAGES, "tensorflow", "keras")
    # A process with TensorFlow grows by 5 MB (mlp_net) to 20 MB (res_cnn) for each network that it
    # trains, in spite of `keras.backend.clear_session`; a step trains one for each fold. A new
    # process costs 5 s of CPU time.
    STEPS_PER_PROCESS: ClassVar[int | None] = 10

    kind: Literal["network"] = setting("network", "what is tuned")
    trials: int = setting(12, "configurations that each search tries; more continue", decides=False)
    models: tuple[str, ...] = setting(
        MODELS, "which networks to choose from; by default those that the table has features for"
    )
    model_settings: dict = setting({}, "settings of a network that are not searched")
    features: tuple[str, ...] | None = setting(
        None, "which feature columns, each for the networks that it fits; null: their own"
    )
    learning_rate: float | Literal["search"] = setting("search", "the highest; search: try several")
    weight_decay: float | Literal["search"] = setting(1e-2, "AdamW's; search: try several")
    label_smoothing: float | Literal["search"] = setting(
        "search", "share of a label that is spread over all classes; search: try 0 and 0.1"
    )
    augment: tuple[str, ...] = setting(
        ("none", "mixup", "spec_augment", "spec_augment+mixup"),
        "what batches may be changed by, each for the networks that it fits",
    )
    epochs: int = setting(45, "passes over the training rows, at most")
    batch_size: int = setting(32, "rows of one step")
    patience: int = setting(15, "epochs without a better UAR of the development speakers")
    dev_fraction: float = setting(
        0.2, "share of the training speakers that stop the training; 0: run all epochs"
    )
    mixed_precision: bool = setting(False, "compute in bfloat16, keep weights in float32")
    balance: Literal["weights", "none"] = setting(
        "weights", "weights or none: what is done about rare classes"
    )
    folds: str = setting(
        "group5", "ravdess24, ravdess16, loso, groupN, by:ATTRIBUTE, cross:A:B, or randomN"
    )
    inner_folds: int = setting(2, "speaker-independent folds of each training side")
    speaker_norm: bool = setting(
        False, "z-score per speaker from unlabelled rows (transductive; the result says so)"
    )
    prune: bool = setting(
        True, "give up after a ninth and a third of the epochs what is not of the best third (ASHA)"
    )
    cpus_per_trial: int = setting(1, "CPUs, and threads of TensorFlow, of a trial", decides=False)
    gpus_per_trial: float = setting(
        0.0, "share of a GPU for each trial, such as 0.5, with engine=ray; 0: CPU", decides=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.models:
            raise ConfigError(f"models is empty; known: {', '.join(registry.names('networks'))}")
        if not self.augment:
            raise ConfigError("augment is empty; say augment=none, or leave it out")
        if self.inner_folds < 2:
            raise ConfigError(f"inner_folds must be at least 2; got {self.inner_folds}")
        if self.cpus_per_trial < 1:
            raise ConfigError(f"cpus_per_trial must be at least 1; got {self.cpus_per_trial}")
        gpus = self.gpus_per_trial
        if gpus < 0 or (gpus > 1 and gpus != int(gpus)):
            raise ConfigError(
                f"gpus_per_trial is a share of one GPU, from 0 to 1, or a whole number; got {gpus}"
            )
        if gpus and self.engine == "local":
            raise ConfigError(
                f"gpus_per_trial={gpus:g} needs engine=ray, which gives each trial its share; "
                "engine=local computes on CPUs"
            )
        for model in self.models:
            # Says what is wrong with a network's settings, epochs, batch_size, ...
            self.of(model)
            self.changes(model)

    def entries(self) -> list[tuple[str, Any]]:
        return [*super().entries(), ("batch_augmentations", self.augment)]

    def resources(self) -> dict[str, float]:
        gpus = {"GPU": self.gpus_per_trial} if self.gpus_per_trial else {}
        return {"CPU": float(self.cpus_per_trial), **gpus}

    def of(self, model: str, **more: Any) -> NetworkSettings:
        """Settings of a job with this network; what is searched has a default."""
        fixed = {name: value for name in SEARCHED if (value := getattr(self, name)) != "search"}
        same = (
            *("epochs", "batch_size", "patience", "dev_fraction", "mixed_precision", "balance"),
            *("folds", "speaker_norm", "seed", "plugins"),
        )
        given: dict[str, Any] = {
            "model_settings": self.model_settings.get(model, {}),
            **fixed,
            **{name: getattr(self, name) for name in same},
        }
        return NetworkSettings(model=model, **{**given, **more})

    def changes(self, model: str) -> tuple[str, ...]:
        """Those of `augment` that fit a network.

        Raises
        ------
        ConfigError
            If none does.
        """
        fitting = []
        for words in self.augment:
            for name in parts(words):
                registry.get("batch_augmentations", name)
            with contextlib.suppress(ConfigError):
                self.of(model, augment=parts(words))
                fitting.append(words)
        if not fitting:
            raise ConfigError(
                f"augment={','.join(self.augment)} has nothing that fits {model}; add none"
            )
        return tuple(fitting)

    def rungs(self) -> tuple[int, ...]:
        """Epochs that are done after each step.

        Examples
        --------
        >>> NetworkSweep(epochs=45).rungs(), NetworkSweep(prune=False).rungs()
        ((5, 15, 45), (45,))
        """
        shares = (9, 3, 1) if self.prune else (1,)
        return tuple(sorted({math.ceil(self.epochs / share) for share in shares}))


def columns_of(table: str, settings: NetworkSweep) -> dict[str, tuple[str, ...]]:
    """The feature columns of each network that is chosen and can learn from the table.

    Raises
    ------
    ConfigError
        If a feature is missing, or a network that was named, or all of them, cannot learn from it.
    """
    fields = locate.open_table(table).schema
    given = settings.features
    if given is not None:
        for name in given:
            # Says which feature the table does not have.
            sources.feature_shape(fields, [name])
    columns: dict[str, tuple[str, ...]] = {}
    problem = ""
    for model in settings.models:
        try:
            columns[model] = _columns(model, fields, given)
        except ConfigError as error:
            problem = f"{model} cannot learn from {table}: {error}"
            if settings.models != MODELS:
                raise ConfigError(problem) from None
    if not columns:
        raise ConfigError(problem)
    return columns


def _columns(model: str, fields: Any, given: tuple[str, ...] | None) -> tuple[str, ...]:
    entry: Any = registry.get("networks", model)
    n_axes = 2 if entry.inputs == "image" else 1
    wanted = entry.features
    if given is not None:
        wanted = [name for name in given if len(sources.feature_shape(fields, [name])[1]) == n_axes]
        if n_axes == 1 and entry.features is not None:
            wanted = [name for name in wanted if name in entry.features]
        if not wanted:
            raise ConfigError(f"none of features={','.join(given)} fits it")
    names, shape = sources.feature_shape(fields, wanted)
    if len(shape) != n_axes:
        got = " by ".join(map(str, shape))
        raise ConfigError(
            f"{', '.join(names)} has rows of {got} numbers, and it takes {n_axes} axes"
        )
    return names


def space(settings: NetworkSweep) -> Space:
    """Names are those of settings; `image.augment` is `augment` of networks that see images."""
    dimensions: dict[str, Any] = {}
    if len(settings.models) > 1:
        dimensions["model"] = ("choice", settings.models)
    for name, dimension in SEARCHED.items():
        if getattr(settings, name) == "search":
            dimensions[name] = dimension
    for model in settings.models:
        changes = settings.changes(model)
        if len(changes) > 1:
            dimensions[f"{inputs(model)}.augment"] = ("choice", changes)
    return {**dimensions, **own_space("networks", settings.models, settings.model_settings)}


def inputs(model: str) -> str:
    """What a network learns from: image or vector."""
    entry: Any = registry.get("networks", model)
    return entry.inputs


def parts(words: str) -> tuple[str, ...]:
    """The augmentations of one of `augment`.

    Examples
    --------
    >>> parts("spec_augment+mixup"), parts("none")
    (('spec_augment', 'mixup'), ())
    """
    return () if words == "none" else tuple(words.split("+"))

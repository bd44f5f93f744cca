"""Settings of a network and of how it learns."""

import dataclasses
from typing import Any, ClassVar, Literal

from emodist import registry
from emodist.config import Choices, Settings, setting
from emodist.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class NetworkSettings(Settings):
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
    workers: int = setting(1, "Ray Train workers; 1: this process, without Ray", decides=False)
    use_gpu: bool = setting(False, "one GPU for each worker", decides=False)
    cpus_per_worker: float = setting(1.0, "CPUs of each Ray worker", decides=False)
    max_failures: int = setting(3, "lost Ray workers, before the training fails", decides=False)
    address: str | None = setting(
        None, "Ray cluster to use; default: RAY_ADDRESS, else one on this machine", decides=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
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

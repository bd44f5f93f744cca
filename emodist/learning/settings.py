"""Settings of a classifier, and what any model needs to be told to be judged."""

import dataclasses
from typing import ClassVar, Literal, Protocol

from emodist import registry
from emodist.config import Choices, Settings, setting
from emodist.errors import ConfigError


class Judged(Protocol):
    """What the settings of every model say of its protocol: those of a network too."""

    @property
    def folds(self) -> str: ...

    @property
    def speaker_norm(self) -> bool: ...

    @property
    def seed(self) -> int: ...


@dataclasses.dataclass(frozen=True)
class TrainSettings(Settings):
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
        super().__post_init__()
        if self.pca is not None and self.pca < 1:
            raise ConfigError(f"pca must be at least 1; got {self.pca}")
        self.build_model()

    def build_model(self):
        return registry.build("estimators", self.model, **self.model_settings)

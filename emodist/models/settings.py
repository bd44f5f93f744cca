"""Which settings a model has, by its name: those of a classifier or those of a network."""

import dataclasses

from emodist import registry
from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.network_training.settings import NetworkSettings


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
    same = ("folds", "speaker_norm", "calibrate", "seed", "plugins")
    return kind(model=model, **{name: getattr(settings, name) for name in same})

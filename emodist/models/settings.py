"""Which settings a model has, by its name: those of a classifier or those of a network."""

import dataclasses

from emodist import registry
from emodist.errors import ConfigError
from emodist.learning.settings import TrainSettings
from emodist.network_training.settings import NetworkSettings


def settings_type_of(model: str) -> type[TrainSettings] | type[NetworkSettings]:
    """The settings of a model by its name: a classifier's or a network's.

    Raises
    ------
    ConfigError
        If there is no such model.
    """
    for settings_type in (TrainSettings, NetworkSettings):
        if model in registry.names(settings_type.CHOICES["model"][0]):
            return settings_type
    known = [*registry.names("estimators"), *registry.names("networks")]
    raise ConfigError(
        f"no classifier or network is called {model!r}; {registry.suggest(model, known)}"
    )


def rival(settings: TrainSettings | NetworkSettings, model: str) -> TrainSettings | NetworkSettings:
    """Another model under the same protocol, with its defaults for the rest.

    A model of the same kind has all the same settings, but those under its name.
    """
    settings_type = settings_type_of(model)
    if isinstance(settings, settings_type):
        return dataclasses.replace(settings, model=model, model_settings={})
    same = ("folds", "speaker_norm", "calibrate", "seed", "plugins")
    return settings_type(model=model, **{name: getattr(settings, name) for name in same})

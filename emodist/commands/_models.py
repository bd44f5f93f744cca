"""What the verbs that train have in common: one `--model` for classifiers and for networks."""

import argparse
from collections.abc import Sequence
from typing import Any

from emodist.commands import _parsers as parsers


def parser(module: str, example: str, words: Sequence[str]) -> tuple[argparse.ArgumentParser, Any]:
    """The parser of a verb, and the kind of settings that its `--model` takes.

    Networks have other settings than classifiers, so the model is looked for before the rest of
    the words is read.
    """
    from emodist import registry
    from emodist.learning.settings import TrainSettings
    from emodist.models.settings import settings_type_of
    from emodist.network_training.settings import NetworkSettings

    name = _model(words)
    settings_type: Any = TrainSettings if name is None else settings_type_of(name)
    classifiers, networks = (", ".join(registry.names(f)) for f in ("estimators", "networks"))
    more = (
        f"classifiers: {classifiers}\nnetworks: {networks}\n"
        "`--model NAME --help` shows the settings of that settings_type\n"
    )
    made = parsers.settings_parser(module, settings_type, example, more=more)
    made.add_argument("--model", metavar="NAME", help="classifier or network (below)")
    made.add_argument("--folds", metavar="NAME", help="protocol (setting folds)")
    if settings_type is NetworkSettings:
        made.add_argument("--workers", type=int, metavar="N", help="Ray Train workers (train only)")
        made.add_argument(
            "--use-gpu", action="store_true", default=None, help="one GPU for each worker"
        )
    return made, settings_type


def _model(words: Sequence[str]) -> str | None:
    """The model that is asked for: by option, else by word, else in the settings file."""
    chosen = parsers.said(words, "model")
    return chosen if isinstance(chosen, str) and chosen else None

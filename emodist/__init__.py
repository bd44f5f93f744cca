"""emodist: emotion recognition from speech in vlogs, on a laptop or a Ray cluster.

    import emodist

    table = emodist.featurize("ravdess/", corpus="ravdess", out="out/ravdess")
    result = emodist.evaluate(table, model="ensemble", speaker_norm=True)
    bundle = emodist.train(table, model="ensemble", out="bundle/")
    vlog = emodist.predict(bundle, "vlog.mp4")

The keyword arguments are the settings of the command of the same name; `help(emodist.evaluate)`
lists them. Names load what they need when they are used.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from emodist.errors import ConfigError, EmodistError
    from emodist.interface.cluster import cluster
    from emodist.interface.evaluate import evaluate
    from emodist.interface.export import export
    from emodist.interface.featurize import featurize
    from emodist.interface.load import load
    from emodist.interface.predict import predict
    from emodist.interface.predictions import Predictions
    from emodist.interface.report import report
    from emodist.interface.table import Table
    from emodist.interface.train import train
    from emodist.interface.tune import tune

__all__ = [
    "ConfigError",
    "EmodistError",
    "Predictions",
    "Table",
    "cluster",
    "evaluate",
    "export",
    "featurize",
    "load",
    "predict",
    "report",
    "train",
    "tune",
]
# The verbs each have a module of their name.
_MODULES = {
    "ConfigError": "errors",
    "EmodistError": "errors",
    "Predictions": "interface.predictions",
    "Table": "interface.table",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        what = f"module 'emodist' has no attribute {name!r}"
        # Python then guesses what was meant.
        raise AttributeError(what, name=name, obj=sys.modules[__name__])
    module = importlib.import_module(f"emodist.{_MODULES.get(name, f'interface.{name}')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

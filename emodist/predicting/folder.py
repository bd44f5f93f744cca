"""The output folder of `emodist predict`: whose it is, and what it says of itself."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import emodist
from emodist import storage
from emodist.errors import ConfigError, OutputError
from emodist.predicting.settings import PredictSettings, Rules
from emodist.tables import locate


def claim(settings: PredictSettings, digest: str, write: bool) -> None:
    """See that the output folder is of this bundle, and say so if `write`.

    Raises
    ------
    OutputError
        If the folder holds predictions of another bundle.
    """
    uri = storage.join(settings.out, "predict.json")
    record = {"emodist": emodist.__version__, "bundle": settings.bundle, "digest": digest}
    if write and storage.create(uri, _json(record)):
        return
    if storage.exists(uri):
        theirs = json.loads(storage.read(uri))
        if theirs["digest"] != digest:
            raise OutputError(
                f"{settings.out} holds predictions of another bundle ({theirs['bundle']}, "
                f"{theirs['digest'][:12]}); choose another --out"
            )


def check_network(settings: PredictSettings, about: Mapping[str, Any]) -> None:
    """See that YAMNet's network is the one of the training table.

    Raises
    ------
    ConfigError
        If it is another one.
    """
    then = about.get("origin", {}).get("yamnet_sha256")
    now = locate.origin(settings.out).get("yamnet_sha256")
    if then and now and then != now:
        raise ConfigError(
            f"the bundle was trained with YAMNet {then[:12]}, and {settings.out} was made with "
            f"{now[:12]}; name the model with yamnet_model=DIR and choose another --out"
        )


def drop_stale(out: str) -> None:
    """Remove predictions for files of features that are no more."""
    for name in set(locate.files_of(out, "predictions")) - set(locate.files_of(out, "features")):
        storage.remove(storage.join(out, "predictions", name))


def save(settings: PredictSettings, rules: Rules, summary: Mapping[str, Any]) -> None:
    """Write `predict.json`, which says that all is there."""
    record = {
        "emodist": emodist.__version__,
        "bundle": settings.bundle,
        "digest": rules.digest,
        "rules": {
            k: v for k, v in dataclasses.asdict(rules).items() if k not in ("bundle", "digest")
        },
        "summary": summary,
    }
    storage.write(storage.join(settings.out, "predict.json"), _json(record))


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2) + "\n").encode()

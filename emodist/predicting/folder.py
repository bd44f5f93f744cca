"""The output folder of `emodist predict`: whose it is, and what it says of itself."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import emodist
from emodist import storage
from emodist.errors import ConfigError
from emodist.models.card import Card
from emodist.predicting.settings import PredictSettings, Rules
from emodist.tables import claim, locate, records

# What predictions belong to, and in words what is another.
SAME = {"digest": "another bundle ({bundle}, {digest:.12})"}


def check(settings: PredictSettings, digest: str) -> None:
    """See that the output folder holds no predictions of another bundle.

    Raises
    ------
    OutputError
        If it does.
    """
    claim.check(_record(settings.out), _fresh(settings, digest), SAME)


def begin(settings: PredictSettings, digest: str) -> None:
    """Make the output folder this bundle's, as `check`."""
    claim.take(_record(settings.out), _fresh(settings, digest), SAME)


def check_network(settings: PredictSettings, card: Card) -> None:
    """See that YAMNet's network is the one of the training table.

    Raises
    ------
    ConfigError
        If it is another one.
    """
    then = card.origin.get("yamnet_sha256")
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
        **_fresh(settings, rules.digest),
        "rules": {
            k: v for k, v in dataclasses.asdict(rules).items() if k not in ("bundle", "digest")
        },
        "summary": summary,
    }
    records.write(_record(settings.out), record)


def read(out: str) -> tuple[Rules, dict[str, Any]]:
    """The rules of the predictions in a folder, and the summary of the run that finished them.

    Raises
    ------
    ConfigError
        If there are none, or no run has finished them.
    """
    try:
        record = records.read(_record(out))
    except FileNotFoundError:
        raise ConfigError(f"{out} has no predictions: it has no predict.json") from None
    if "rules" not in record:
        raise ConfigError(f"{out} was begun and not finished; predict again with the same out")
    rules = {**record["rules"], "timelines": tuple(record["rules"]["timelines"])}
    return Rules(record["bundle"], record["digest"], **rules), record["summary"]


def _fresh(settings: PredictSettings, digest: str) -> dict[str, Any]:
    return {"emodist": emodist.__version__, "bundle": settings.bundle, "digest": digest}


def _record(out: str) -> str:
    return storage.join(out, "predict.json")

"""A bundle: a classifier or network trained on a feature table, with its numbers."""

import json
from collections.abc import Sequence

from emodist.commands import _models as models
from emodist.commands import _parsers as parsers

INTERRUPTED = (
    "finished epochs of a network are kept, and the same command goes on from there; a classifier "
    "begins again"
)


def run(words: Sequence[str]) -> int:
    from emodist.network_training.settings import NetworkSettings

    example = (
        "emodist train OUT --model rbf_svm --out bundle/\n"
        "  emodist train OUT --model deep_cnn --workers 2 --out bundle/"
    )
    parser, kind = models.parser(__name__, example, words)
    parser.add_argument("--out", metavar="BUNDLE", help="folder of the bundle")
    given, settings = parsers.read(parser, words, kind)
    out = parsers.needs_out(given)
    if kind is NetworkSettings:
        return _network(given, settings, out)
    from emodist.models import judging

    found = judging.train(given.table, settings, out)
    print(json.dumps(found.to_dict()) if given.json else found)
    if not given.json:
        print(f"wrote {out}")
    return 0


def _network(given, settings, out: str) -> int:
    from emodist.interface import epochs
    from emodist.pipelines import train_network

    with parsers.result_alone():
        found = train_network.train(given.table, settings, out, epochs.tell)
    if given.json:
        print(json.dumps(found.card.to_dict()))
        return 0
    if found.judgement is not None:
        print(found.judgement)
    print(train_network.text(found.card))
    print(f"wrote {out}")
    return 0

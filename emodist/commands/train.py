"""A bundle: a classifier or network trained on a feature table, with its numbers."""

import json
from collections.abc import Sequence
from typing import Any

from emodist.commands import _models as models
from emodist.commands import _parsers as parsers

INTERRUPTED = (
    "finished epochs of a network are kept, and the same command goes on from there; a classifier "
    "begins again"
)


def run(words: Sequence[str]) -> int:
    from emodist.interface.train import train
    from emodist.network_training.settings import NetworkSettings

    example = (
        "emodist train OUT --model rbf_svm --out bundle/\n"
        "  emodist train OUT --model deep_cnn --workers 2 --out bundle/"
    )
    parser, settings_type = models.parser(__name__, example, words)
    parser.add_argument("--out", metavar="BUNDLE", help="folder of the bundle")
    given, settings = parsers.read(parser, words, settings_type)
    with parsers.result_alone():
        bundle = train(given.table, out=given.out, config=settings)
    if not given.json:
        print(f"{bundle}\nwrote {given.out}")
        return 0
    about: Any = bundle.card if settings_type is NetworkSettings else bundle.judgement
    print(json.dumps(about.to_dict()))
    return 0

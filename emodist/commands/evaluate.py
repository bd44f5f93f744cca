"""Cross-validated numbers of a classifier on a feature table, with intervals over speakers."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist import registry
    from emodist.config import TrainSettings

    example = "emodist evaluate OUT --model rbf_svm"
    parser = parsers.settings_parser(__name__, TrainSettings, example)
    parser.add_argument("--out", metavar="DIR", help="save result and out-of-fold predictions")
    parser.add_argument("--model", help=f"one of {', '.join(registry.names('estimators'))}")
    parser.add_argument("--folds", metavar="NAME", help="protocol (setting folds)")
    parser.add_argument("--against", metavar="NAME", help="another classifier, for a paired test")
    given, settings = parsers.read(parser, words, TrainSettings)
    from emodist import judging

    found = judging.evaluate(given.table, settings, given.out, given.against)
    print(json.dumps(found.to_dict()) if given.json else judging.text(found, settings))
    if given.out and not given.json:
        print(f"wrote {given.out}")
    return 0

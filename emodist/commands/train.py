"""A bundle: a classifier trained on a feature table, with its cross-validated numbers."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist import registry
    from emodist.config import TrainSettings

    example = "emodist train OUT --model rbf_svm --out bundle/"
    parser = parsers.settings_parser(__name__, TrainSettings, example)
    parser.add_argument("--out", metavar="BUNDLE", help="folder of the bundle")
    parser.add_argument("--model", help=f"one of {', '.join(registry.names('estimators'))}")
    parser.add_argument("--folds", metavar="NAME", help="protocol (setting folds)")
    given, settings = parsers.read(parser, words, TrainSettings)
    out = parsers.needs_out(given)
    from emodist import judging

    found = judging.train(given.table, settings, out)
    print(json.dumps(found.to_dict()) if given.json else judging.text(found, settings))
    if not given.json:
        print(f"wrote {out}")
    return 0

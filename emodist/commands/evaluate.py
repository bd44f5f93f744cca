"""Cross-validated numbers of a classifier or network on a feature table, with intervals."""

import json
from collections.abc import Sequence

from emodist.commands import _models as models
from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    example = (
        "emodist evaluate OUT --model rbf_svm\n"
        "  emodist evaluate OUT --model deep_cnn --folds ravdess16\n"
        "  emodist evaluate OUT --model ensemble --with mlp_net --against ensemble"
    )
    parser, settings_type = models.parser(__name__, example, words)
    parser.add_argument("--out", metavar="DIR", help="save result and out-of-fold predictions")
    parser.add_argument(
        "--with",
        dest="blend",
        default="",
        metavar="A,B",
        help="other models, to average the probabilities of all",
    )
    parser.add_argument("--against", metavar="NAME", help="another model, for a paired test")
    parser.add_argument(
        "--plots", metavar="DIR", help="save confusion matrix, ROC curves and reliability as PNG"
    )
    given, settings = parsers.read(parser, words, settings_type)
    from emodist.interface.evaluate import evaluate

    judgement = evaluate(
        given.table, out=given.out, against=given.against, blend=given.blend, config=settings
    )
    print(json.dumps(judgement.to_dict()) if given.json else judgement)
    if given.plots:
        from emodist import storage
        from emodist.models import pictures

        pictures.write(storage.absolute(given.plots), judgement.figures())
    for place in (given.out, given.plots):
        if place and not given.json:
            print(f"wrote {place}")
    return 0

"""The chain behind a result: prediction, model, features, segment times, file and its hash."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist trace RECORDING --table OUT --verify")
    parser.add_argument(
        "recording",
        metavar="RECORDING",
        help="a recording_id or its first digits, or a path or the end of one",
    )
    parser.add_argument("--table", metavar="OUT", help="output folder of featurize or predict")
    parser.add_argument("--evaluation", metavar="DIR", help="output folder of evaluate")
    parser.add_argument("--predictions", metavar="DIR", help="output folder of predict")
    parser.add_argument(
        "--bundle", metavar="DIR", help="a bundle (default: the one that predicted)"
    )
    parser.add_argument("--segment", type=int, metavar="N", help="show this segment only")
    parser.add_argument("--verify", action="store_true", help="decode again, compare the hashes")
    parser.add_argument("--json", action="store_true", help="print the chain as JSON")
    given = parser.parse_args(words)
    from emodist import trace

    places = trace.Places(given.table, given.evaluation, given.predictions, given.bundle)
    chain = trace.trace(given.recording, places, given.verify)
    print(json.dumps(chain, default=str) if given.json else trace.text(chain, given.segment))
    return 0

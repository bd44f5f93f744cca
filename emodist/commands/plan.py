"""A prediction of what featurize will take: hours, CPU time, memory, output and cost."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist.media.settings import FeaturizeSettings

    parser = parsers.media_parser(__name__, FeaturizeSettings, "emodist plan videos/")
    parser.add_argument("--features", metavar="A,B", help="which features (setting features)")
    parser.add_argument(
        "--sample", type=int, default=24, metavar="N", help="files to try (default: 24)"
    )
    parser.add_argument(
        "--cpus", type=int, metavar="N", help="of the machine or cluster (default: this one's)"
    )
    parser.add_argument(
        "--price",
        type=float,
        metavar="X",
        dest="price_per_cpu_h",
        help="of one CPU hour (setting price_per_cpu_h)",
    )
    given, settings = parsers.read(parser, words, FeaturizeSettings, out=".")
    from emodist.pipelines import estimate

    predicted = estimate.predict(settings, given.sample, given.cpus)
    print(json.dumps(predicted) if given.json else estimate.text(predicted))
    return 0

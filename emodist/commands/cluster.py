"""Clusters of a feature table without labels: scores for each k, and clips to listen to."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist import registry
    from emodist.clustering import output
    from emodist.clustering.settings import ClusterSettings
    from emodist.clustering.words import text

    kind = ClusterSettings
    example = "emodist cluster OUT --out clusters/ speaker_norm=true"
    parser = parsers.settings_parser(__name__, kind, example)
    parser.add_argument("--out", metavar="DIR", help="folder of the clusters")
    parser.add_argument("--algorithm", help=f"one of {', '.join(registry.names('clusterers'))}")
    given, settings = parsers.read(parser, words, kind)
    out = parsers.needs_out(given)
    found = output.run(given.table, settings, out)
    print(json.dumps(found.about) if given.json else text(found.about))
    if not given.json:
        print(f"wrote {out}")
    return 0

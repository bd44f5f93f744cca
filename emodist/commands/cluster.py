"""Clusters of a feature table without labels: scores for each k, and clips to listen to."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist import registry
    from emodist.clustering.settings import ClusterSettings
    from emodist.interface.cluster import cluster

    settings_type = ClusterSettings
    example = "emodist cluster OUT --out clusters/ speaker_norm=true"
    parser = parsers.settings_parser(__name__, settings_type, example)
    parser.add_argument("--out", metavar="DIR", help="folder of the clusters")
    parser.add_argument("--algorithm", help=f"one of {', '.join(registry.names('clusterers'))}")
    given, settings = parsers.read(parser, words, settings_type)
    clustering = cluster(given.table, out=given.out, config=settings)
    print(json.dumps(clustering.about) if given.json else clustering)
    if given.out and not given.json:
        print(f"wrote {given.out}")
    return 0

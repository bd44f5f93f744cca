"""Features of every recording in a folder, list or bucket, as Parquet tables."""

from collections.abc import Sequence

from emodist.commands import _media as media
from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist.media.settings import FeaturizeSettings

    example = "emodist featurize videos/ --out featurized/"
    parser = parsers.media_parser(__name__, FeaturizeSettings, example)
    parsers.add_run_options(parser)
    parser.add_argument("--features", metavar="A,B", help="which features (setting features)")
    given, settings = parsers.read(parser, words, FeaturizeSettings)
    return media.run(settings, given)

"""Features of every recording in a folder, list or bucket, as Parquet tables."""

from collections.abc import Sequence

from emodist.commands import _media as media
from emodist.commands import _parsers as parsers

INTERRUPTED = parsers.GOES_ON


def run(words: Sequence[str]) -> int:
    from emodist.interface.featurize import featurize
    from emodist.media.settings import FeaturizeSettings

    example = "emodist featurize videos/ --out featurized/"
    parser = parsers.media_parser(__name__, FeaturizeSettings, example)
    parsers.add_run_options(parser)
    parser.add_argument("--features", metavar="A,B", help="which features (setting features)")
    given, settings = parsers.read(parser, words, FeaturizeSettings)
    media.spare_pandas()
    with parsers.result_alone():
        table = featurize(config=settings, retry_failed=given.retry_failed)
    return media.answer(table.summary, settings, given)

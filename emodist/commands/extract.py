"""16 kHz mono sound files from videos and recordings, folders kept, and their table."""

from collections.abc import Sequence

from emodist.commands import _media as media
from emodist.commands import _parsers as parsers

INTERRUPTED = parsers.GOES_ON


def run(words: Sequence[str]) -> int:
    from emodist.interface import failures
    from emodist.media.settings import ExtractSettings

    example = "emodist extract videos/ --out extracted/"
    parser = parsers.media_parser(__name__, ExtractSettings, example)
    parsers.add_run_options(parser)
    parser.add_argument("--format", choices=("wav", "flac"), help="sound files (default: wav)")
    given, settings = parsers.read(parser, words, ExtractSettings)
    from emodist.pipelines import media_job

    media.spare_pandas()
    with parsers.result_alone():
        summary = media_job.run(settings, given.retry_failed)
    failures.tell(summary, settings)
    return media.answer(summary, settings, given)

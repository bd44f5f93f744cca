"""A list of what is wrong with a copy of a corpus: missing, damaged, silent, repeated files."""

import json
from collections.abc import Sequence

from emodist.commands import _parsers as parsers


def run(words: Sequence[str]) -> int:
    from emodist.media.settings import MediaSettings

    parser = parsers.parser(
        __name__,
        "emodist doctor ravdess/ --corpus ravdess",
        "Exit code 0: clean; 1: something was found. Settings of the corpus are key=value words,\n"
        "as in crema_d.label_source=perceived; `emodist corpora NAME` lists them.",
    )
    parser.add_argument("words", nargs="+", metavar="PATH | key=value", help="the copy, settings")
    parser.add_argument("--corpus", required=True, metavar="NAME", help="which corpus it is")
    parser.add_argument("--config", metavar="FILE.yaml", help="settings from a file")
    parser.add_argument("--workers", type=int, metavar="N", help="files read at once")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    given, settings = parsers.read(parser, words, MediaSettings, out=".")
    from emodist import doctor

    diagnosis = doctor.diagnose(settings)
    print(json.dumps(diagnosis.to_dict()) if given.json else diagnosis)
    return 0 if diagnosis.is_clean else 1

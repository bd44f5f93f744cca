"""Time-stamped labels in another format: of ELAN, Praat, RTTM, subtitles; or predictions."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError

MORE = """\
A is a file or a folder of annotations, or the output folder of `emodist predict`; B a file, or a
folder where there is a file for each recording. The suffixes say the formats, or --from and --to.
What a model guessed stays a guess in B. `emodist annotations` lists the formats.

  emodist annotations convert turns.rttm turns.eaf
  emodist annotations convert talk.TextGrid labels.csv text_grid.tier=emotion
  emodist annotations convert predicted/ subtitles/ --to srt"""


def run(words: Sequence[str]) -> int:
    example = "emodist annotations convert turns.rttm labels.csv"
    made = parsers.parser(__name__, example, MORE)
    made.add_argument(
        "words", nargs="*", metavar="convert A B | FORMAT.SETTING=VALUE", help="what becomes what"
    )
    made.add_argument("--from", dest="source", metavar="FORMAT", help="the format of A")
    made.add_argument("--to", metavar="FORMAT", help="the format of B")
    made.add_argument("--annotator", metavar="NAME", help="take what this annotator says alone")
    made.add_argument("--json", action="store_true", help="print the result as JSON")
    given = made.parse_intermixed_args(words)
    if not given.words:
        return _list()
    settings: dict[str, dict[str, Any]] = {}
    places = []
    for word in given.words:
        key, equals, value = word.partition("=")
        name, dot, setting = key.partition(".")
        if equals and dot and "/" not in key:
            settings.setdefault(name, {})[setting] = value
        else:
            places.append(word)
    if len(places) != 3 or places[0] != "convert":
        raise EmodistError(f"annotations takes `convert A B`; got {' '.join(places)}")
    summary = _convert(places[1], places[2], given, settings)
    if given.json:
        print(json.dumps(summary))
    else:
        print(f"spans {summary['spans']}   recordings {summary['recordings']}")
        print(f"wrote {places[2]}")
    return 0


def _convert(source: str, target: str, given: Any, settings: dict[str, dict[str, Any]]) -> dict:
    from emodist import annotations, registry, storage

    for name in (*settings, *filter(None, (given.source, given.to))):
        registry.get("annotations", name)
    if given.source is None and "predict.json" in storage.names(source):
        from emodist.predicting import spans

        found = list(spans.of(storage.absolute(source)))
    else:
        found = annotations.read(source, given.source, settings)
    if given.annotator is not None:
        known = sorted({span.annotator for span in found if span.annotator})
        found = [span for span in found if span.annotator == given.annotator]
        if not found:
            has = ", ".join(known) or "none"
            raise EmodistError(f"{source} has no annotator {given.annotator!r}; it has {has}")
    if not found:
        raise EmodistError(f"{source} has no span to convert")
    name = given.to or annotations.of_suffix(target)
    for says in annotations.lost(found, name):
        print(f"note: {name} has no place for the {says} of a span", file=sys.stderr)
    files = annotations.write(target, found, given.to)
    return {
        "spans": len(found),
        "recordings": len({span.recording for span in found}),
        "guesses": sum(span.is_guess for span in found),
        "files": files,
    }


def _list() -> int:
    from emodist import registry

    for name in registry.names("annotations"):
        entry: Any = registry.get("annotations", name)
        meaning, _ = registry.describe("annotations", name)
        print(f"{name:13} {' '.join(entry.suffixes):20} {meaning}")
    return 0

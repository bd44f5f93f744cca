"""Predictions of a bundle for media: one row per segment, and a timeline of each recording."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from emodist.commands import _media as media
from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError

MORE = """\
The media are featurized as the bundle's training data were, then predicted; the same command
finishes a run that was killed, and adds new files. Timelines stand in OUT/timelines as JSON, WebVTT
subtitles and PNG. For vlogs, windows that overlap give a finer timeline: segment_s=4 hop_s=1.
A bundle trained with speaker_norm=true z-scores each speaker by the speaker's own speech here: the
speaker is the channel folder (media.speaker_level), or the recording where there is none.
"""

INTERRUPTED = parsers.GOES_ON


def run(words: Sequence[str]) -> int:
    from emodist import config, registry
    from emodist.interface.predict import predict
    from emodist.predicting.settings import PredictSettings

    example = "emodist predict BUNDLE vlogs/ --out predicted/ segment_s=4 hop_s=1"
    parser = parsers.settings_parser(__name__, PredictSettings, example, "BUNDLE PATH", MORE)
    parser.add_argument("--corpus", help=f"one of {', '.join(registry.names('corpora'))}")
    parser.add_argument("--workers", type=int, metavar="N", help="files worked on at once")
    parsers.add_run_options(parser)
    given = parser.parse_intermixed_args(words)
    places = [word for word in given.words if "=" not in word or os.path.exists(word)]
    if len(places) not in (0, 2):
        raise EmodistError(
            f"predict takes BUNDLE and PATH, or both in the settings file; got {' '.join(places)}"
        )
    names = {name for name, _, _ in config.fields(PredictSettings)}
    named = {name: value for name, value in vars(given).items() if name in names}
    settings: PredictSettings = config.load(
        PredictSettings,
        given.config,
        [word for word in given.words if word not in places],
        **dict(zip(("bundle", "path"), places, strict=False)),
        **named,
    )
    with parsers.result_alone():
        summary = predict(config=settings, retry_failed=given.retry_failed).summary
    if given.json:
        print(json.dumps(summary))
    else:
        for note in summary["notes"]:
            print(f"note: {note}", file=sys.stderr)
        print(text(summary))
    return media.exit_code(summary, settings)


def text(summary: Mapping[str, Any]) -> str:
    """The summary in a few lines, the path last."""
    *lines, last = media.text(summary).splitlines()
    n_rows = summary["segments"]
    for title in ("labels", "abstained"):
        shares = [f"{name} {count / n_rows:.0%}" for name, count in summary[title].items()]
        lines.append(f"{title}: {'   '.join(shares) or 'none'}")
    if summary["score"]:
        from emodist.predicting import score

        lines.append(score.text(summary["score"]))
    return "\n".join([*lines, last])

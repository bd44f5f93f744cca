"""The best settings of a classifier, clusters or a network, by a sweep, and their honest score."""

import json
from collections.abc import Sequence
from typing import Any

from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError

MORE = """\
Two numbers come out for a classifier or a network: the selected score (optimistic: the best of
many) and the nested score (unbiased: settings chosen inside each fold). Started again, the same
command does what is left; with more trials=N it goes on from there.

What it costs: N trials are N (F I + F) fits, for F folds and I inner folds. Of networks that is
180 with the default settings, and 5 more for the winners: with a thousand clips a few CPU seconds
each for mlp_net, one to three CPU minutes for one that sees images, less for what is pruned."""

INTERRUPTED = parsers.GOES_ON


def run(words: Sequence[str]) -> int:
    from emodist import registry

    name, words = _kind(words, registry.names("tuning"))
    entry: Any = registry.get("tuning", name)
    kinds = " | ".join(f"emodist tune {kind}" for kind in registry.names("tuning"))
    more = f"{kinds}: each has its own settings and --help.\n\n{MORE}\n"
    parser = parsers.settings_parser(
        __name__, entry.SETTINGS, f"emodist tune {name} OUT --out sweep/", more=more
    )
    parser.prog += f" {name}"
    parser.add_argument("--out", metavar="DIR", help="folder of the results, local or s3://")
    parser.add_argument("--engine", choices=("ray", "local"), help="who schedules")
    parser.add_argument("--trials", type=int, metavar="N", help="configurations to try")
    given, settings = parsers.read(parser, words, entry.SETTINGS)
    from emodist.interface.tune import tune

    with parsers.result_alone():
        tuned = tune(given.table, name, out=given.out, config=settings)
    print(json.dumps(tuned.record) if given.json else f"{tuned}\nwrote {given.out}")
    return 0


def _kind(words: Sequence[str], known: Sequence[str]) -> tuple[str, list[str]]:
    """What is to be tuned, from the first word, `kind=NAME`, or the settings file; and the rest."""
    if words and words[0] in known:
        return words[0], list(words[1:])
    if words and words[0] in ("-h", "--help"):
        return known[0], list(words)
    from emodist import registry

    name = str(parsers.said(words, "kind") or "")
    if name not in known:
        first = name or next((word for word in words if not word.startswith("-")), "")
        raise EmodistError(
            f"say what to tune: emodist tune {'|'.join(known)} TABLE --out DIR; "
            f"{registry.suggest(first, known)}"
        )
    return name, list(words)

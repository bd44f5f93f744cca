"""A job on a Ray cluster from here: packed, sent, followed, and ended with its own exit code."""

import os
from collections.abc import Sequence

from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(
        __name__,
        "emodist submit featurize jobs/featurize.yaml out=s3://archive/features",
        "Other words and options go to the job as they are. It gets the AWS variables that are\n"
        "set here; the cluster's token is read from RAY_AUTH_TOKEN. Exit code: that of the job;\n"
        "2 if the cluster did not take it.",
    )
    parser.add_argument("name", metavar="NAME", help="extract, featurize, train, tune or predict")
    parser.add_argument(
        "words", nargs="*", metavar="CONFIG.yaml | key=value", help="settings of the job"
    )
    parser.add_argument(
        "--address",
        metavar="URL",
        help="the cluster's dashboard (default: RAY_API_SERVER_ADDRESS, or http://127.0.0.1:8265)",
    )
    parser.add_argument("--id", metavar="ID", help="what the job is called there (default: made)")
    parser.add_argument("--no-wait", action="store_true", help="print the id and come back")
    given, options = parser.parse_known_intermixed_args(words)
    files = [word for word in given.words if word.endswith((".yaml", ".yml")) and "=" not in word]
    if len(files) > 1:
        raise EmodistError(f"one CONFIG.yaml at a time; got {' and '.join(files)}")
    from emodist.pipelines import packing, submit

    rest = [word for word in given.words if word not in files]
    if given.plugins:
        rest.append(f"plugins={given.plugins}")
    job = packing.Job(given.name, files[0] if files else None, (*rest, *options))
    address = given.address or os.environ.get("RAY_API_SERVER_ADDRESS") or "http://127.0.0.1:8265"
    return submit.run(job, address, given.id, wait=not given.no_wait)

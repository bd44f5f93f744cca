"""A service over HTTP on Ray Serve: media in, predictions of a bundle out, as JSON."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError

MORE = """\
  curl --data-binary @clip.mp4 'http://127.0.0.1:8000/predict?segment_s=4&hop_s=1'

answers what `emodist predict` says of that file, and GET /health which bundle it is. The service
knows no passwords and does not encrypt: it listens to this machine alone, unless `host` says
otherwise. Ctrl-C ends it. On Kubernetes: cluster/kuberay/rayservice.yaml.
"""


def run(words: Sequence[str]) -> int:
    from emodist import config
    from emodist.predicting.settings import ServeSettings

    # Not bound by the type of the settings of jobs: this one is no job.
    settings_type: Any = ServeSettings
    example = "emodist serve BUNDLE --port 8000 --replicas 2"
    parser = parsers.settings_parser(__name__, settings_type, example, "BUNDLE", MORE)
    parser.add_argument("--address", metavar="URL", help="Ray cluster (setting address)")
    parser.add_argument("--port", type=int, metavar="N", help="TCP port (setting port)")
    parser.add_argument("--replicas", type=int, metavar="N", help="copies of the model")
    given = parser.parse_intermixed_args(words)
    places = [word for word in given.words if "=" not in word or os.path.exists(word)]
    if len(places) > 1:
        raise EmodistError(f"serve takes one BUNDLE; got {' and '.join(places)}")
    settings = config.load(
        settings_type,
        given.config,
        [word for word in given.words if word not in places],
        bundle=places[0] if places else None,
        address=given.address,
        port=given.port,
        replicas=given.replicas,
    )
    try:
        from emodist.pipelines import serve
    except ModuleNotFoundError as error:
        raise EmodistError(
            f"a service needs Ray Serve: pip install 'emodist[serve]' ({error})"
        ) from None
    answers = sys.stdout
    try:
        with parsers.result_alone(), serve.running(settings) as url:
            # Not before: Ray has a handler of its own, which would end with exit code 15.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            print(json.dumps({"url": url}) if given.json else f"serving at {url}; Ctrl-C ends it",
                  file=answers, flush=True)  # fmt: skip
            signal.pause()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
    return 0

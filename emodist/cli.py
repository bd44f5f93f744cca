"""The command line: find the verb, run it, turn errors into one line.

Results go to stdout with the path last; progress and errors go to stderr. Exit codes: 0 done;
1 done, with more failures than allowed; 2 the request was wrong; 130 interrupted.
"""

import importlib
import os
import sys
from collections.abc import Sequence

from emodist import __version__, registry
from emodist.commands import _parsers as parsers
from emodist.errors import EmodistError
from emodist.plugins import folders

# How the overview shows the verbs; one that stands nowhere here comes last.
GROUPS = {
    "start here": ("demo",),
    "corpora": ("corpora", "ontology", "fetch", "doctor"),
    "media to tables": ("plan", "extract", "featurize", "annotations", "export", "trace", "cite"),
    "tables to models": ("audit", "cluster", "evaluate", "train", "tune", "report"),
    "models to answers": ("predict", "serve", "export-model"),
    "on a cluster": ("submit",),
    "of your own": ("new",),
}


def verbs() -> list[str]:
    """All verbs, in the order of the overview."""
    return [verb for group in _groups().values() for verb in group]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parsers.is_program = arguments is None
    if words and words[0] in ("-V", "--version"):
        print(f"emodist {__version__}")
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if words[0] not in verbs():
        hint = registry.suggest(words[0], verbs())
        print(f"emodist: no command {words[0]!r}; {hint}", file=sys.stderr)
        return 2
    try:
        # First: which names there are, and what help shows, depends on them.
        folders.use(parsers.plugins(words[1:]))
        return importlib.import_module(_module(words[0])).run(words[1:])
    except EmodistError as error:
        print(f"emodist {words[0]}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader has seen enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"\ninterrupted; {parsers.interrupted(_module(words[0]))}", file=sys.stderr)
        sys.stderr.flush()
        # Workers that are in the middle of a file are not waited for.
        os._exit(130)
    except Exception as error:
        if folders.place_of(error) is None:
            raise
        print(f"emodist {words[0]}: {folders.told(error)}", file=sys.stderr)
        return 2


def job(verb: str) -> int:
    """What `jobs/*.py` run: `CONFIG.yaml [key=value ...]` and the verb's options."""
    return main([verb, "--config", *(sys.argv[1:] or ["--help"])])


def _module(verb: str) -> str:
    return f"emodist.commands.{verb.replace('-', '_')}"


def _groups() -> dict[str, list[str]]:
    known = {name.replace("_", "-") for name in registry.names("commands")}
    groups = {title: [v for v in group if v in known] for title, group in GROUPS.items()}
    groups["more"] = sorted(known.difference(*groups.values()))
    return {title: group for title, group in groups.items() if group}


def _overview() -> str:
    lines = ["emodist: emotion recognition from speech in vlogs, on a laptop or a Ray cluster"]
    for title, group in _groups().items():
        lines += ["", f"{title}:"]
        for verb in group:
            importlib.import_module(_module(verb))
            lines.append(f"  {verb:12} {parsers.meaning(_module(verb))}")
    lines += ["", "`emodist COMMAND --help` says more; `emodist demo` shows everything at work."]
    return "\n".join(lines)

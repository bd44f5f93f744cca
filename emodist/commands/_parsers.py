"""What verbs have in common: help that shows every setting, and settings from words and files."""

import argparse
import contextlib
import itertools
import os
import sys
from collections.abc import Sequence
from typing import Any

from emodist.errors import EmodistError

# What is left of a command that was interrupted; a verb for which more is true says so itself, as
# `INTERRUPTED` of its module.
BEGINS_AGAIN = "nothing of it is kept, the same command begins again"
GOES_ON = "finished work is kept, the same command does the rest"

# Whether this process is the command line's own, and not a notebook's or a test's.
is_program = False

EXAMPLES = {
    "features": "mfcc.n_mfcc=13",
    "annotations": "elan.tier=emotion",
    "augmentations": "noise.min_snr_db=5",
    "batch_augmentations": "mixup.alpha=0.4",
    "corpora": "media.speaker_level=2",
    "estimators": "rbf_svm.c=10",
    "networks": "deep_cnn.filters=16",
    "clusterers": "agglomerative.linkage=average",
}


def verb(module: str) -> str:
    """The word on the command line for a module of this folder."""
    return module.rpartition(".")[2].replace("_", "-")


def meaning(module: str) -> str:
    """What a verb makes: the first line of its module, as part of a sentence."""
    line = (sys.modules[module].__doc__ or "").splitlines()[0].rstrip(".")
    return line[0].lower() + line[1:] if line[1:2].islower() or line[1:2] == " " else line


def interrupted(module: str) -> str:
    """What is true of a verb after Ctrl-C."""
    return getattr(sys.modules.get(module), "INTERRUPTED", BEGINS_AGAIN)


def said(words: Sequence[str], name: str) -> Any:
    """What words say of a setting before they are parsed: an option, else a word, else the file."""
    given: dict[str, str] = {}
    for word, following in itertools.zip_longest(words, words[1:], fillvalue=""):
        for option in (f"--{name}", "--config"):
            if word == option:
                given[option] = following
            elif word.startswith(f"{option}="):
                given[option] = word.partition("=")[2]
        if word.startswith(f"{name}="):
            given[name] = word.partition("=")[2]
    for key in (f"--{name}", name):
        if given.get(key):
            return given[key]
    if "--config" not in given:
        return None
    from emodist.config import read_yaml

    return read_yaml(given["--config"]).get(name)


def plugins(words: Sequence[str]) -> list[str]:
    """The plugin folders that words or their settings file name."""
    given = said(words, "plugins")
    parts = given.split(",") if isinstance(given, str) else given
    return [str(part).strip() for part in parts] if isinstance(parts, list) else []


def parser(module: str, example: str, more: str = "") -> argparse.ArgumentParser:
    """Of a verb, with an example to paste; `more` stands below its options."""
    made = argparse.ArgumentParser(
        prog=f"emodist {verb(module)}",
        description=f"Makes {meaning(module)}.\n\n  {example}",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # Used before the verb runs (`cli`); here it is only known.
    made.add_argument("--plugins", metavar="DIR", help="folder with entries of your own")
    return made


def settings_parser(
    module: str, settings_type: Any, example: str, positional: str = "TABLE", more: str = ""
) -> argparse.ArgumentParser:
    """Of a verb with settings: one path, key=value words, --config, --json, all in the help."""
    from emodist import config, registry

    lines = ["settings, as key=value words or lines of a YAML file, with their defaults:"]
    for name, default, what in config.fields(settings_type):
        lines += [f"  {name}={default}", f"      {what}"]
    for folder in dict.fromkeys(folder for folder, _ in settings_type.CHOICES.values()):
        lines += ["", f"{folder}, and their settings, as in {EXAMPLES[folder]}:"]
        for name in registry.names(folder):
            try:
                what, defaults = registry.describe(folder, name)
            except EmodistError as error:
                what, defaults = f"cannot be used: {error}", ""
            lines += [f"  {name}: {what}", *([f"      {defaults}"] if defaults else [])]
    made = parser(module, example, "\n".join([more, *lines] if more else lines))
    made.add_argument(
        "words",
        nargs="*",
        metavar=f"{positional} | key=value",
        help="what to read, and settings (below)",
    )
    made.add_argument("--config", metavar="FILE.yaml", help="settings from a file")
    made.add_argument("--json", action="store_true", help="print the result as JSON")
    return made


def media_parser(module: str, settings_type: Any, example: str) -> argparse.ArgumentParser:
    """Of a verb that reads media."""
    from emodist import registry

    made = settings_parser(module, settings_type, example, "PATH")
    made.add_argument("--corpus", help=f"one of {', '.join(registry.names('corpora'))}")
    made.add_argument("--workers", type=int, metavar="N", help="files worked on at once")
    return made


def add_run_options(made: argparse.ArgumentParser) -> None:
    """Options of a verb that works through an archive."""
    made.add_argument("--out", metavar="DIR", help="output folder, local or s3://")
    made.add_argument("--engine", choices=("auto", "local", "ray"), help="who schedules")
    made.add_argument("--retry-failed", action="store_true", help="try failed files again")


def read(
    made: argparse.ArgumentParser, words: Sequence[str], settings_type: Any, **fixed: Any
) -> tuple[argparse.Namespace, Any]:
    """What was given, and the settings that it comes to.

    A word without `=`, or that names a file, is the path. Where the kind has no setting `path`,
    the path is `given.table`; `table` and `out` may then stand in the YAML file too, so that a
    job needs nothing but its file.

    Raises
    ------
    EmodistError
        If a word or a setting is wrong.
    """
    from emodist import config

    given = made.parse_intermixed_args(words)
    paths = [word for word in given.words if "=" not in word or os.path.exists(word)]
    settings_words = [word for word in given.words if word not in paths]
    names = {name for name, _, _ in config.fields(settings_type)}
    positional = "path" if "path" in names else "table"
    if len(paths) > 1:
        raise EmodistError(f"one {positional.upper()} at a time; got {' and '.join(paths)}")
    places = () if positional == "path" else ("table", "out")
    named = {
        name: value
        for name, value in vars(given).items()
        if name in (*names, *places) and value is not None
    }
    if paths:
        named[positional] = paths[0]
    settings, placed = config.load_with_places(
        settings_type, places, given.config, settings_words, **{**named, **fixed}
    )
    for name in places:
        setattr(given, name, placed.get(name))
    return given, settings


def result_alone() -> contextlib.redirect_stdout:
    """Stdout is for the result: what Ray prints of its workers meanwhile goes to stderr."""
    return contextlib.redirect_stdout(sys.stderr)

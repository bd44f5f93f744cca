"""The command line: read settings, call one function, print where the result is.

Results go to stdout with the path last; progress and errors go to stderr. Exit codes: 0 done;
1 done, with more failures than allowed; 2 the request was wrong; 130 interrupted.
"""

import argparse
import itertools
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from emodist import __version__
from emodist.errors import EmodistError

# Modules are imported by the verb that needs them, so that help and errors come at once.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in ("-V", "--version"):
        print(f"emodist {__version__}")
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if words[0] not in VERBS:
        from emodist.registry import suggest

        print(f"emodist: no command {words[0]!r}; {suggest(words[0], VERBS)}", file=sys.stderr)
        return 2
    try:
        return VERBS[words[0]](words[1:])
    except EmodistError as error:
        print(f"emodist {words[0]}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader has seen enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(
            "\ninterrupted; finished work is kept, the same command does the rest", file=sys.stderr
        )
        sys.stderr.flush()
        # Workers that are in the middle of a file are not waited for.
        os._exit(130)


def _featurize(words: Sequence[str]) -> int:
    """features of every recording in a folder, list or bucket, as Parquet tables"""
    from emodist.config import FeaturizeSettings

    parser = _media_parser("featurize", _featurize, FeaturizeSettings)
    parser.add_argument("--features", metavar="A,B", help="which features (setting features)")
    return _media_job(parser, words, FeaturizeSettings)


def _plan(words: Sequence[str]) -> int:
    """a prediction of what featurize will take: hours, CPU time, memory, output and cost"""
    from emodist.config import FeaturizeSettings

    parser = _media_parser("plan", _plan, FeaturizeSettings)
    parser.add_argument("--features", metavar="A,B", help="which features (setting features)")
    parser.add_argument(
        "--sample", type=int, default=24, metavar="N", help="files to try (default: 24)"
    )
    parser.add_argument(
        "--cpus", type=int, metavar="N", help="of the machine or cluster (default: this one's)"
    )
    parser.add_argument("--price", type=float, metavar="X", help="of one CPU hour")
    given, settings = _settings(parser, words, FeaturizeSettings, out=".")
    from emodist.pipelines import estimate

    found = estimate.predict(settings, given.sample, given.cpus, given.price)
    print(json.dumps(found) if given.json else estimate.report(found))
    return 0


def _extract(words: Sequence[str]) -> int:
    """16 kHz mono sound files from videos and recordings, folders kept, and their table"""
    from emodist.config import ExtractSettings

    parser = _media_parser("extract", _extract, ExtractSettings)
    parser.add_argument("--format", choices=("wav", "flac"), help="sound files (default: wav)")
    return _media_job(parser, words, ExtractSettings)


def _export(words: Sequence[str]) -> int:
    """a table as flat CSV, one named column for each number"""
    parser = _parser("export", _export, "emodist export OUT --out features.csv")
    parser.add_argument(
        "table", metavar="TABLE", help="output folder, table folder or Parquet file"
    )
    parser.add_argument("--out", required=True, metavar="FILE.csv", help="the CSV file to write")
    parser.add_argument(
        "--features", metavar="A,B", help="which feature columns (default: all but images)"
    )
    given = parser.parse_args(words)
    from emodist import export

    chosen = given.features.split(",") if given.features else None
    left_out = export.to_csv(export.open_table(given.table), given.out, chosen)
    if left_out:
        print(f"left out: {', '.join(left_out)} (choose with --features)", file=sys.stderr)
    print(f"wrote {given.out}")
    return 0


def _audit(words: Sequence[str]) -> int:
    """a list of what stands on both sides of a fold: speakers, sounds, windows, copies"""
    parser = _parser(
        "audit",
        _audit,
        "emodist audit OUT --folds loso",
        "Exit code 0: clean; 2: leaking. Protocols: ravdess24, ravdess16, loso, group5,\n"
        "by:ATTRIBUTE, cross:CORPUS:CORPUS, random5 (any number of folds in place of 5).",
    )
    parser.add_argument("table", metavar="TABLE", nargs="+", help="output folders, or tables")
    parser.add_argument(
        "--folds",
        required=True,
        metavar="NAME-or-FILE",
        help="a protocol, or a CSV or Parquet file with recording_id, optionally segment, and fold",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    given = parser.parse_args(words)
    from emodist import audit

    found = audit.run(given.table, given.folds)
    print(json.dumps(found.to_dict()) if given.json else found.to_text())
    return 0 if found.is_clean else 2


def _corpora(words: Sequence[str]) -> int:
    """the corpora that emodist knows, and what it knows of one"""
    parser = _parser("corpora", _corpora, "emodist corpora ravdess")
    parser.add_argument("name", nargs="?", metavar="NAME", help="one corpus in full")
    given = parser.parse_args(words)
    from emodist import registry

    if given.name is None:
        for name in registry.names("corpora"):
            entry: Any = registry.get("corpora", name)
            print(f"{name:12} {entry.title}")
        return 0
    from emodist import corpora, ontology

    print(corpora.card(given.name))
    corpus: Any = registry.get("corpora", given.name)
    if corpus.labels:
        print(f"\n{ontology.text(given.name)}")
    return 0


def _ontology(words: Sequence[str]) -> int:
    """the table that says what each corpus's labels mean in common words, and what is lost"""
    parser = _parser("ontology", _ontology, "emodist ontology iemocap")
    parser.add_argument("name", nargs="?", metavar="CORPUS", help="one corpus (default: all)")
    given = parser.parse_args(words)
    from emodist import ontology

    print(ontology.text(given.name))
    return 0


def _doctor(words: Sequence[str]) -> int:
    """a list of what is wrong with a copy of a corpus: missing, damaged, silent, repeated files"""
    from emodist import config

    parser = _parser(
        "doctor",
        _doctor,
        "emodist doctor ravdess/ --corpus ravdess",
        "Exit code 0: clean; 1: something was found. Settings of the corpus are key=value words,\n"
        "as in crema_d.label_source=perceived; `emodist corpora NAME` lists them.",
    )
    parser.add_argument("words", nargs="+", metavar="PATH | key=value", help="the copy, settings")
    parser.add_argument("--corpus", required=True, metavar="NAME", help="which corpus it is")
    parser.add_argument("--config", metavar="FILE.yaml", help="settings from a file")
    parser.add_argument("--workers", type=int, metavar="N", help="files read at once")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    given, settings = _settings(parser, words, config.MediaSettings, out=".")
    from emodist import doctor

    found = doctor.diagnose(settings)
    print(json.dumps(found.to_dict()) if given.json else found.to_text())
    return 0 if found.is_clean else 1


def _fetch(words: Sequence[str]) -> int:
    """a local copy of a corpus, downloaded from its publisher, checked and unpacked"""
    parser = _parser(
        "fetch",
        _fetch,
        "emodist fetch ravdess --out ravdess/",
        "An interrupted download goes on where it was; what is there already is left alone.",
    )
    parser.add_argument("name", metavar="NAME", help="a corpus; `emodist corpora` lists them")
    parser.add_argument("--out", required=True, metavar="DIR", help="local folder")
    parser.add_argument("--parts", default="", metavar="A,B", help="which (default: the first)")
    parser.add_argument("--mirror", metavar="URL", help="folder with the same archives")
    parser.add_argument("--keep-archives", action="store_true", help="do not delete the zip files")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    given = parser.parse_args(words)
    from emodist import fetch

    parts = [part.strip() for part in given.parts.split(",") if part.strip()]
    summary = fetch.fetch(given.name, given.out, parts, given.mirror, given.keep_archives)
    if given.json:
        print(json.dumps(summary))
        return 0
    for name in summary["there"]:
        print(f"{name} was fetched before", file=sys.stderr)
    print(f"wrote {summary['out']}" if summary["fetched"] else f"nothing to do: {summary['out']}")
    return 0


def _train(words: Sequence[str]) -> int:
    """a bundle: a classifier trained on a feature table, with its cross-validated numbers"""
    parser = _train_parser("train", _train, "emodist train OUT --model rbf_svm --out bundle/")
    parser.add_argument("--out", required=True, metavar="BUNDLE", help="folder of the bundle")
    given, settings = _train_settings(parser, words)
    from emodist import judging

    found = judging.train(given.table, settings, given.out)
    print(json.dumps(found.to_dict()) if given.json else judging.text(found, settings))
    if not given.json:
        print(f"wrote {given.out}")
    return 0


def _evaluate(words: Sequence[str]) -> int:
    """cross-validated numbers of a classifier on a feature table, with intervals over speakers"""
    parser = _train_parser("evaluate", _evaluate, "emodist evaluate OUT --model rbf_svm")
    parser.add_argument("--out", metavar="DIR", help="save result and out-of-fold predictions")
    parser.add_argument("--against", metavar="NAME", help="another classifier, for a paired test")
    given, settings = _train_settings(parser, words)
    from emodist import judging

    found = judging.evaluate(given.table, settings, given.out, given.against)
    print(json.dumps(found.to_dict()) if given.json else judging.text(found, settings))
    if given.out and not given.json:
        print(f"wrote {given.out}")
    return 0


def _cluster(words: Sequence[str]) -> int:
    """clusters of a feature table without labels: scores for each k, and clips to listen to"""
    from emodist import clustering, config, registry

    kind: Any = clustering.ClusterSettings
    more = "settings, as key=value words or lines of a YAML file, with their defaults:\n"
    for name, default, meaning in config.fields(kind):
        more += f"  {name}={default}\n      {meaning}\n"
    more += "\nalgorithms, and their settings, as in agglomerative.linkage=average:\n"
    for name in registry.names("clusterers"):
        meaning, defaults = registry.describe("clusterers", name)
        more += f"  {name}: {meaning}\n" + (f"      {defaults}\n" if defaults else "")
    example = "emodist cluster OUT --out clusters/ speaker_norm=true"
    parser = _parser("cluster", _cluster, example, more)
    parser.add_argument("table", metavar="TABLE", help="output folder of featurize, or a table")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings (below)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the clusters")
    parser.add_argument("--algorithm", help=f"one of {', '.join(registry.names('clusterers'))}")
    parser.add_argument("--config", metavar="FILE.yaml", help="settings from a file")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    given = parser.parse_intermixed_args(words)
    settings = config.load(kind, given.config, given.settings, algorithm=given.algorithm)
    found = clustering.run(given.table, settings, given.out)
    print(json.dumps(found.about) if given.json else clustering.text(found.about))
    if not given.json:
        print(f"wrote {given.out}")
    return 0


def _demo(words: Sequence[str]) -> int:
    """the whole pipeline on a small synthetic corpus that it generates"""
    parser = _parser("demo", _demo, "emodist demo --out demo")
    parser.add_argument("--out", default="demo", metavar="DIR", help="folder (default: demo)")
    given = parser.parse_args(words)
    from emodist.pipelines import demo

    demo.run(given.out)
    return 0


EXAMPLES = {"features": "mfcc.n_mfcc=13", "corpora": "media.speaker_level=2"}

VERBS: dict[str, Callable[[Sequence[str]], int]] = {
    "demo": _demo,
    "corpora": _corpora,
    "ontology": _ontology,
    "fetch": _fetch,
    "doctor": _doctor,
    "extract": _extract,
    "plan": _plan,
    "featurize": _featurize,
    "export": _export,
    "audit": _audit,
    "cluster": _cluster,
    "train": _train,
    "evaluate": _evaluate,
}


def job(kind: type, arguments: Sequence[str] | None = None) -> int:
    """What `jobs/*.py` run: `CONFIG.yaml [key=value ...] [--retry-failed] [--json]`."""
    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("config", metavar="CONFIG.yaml")
    parser.add_argument("settings", nargs="*", metavar="key=value")
    _add_run_options(parser)
    given = parser.parse_intermixed_args(arguments)
    try:
        from emodist import config

        return _run(config.load(kind, given.config, given.settings), given)
    except EmodistError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2


def _overview() -> str:
    lines = [f"  {name:10} {verb.__doc__}" for name, verb in VERBS.items()]
    return (
        "emodist: emotion recognition from speech in vlogs, on a laptop or a Ray cluster\n\n"
        + "\n".join(lines)
        + "\n\n`emodist COMMAND --help` says more; `emodist demo` shows everything at work."
    )


def _parser(verb: str, function: Callable, example: str, more: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"emodist {verb}",
        description=f"Makes {function.__doc__}.\n\n  {example}",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _train_parser(verb: str, function: Callable, example: str) -> argparse.ArgumentParser:
    from emodist import config, registry

    more = "settings, as key=value words or lines of a YAML file, with their defaults:\n"
    for name, default, meaning in config.fields(config.TrainSettings):
        more += f"  {name}={default}\n      {meaning}\n"
    more += "\nclassifiers, and their settings, as in rbf_svm.c=10:\n"
    for name in registry.names("estimators"):
        meaning, defaults = registry.describe("estimators", name)
        more += f"  {name}: {meaning}\n" + (f"      {defaults}\n" if defaults else "")
    parser = _parser(verb, function, example, more)
    parser.add_argument("table", metavar="TABLE", help="output folder of featurize, or a table")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings (below)")
    parser.add_argument("--model", help=f"one of {', '.join(registry.names('estimators'))}")
    parser.add_argument("--folds", metavar="NAME", help="protocol (setting folds)")
    parser.add_argument("--config", metavar="FILE.yaml", help="settings from a file")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    return parser


def _train_settings(
    parser: argparse.ArgumentParser, words: Sequence[str]
) -> tuple[argparse.Namespace, Any]:
    from emodist import config

    given = parser.parse_intermixed_args(words)
    named = {"model": given.model, "folds": given.folds}
    return given, config.load(config.TrainSettings, given.config, given.settings, **named)


def _media_parser(verb: str, function: Callable, kind: type) -> argparse.ArgumentParser:
    from emodist import config, registry

    more = "settings, as key=value words or lines of a YAML file, with their defaults:\n"
    for name, default, meaning in config.fields(kind):
        more += f"  {name}={default}\n      {meaning}\n"
    for folder in ("features", "corpora") if verb != "extract" else ("corpora",):
        more += f"\n{folder}, and their settings, as in {EXAMPLES[folder]}:\n"
        for name in registry.names(folder):
            meaning, defaults = registry.describe(folder, name)
            more += f"  {name}: {meaning}\n" + (f"      {defaults}\n" if defaults else "")
    target = "" if verb == "plan" else f" --out {verb}d/"
    parser = _parser(verb, function, f"emodist {verb} videos/{target}", more)
    parser.add_argument(
        "words", nargs="*", metavar="PATH | key=value", help="what to read, and settings (below)"
    )
    parser.add_argument("--corpus", help=f"one of {', '.join(registry.names('corpora'))}")
    parser.add_argument("--config", metavar="FILE.yaml", help="settings from a file")
    parser.add_argument("--workers", type=int, metavar="N", help="files worked on at once")
    if verb == "plan":
        parser.add_argument("--json", action="store_true", help="print the prediction as JSON")
        return parser
    parser.add_argument("--out", metavar="DIR", help="output folder, local or s3://")
    parser.add_argument("--engine", choices=("auto", "local", "ray"), help="who schedules")
    _add_run_options(parser)
    return parser


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--retry-failed", action="store_true", help="try failed files again")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def _media_job(parser: argparse.ArgumentParser, words: Sequence[str], kind: type) -> int:
    given, settings = _settings(parser, words, kind)
    return _run(settings, given)


def _settings(
    parser: argparse.ArgumentParser, words: Sequence[str], kind: type, **more: Any
) -> tuple[argparse.Namespace, Any]:
    """What was given, and the settings that it comes to."""
    from emodist import config

    given = parser.parse_intermixed_args(words)
    paths = [word for word in given.words if "=" not in word or os.path.exists(word)]
    if len(paths) > 1:
        raise EmodistError(f"one PATH at a time; got {' and '.join(paths)}")
    named = {
        name: getattr(given, name)
        for name in ("out", "corpus", "engine", "workers", "features", "format")
        if getattr(given, name, None) is not None
    }
    settings: Any = config.load(
        kind,
        given.config,
        [word for word in given.words if word not in paths],
        path=paths[0] if paths else None,
        **{**named, **more},
    )
    return given, settings


def _run(settings: Any, given: argparse.Namespace) -> int:
    from emodist.pipelines import media_job

    summary = media_job.run(settings, retry_failed=given.retry_failed)
    _show_failures(settings.out)
    print(json.dumps(summary) if given.json else _report(summary))
    if media_job.is_acceptable(summary, settings):
        return 0
    print(
        f"more files failed than max_failed_fraction={settings.max_failed_fraction:g} allows; "
        f"{settings.out}/failures says why",
        file=sys.stderr,
    )
    return 1


def _show_failures(out: str, n_shown: int = 5) -> None:
    """The first failures on stderr, one line each."""
    from emodist import output

    rows = itertools.chain.from_iterable(rows.to_pylist() for _, rows in output.failed(out))
    for row in itertools.islice(rows, n_shown):
        print(f"failed: {row['message']}", file=sys.stderr)
    if next(rows, None):
        print(f"and more; all are in {out}/failures", file=sys.stderr)


def _report(summary: dict[str, Any]) -> str:
    n_files = summary["recordings"] + summary["failed"]
    share = f" ({summary['failed'] / n_files:.1%})" if summary["failed"] else ""
    lines = [
        f"recordings {summary['recordings']}   segments {summary['segments']}   "
        f"failed {summary['failed']}{share}   audio {summary['audio_h']:.2f} h"
    ]
    if summary["new"] or summary["new_failed"]:
        speed = summary["new_audio_h"] * 3600 / summary["seconds"]
        lines.append(
            f"this run: {summary['new']} new, {summary['new_failed']} failed, "
            f"{summary['seconds']:.1f} s, {speed:.0f} times real time "
            f"({summary['engine']}, {summary['workers']} workers)"
        )
    else:
        lines.append("nothing new to do")
    if summary["same_sound"]:
        lines.append(f"{summary['same_sound']} recordings have the same sound as another one")
    if summary["changed"]:
        lines.append(f"{summary['changed']} files had changed and were processed again")
    lines.append(f"wrote {summary['out']}")
    return "\n".join(lines)

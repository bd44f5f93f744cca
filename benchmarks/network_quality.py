"""How well each network does on people it never heard: the networks' table of the documents.

    python benchmarks/network_quality.py TABLE [--models mlp_net,cnn_lstm] [--out DIR]

TABLE is what `emodist featurize` wrote, with `yamnet` for `yamnet_head`. Each network is trained
with its defaults, once for each seed, under the honest protocol and, for comparison only, with
clips split at random, where every voice stands on both sides. Then the mean of its probabilities
and those of a classifier (--beside) is judged. One process and one thread for each run; runs that
are saved in --out are not made again. An hour and more on RAVDESS.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import record

ONE_THREAD = {
    name: "1"
    for name in (
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    )
}
METRICS = ("uar", "weighted_accuracy", "macro_f1", "roc_auc")


def main() -> None:
    from emodist import registry

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", help="what `emodist featurize` wrote")
    parser.add_argument("settings", nargs="*", help="key=value, for all networks")
    parser.add_argument("--models", default=",".join(registry.names("networks")))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--random-seeds", default="0", help="of the random split")
    parser.add_argument("--folds", default="ravdess16")
    parser.add_argument("--random", default="random4")
    parser.add_argument("--beside", default="ensemble", help="classifier of the blend")
    parser.add_argument("--features", help="of the classifier (default: all flat ones)")
    parser.add_argument("--out", default="network_quality")
    record.add_option(parser)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given, *given.one)
        return
    Path(given.out).mkdir(exist_ok=True)
    beside = {folds: run(given, given.beside, folds, "0") for folds in (given.folds, given.random)}
    print("| network | split | " + " | ".join(METRICS) + f" | with {given.beside}: UAR | CPU s |")
    print("|---|---|" + "---|" * (len(METRICS) + 2))
    figures: dict = {"beside": given.beside, "seeds": given.seeds}
    for split, seeds in (("folds", given.seeds), ("random", given.random_seeds)):
        folds = getattr(given, split)
        rows = {given.beside: show(given.beside, folds, [beside[folds]], [])}
        for model in given.models.split(","):
            found = [run(given, model, folds, seed) for seed in seeds.split(",") if seed]
            if found:
                blends = [blend(given, each, beside[folds]) for each in found]
                rows[model] = show(model, folds, found, blends)
        figures[split] = {"protocol": folds, "models": rows}
    record.save(given, figures)


def run(given: argparse.Namespace, model: str, folds: str, seed: str) -> Path:
    """The saved result of one run; made now if it is not there."""
    out = Path(given.out, f"{model}-{folds}-{seed}.npz")
    if not out.exists():
        words = [*sys.argv[1:], "--one", model, folds, seed, str(out)]
        done = subprocess.run(
            [sys.executable, __file__, *words],
            env={**os.environ, **ONE_THREAD},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{model}: {done.stderr.strip().splitlines()[-1]}")
    return out


def one(given: argparse.Namespace, model: str, folds: str, seed: str, out: str) -> None:
    from emodist import config
    from emodist.learning.settings import TrainSettings
    from emodist.models import judging
    from emodist.models.settings import settings_type_of
    from emodist.network_training.settings import NetworkSettings

    kind = settings_type_of(model)
    words = given.settings if kind is NetworkSettings else []
    if given.features and kind is TrainSettings:
        words = [f"features={given.features}"]
    settings = config.load(kind, None, words, model=model, folds=folds, seed=int(seed))
    started_s = time.process_time()
    data, prediction, found = judging.cross_validated(given.table, settings)
    y, classes = data.targets()
    part = f"{out}.part.npz"
    np.savez(
        part,
        probabilities=prediction.probabilities,
        rows=prediction.rows,
        y=y[prediction.rows],
        classes=classes,
        people=data.people()[prediction.rows].astype(str),
        fold=prediction.fold.astype(str),
        about=json.dumps({**found.to_dict(), "cpu_s": time.process_time() - started_s}),
    )
    os.replace(part, out)


def blend(given: argparse.Namespace, run: Path, beside: Path) -> float:
    """UAR of the mean of the probabilities of two runs."""
    a, b = (np.load(path) for path in (run, beside))
    at = {row: place for place, row in enumerate(b["rows"])}
    same = b["probabilities"][[at[row] for row in a["rows"]]]
    found, y = (a["probabilities"] + same).argmax(axis=1), a["y"]
    return float(np.mean([np.mean(found[y == k] == k) for k in np.unique(y)]))


def show(model: str, folds: str, runs: list[Path], blends: list[float]) -> dict:
    about = [json.loads(str(np.load(path)["about"])) for path in runs]
    cells = [spread([row[name] for row in about]) for name in METRICS]
    seconds = np.mean([row["cpu_s"] for row in about])
    beside = spread(blends) if blends else "-"
    print(f"| `{model}` | {folds} | {' | '.join(cells)} | {beside} | {seconds:.0f} |", flush=True)
    return {
        **{name: [row[name] for row in about] for name in METRICS},
        "blend_uar": blends,
        "cpu_s": float(seconds),
    }


def spread(values: list[float]) -> str:
    """Mean, and half of what lies between the highest and the lowest."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ± {np.ptp(values) / 2:.3f}"


if __name__ == "__main__":
    main()

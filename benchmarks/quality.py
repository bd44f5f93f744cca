"""How well each classifier does on people it never heard: the quality table of the documents.

    python benchmarks/quality.py TABLE [--folds ravdess24] [--models lda,ensemble]

TABLE is what `emodist featurize --corpus NAME` wrote. Each classifier is judged with its defaults
three times: plainly, with each speaker's rows brought to mean 0 and spread 1 (transductive), and,
for comparison only, with clips split at random, where every voice stands on both sides. Intervals
(95%) resample speakers. One process and one thread a library; several minutes on RAVDESS.
"""

# ruff: noqa: E402 (the number of threads must be set before numpy is loaded)

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse
import time

import numpy as np
import record

from emodist import registry
from emodist.learning import classifier, dataset
from emodist.learning.settings import TrainSettings


def judge(data, settings):
    """The evaluation, and the recalls of each speaker averaged over classes."""
    folds = classifier.make_folds(data, settings)
    prediction = classifier.out_of_fold(data, folds, settings)
    return classifier.judge(data, folds, prediction, settings), uar_by_speaker(data, prediction)


def uar_by_speaker(data, prediction):
    y, _ = data.targets()
    people = data.people()[prediction.rows]
    y, found = y[prediction.rows], prediction.probabilities.argmax(axis=1)
    return {
        str(who): np.mean([np.mean(found[own & (y == k)] == k) for k in np.unique(y[own])])
        for who in dict.fromkeys(people)
        for own in [people == who]
    }


def show(found):
    return f"{found['uar']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def figures_of(evaluation):
    low, high = evaluation.intervals["uar"]
    return {"uar": evaluation.uar, "low": low, "high": high}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", help="what `emodist featurize` wrote")
    parser.add_argument("--folds", default="ravdess16", help="protocol (default ravdess16)")
    parser.add_argument("--random", default="random4", help="clips split at random, for comparison")
    parser.add_argument("--models", help="some classifiers, by name (default: all)")
    parser.add_argument("--features", help="some feature columns, by name (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    record.add_option(parser)
    given = parser.parse_args()
    names = given.models.split(",") if given.models else registry.names("estimators")
    features = given.features.split(",") if given.features else None
    data = dataset.load(given.table, features).labelled()
    n_speakers = len(set(data.people()))
    print(f"{len(data)} rows, {data.x.shape[1]} numbers, {n_speakers} speakers; {given.folds}\n")
    print("| classifier | UAR (95%) | UAR, z-score per speaker | *random clips* | speakers | s |")
    print("|---|---|---|---|---|---|")
    found = {}
    for name in names:
        started_s = time.process_time()
        # A temperature changes no decision, so none is fitted.
        common = {"model": name, "calibrate": False, "seed": given.seed}
        plain, by_speaker = judge(data, TrainSettings(folds=given.folds, **common))
        scaled, _ = judge(data, TrainSettings(folds=given.folds, speaker_norm=True, **common))
        mixed, _ = judge(data, TrainSettings(folds=given.random, **common))
        spread = np.array(list(by_speaker.values()))
        found[name] = row = {
            "plain": figures_of(plain),
            "speaker_norm": figures_of(scaled),
            "random": figures_of(mixed),
            "lowest_speaker": float(spread.min()),
            "highest_speaker": float(spread.max()),
            "cpu_s": time.process_time() - started_s,
        }
        print(
            f"| `{name}` | {show(row['plain'])} | {show(row['speaker_norm'])} "
            f"| *{row['random']['uar']:.3f}* | {spread.min():.2f} to {spread.max():.2f} "
            f"| {row['cpu_s']:.0f} |",
            flush=True,
        )
    print("\nspeakers: lowest and highest UAR of one of them, plain; s: CPU seconds of the row")
    about = {"n_rows": len(data), "n_numbers": data.x.shape[1], "n_speakers": n_speakers}
    folds = {
        "folds": given.folds,
        "random_folds": given.random,
        "chance": 1 / len(data.targets()[1]),
    }
    record.save(given, {**about, **folds, "models": found})


if __name__ == "__main__":
    main()

"""The whole pipeline on a small synthetic corpus: what a newcomer runs first."""

import importlib.util
import sys
from pathlib import Path

from emodist import reporting, synthesis
from emodist.clustering.output import run as clusters_of
from emodist.clustering.settings import ClusterSettings
from emodist.learning import audit
from emodist.learning.settings import TrainSettings
from emodist.media import output
from emodist.media.settings import ExtractSettings, FeaturizeSettings
from emodist.models import judging, network_bundle
from emodist.network_training.settings import NetworkSettings
from emodist.pipelines import media_job, predict, tune
from emodist.predicting.settings import PredictSettings
from emodist.reporting import ReportSettings
from emodist.tables import formats, locate
from emodist.tuning.classifier import ClassifierSweep


def run(folder: str) -> None:
    """Write a corpus and all that emodist makes of it below `folder`; say what is there.

    Safe to run again: what is done is kept.
    """
    root = Path(folder).absolute()
    print("The demo corpus is SYNTHETIC: a source-filter voice, made for mechanics only.\n")
    _step("corpus", "labelled clips and vlogs with a moving picture")
    corpus = synthesis.write_corpus(root / "corpus")
    _step("extract", "the sound of the vlogs, 16 kHz mono")
    _show(media_job.run(ExtractSettings(path=f"{corpus}/vlogs", out=f"{root}/sound")))
    _step("featurize clips", "one row per clip; labels from folders, speakers from file names")
    clips = FeaturizeSettings(
        path=f"{corpus}/clips",
        out=f"{root}/clips",
        corpus="folder",
        corpus_settings={"speaker_pattern": "prefix"},
    )
    _show(media_job.run(clips))
    _step("featurize vlogs", "one row per 4 s window, every 2 s; the silent film is a failure")
    vlogs = FeaturizeSettings(path=f"{corpus}/vlogs", out=f"{root}/vlogs", segment_s=4.0, hop_s=2.0)
    summary = media_job.run(vlogs)
    _show(summary)
    print(f"  speech, told from other sound by {summary['speech']}")
    for _, rows in output.failed(vlogs.out):
        for row in rows.to_pylist():
            print(f"  failed: {row['message']}")
    _step("export", "flat CSV with one named column for each number")
    for name in ("clips", "vlogs"):
        target = root / f"{name}.csv"
        left_out = formats.write(locate.open_table(f"{root}/{name}"), str(target))
        print(f"  {target} (without {', '.join(left_out)})")
    table = f"{root}/clips"
    _step("cluster", "groups of vlog windows, with the voice's own level taken out")
    grouped = ClusterSettings(speaker_norm=True, k_max=6)
    _indented(str(clusters_of(vlogs.out, grouped, f"{root}/clusters")))
    _step("audit", "nobody stands on both sides of a fold")
    _indented(str(audit.run(table, "loso")))
    _step("evaluate", "tested on speakers that the classifier never heard")
    settings = TrainSettings(model="logistic_regression", folds="loso")
    _indented(str(judging.evaluate(table, settings, f"{root}/evaluation")))
    _step("tune", "settings chosen inside each fold, so that their score is not luck")
    sweep = ClassifierSweep(
        models=("logistic_regression", "linear_svm"), folds="loso", trials=6, engine="local"
    )
    _indented(str(tune.run(table, sweep, f"{root}/sweep")))
    _step("train", "a bundle with settings, metrics and the fingerprint of its data")
    settings = TrainSettings(model="logistic_regression", folds="loso", speaker_norm=True)
    judging.train(table, settings, f"{root}/bundle")
    print(f"  {root}/bundle")
    _step("predict", "a timeline of each vlog: JSON, subtitles and a picture")
    asked = PredictSettings(
        bundle=f"{root}/bundle",
        path=f"{corpus}/vlogs",
        out=f"{root}/predicted",
        segment_s=4.0,
        hop_s=1.0,
    )
    _show(predict.run(asked))
    _step("report", "all of this on one page")
    reporting.run(
        table,
        f"{root}/report",
        evaluations=[f"{root}/evaluation"],
        sweep=f"{root}/sweep",
        settings=ReportSettings(maps="tsne"),
    )
    print(f"  {root}/report/report.html")
    _network(table, f"{root}/network")
    print(f"\nwrote {root}")


def _network(table: str, out: str) -> None:
    _step("train a network", "a small CNN by Ray Train on two workers, a few epochs")
    if importlib.util.find_spec("tensorflow") is None:
        print('  left out: needs pip install "emodist[networks]"')
        return
    from emodist.pipelines import train_network

    settings = NetworkSettings(model="simple_cnn", epochs=3, workers=2)
    _indented(network_bundle.text(train_network.train(table, settings, out).card))
    print(f"  {out}")


def _step(name: str, meaning: str) -> None:
    print(f"{name}: {meaning}", flush=True)
    sys.stdout.flush()


def _indented(text: str) -> None:
    print("\n".join(f"  {line}".rstrip() for line in text.splitlines()))


def _show(summary: dict) -> None:
    print(
        f"  recordings {summary['recordings']}   segments {summary['segments']}   failed "
        f"{summary['failed']}   audio {summary['audio_h'] * 60:.1f} min   "
        f"{summary['seconds']:.1f} s\n  {summary['out']}"
    )

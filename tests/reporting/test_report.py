import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import soundfile

import emodist
from emodist import reporting, synthesis
from emodist.cli import main
from emodist.clustering import output
from emodist.clustering.settings import ClusterSettings
from emodist.errors import ConfigError, OutputError
from emodist.learning.settings import TrainSettings
from emodist.models import judging
from emodist.pipelines import tune
from emodist.reporting import ReportSettings
from emodist.sweeps import output as sweep_output
from emodist.tuning.classifier import ClassifierSweep
from emodist.tuning.clusters import Clusters, ClustersSweep
from tests.reporting.tables import write_table

pytestmark = pytest.mark.slow
PLAIN = ReportSettings(maps="none")
SWEEP = ClassifierSweep(
    models=("knn",), pca=None, balance="none", folds="group3", inner_folds=2, trials=3,
    engine="local", workers=1,
)  # fmt: skip
LR = TrainSettings(model="logistic_regression", folds="loso")


class Seen(HTMLParser):
    """Tags, what they point to, and the text between them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.targets, self.words = [], [], []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.targets += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.words.append(data)


def made(table, out, settings=PLAIN, **inputs):
    found = reporting.run(str(table), str(out), settings, **inputs)
    return found, Seen((out / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A report with everything but UMAP, which takes long to compile."""
    root = tmp_path_factory.mktemp("full")
    table = write_table(root / "t", with_sound=True)
    judging.evaluate(table, LR, f"{root}/lr", against="knn")
    judging.evaluate(table, TrainSettings(model="knn", folds="loso"), f"{root}/knn")
    judging.evaluate(table, TrainSettings(model="knn", folds="random3"), f"{root}/random")
    settings = ClusterSettings(speaker_norm=True, k_max=3, n_resamples=2)
    output.run(table, settings, f"{root}/clusters")
    tune.run(table, SWEEP, f"{root}/sweep")
    found, seen = made(
        table,
        root / "out",
        ReportSettings(maps="tsne"),
        evaluations=[f"{root}/{name}" for name in ("lr", "knn", "random")],
        clusters=f"{root}/clusters",
        sweep=f"{root}/sweep",
    )
    return root, found, seen


def test_all_sections_and_figures_are_there(full):
    root, found, seen = full
    names = "data examples maps clusters evaluation importance sweep provenance"
    assert found["sections"] == names.split()
    figures = {name.removesuffix(".png") for name in found["figures"] if name.endswith(".png")}
    each = {f"{kind}_{n}" for kind in ("confusion", "roc", "reliability") for n in (1, 2, 3)}
    assert figures == each | {
        "labels", "speakers", "waveforms", "log_mel", "mfcc", "chroma", "maps_label",
        "maps_cluster", "maps_speaker", "scores_by_k", "silhouettes", "dendrogram", "models",
        "importance", "effects",
    }  # fmt: skip
    for name in found["figures"]:
        assert (root / "out" / name).stat().st_size > 1000
    # The picture of the sweep stands in the sweep's own folder.
    assert seen.tags.count("img") == len(figures) + 1


def test_a_sweep_shows_both_scores_and_its_best_trials(full):
    root, _, seen = full
    found = json.loads((root / "sweep" / "sweep.json").read_text())["found"]
    assert f"UAR {found['selected_score_optimistic']:.3f}" in seen.text
    low, high = found["nested_interval_95"]
    nested = f"UAR {found['nested_score_unbiased']:.3f} (95% {low:.3f} to {high:.3f}; chance 0.500)"
    assert nested in seen.text
    assert "The 3 best of 3 trials with a score" in seen.text
    assert found["protocol"] in seen.text
    trials = sorted(
        (
            json.loads(file.read_text())
            for file in (root / "sweep" / "trials").iterdir()
            if file.name.startswith("000-")
        ),
        key=lambda row: -row["score"],
    )
    start = seen.text.index("trial UAR (optimistic) settings")
    places = [
        seen.text.index(f"knn.n_neighbors={trial['values']['knn.n_neighbors']}", start)
        for trial in trials
    ]
    assert places == sorted(places)


@pytest.mark.parametrize("objective", ["silhouette", "davies_bouldin"])
def test_a_sweep_of_clusters_shows_its_objective(tmp_path, objective):
    table = write_table(tmp_path / "t")
    settings = ClustersSweep(
        algorithms=("kmeans",), k_max=4, objective=objective, min_rows=2, engine="local", workers=1
    )
    kind = Clusters.load(table, settings)
    out = str(tmp_path / "sweep")
    sweep_output.begin(out, kind, settings)
    _, begun = made(table, tmp_path / "begun", sweep=out)
    assert "The sweep is not finished" in begun.text
    found = tune.run(table, settings, out).record["found"]
    _, seen = made(table, tmp_path / "out", sweep=out)
    assert f"{objective} of all rows, without labels" in seen.text
    assert f"best k={found['best']['values']['k']}" in seen.text
    assert f"trial {kind.score_name} (optimistic) settings" in seen.text
    assert "3 best of 3 trials" in seen.text


def test_the_page_needs_no_network_and_no_script(full):
    _, found, seen = full
    for target in seen.targets:
        assert target.startswith(("data:image/png;base64,", "#")) or target in found["figures"]
    assert not {"script", "link", "iframe"} & set(seen.tags)


def test_overlap_and_transduction_are_named_where_numbers_stand(full):
    _, _, seen = full
    assert "1 of 3 results: speakers overlap" in seen.text
    assert "z-score per speaker (transductive)" in seen.text
    assert "Paired on the same rows" in seen.text


def test_commands_and_fingerprint_stand_at_the_end(full):
    root, found, seen = full
    assert found["fingerprint"] in seen.text
    assert f"emodist evaluate {root}/t --out {root}/lr --against knn" in seen.text
    assert "model=logistic_regression folds=loso" in seen.text
    assert f"emodist cluster {root}/t --out {root}/clusters" in seen.text


def test_a_second_report_replaces_the_first_and_other_folders_are_refused(full, tmp_path):
    root, _, _ = full
    again = reporting.run(f"{root}/t", f"{root}/again", PLAIN)
    (root / "again" / "notes.txt").write_text("mine")
    stale = root / "again" / "labels.png"
    stale.write_bytes(b"old")
    assert reporting.run(f"{root}/t", f"{root}/again", PLAIN) == again
    assert stale.read_bytes() != b"old"
    assert (root / "again" / "notes.txt").read_text() == "mine"
    (tmp_path / "other.txt").write_text("x")
    with pytest.raises(OutputError, match=r"other\.txt"):
        reporting.run(f"{root}/t", str(tmp_path), PLAIN)


def test_a_table_alone_says_which_commands_make_the_rest(tmp_path):
    table = write_table(tmp_path / "t")
    _, seen = made(table, tmp_path / "out")
    assert f"emodist evaluate {table} --out evaluation/" in seen.text
    assert f"emodist cluster {table} --out clusters/ speaker_norm=true" in seen.text


def test_media_that_are_gone_are_named_and_the_report_goes_on(tmp_path):
    table = write_table(tmp_path / "t", with_sound=True)
    gone = tmp_path / "t" / "sound" / "acted-01-0-0.wav"
    gone.unlink()
    found, seen = made(table, tmp_path / "out")
    assert "1 of 2 example clips could not be read" in seen.text
    assert f"{gone}: no such file" in seen.text
    assert "waveforms.png" in found["figures"]


def test_examples_end_where_their_segment_ends(tmp_path):
    table = write_table(tmp_path / "t", with_sound=True)
    from emodist.reporting import _clips, _rows

    soundfile.write(tmp_path / "t" / "sound" / "acted-01-0-0.wav", [0.1] * 32_000, 16_000)
    clips = _clips.read(_clips.chosen(_rows.census(table, 10)))
    assert {title: len(sound) for title, sound in clips.waveforms.items()} == {
        "angry": 8_000,
        "sad": 8_000,
    }
    assert {example.speaker for example in clips.examples.values()} == {"01"}


def test_a_table_without_labels_and_speakers_makes_a_report(tmp_path):
    table = write_table(tmp_path / "t", labels=(None,), speakers=(None,), with_sound=True)
    found, seen = made(table, tmp_path / "out")
    assert "The table has no labels" in seen.text
    assert "No speaker is known" in seen.text
    assert "waveforms.png" in found["figures"]


def test_one_class_makes_a_report(tmp_path):
    _, seen = made(write_table(tmp_path / "t", labels=("angry",)), tmp_path / "out")
    assert "Two labels or more are needed" in seen.text


def test_one_row_makes_a_report(tmp_path):
    table = write_table(tmp_path / "t", labels=("angry",), speakers=("01",), per_cell=1)
    _, seen = made(table, tmp_path / "out", ReportSettings(maps="tsne"))
    assert "No map" in seen.text
    assert "No dendrogram" in seen.text


def test_odd_labels_are_words_and_not_markup(tmp_path):
    odd = ("<b>bold</b>", "$x_1$", "_hidden", '"><script>alert(1)</script>')
    table = write_table(tmp_path / "t", labels=odd)
    page = (made(table, tmp_path / "out"), (tmp_path / "out" / "report.html").read_text())[1]
    seen = Seen(page)
    assert not {"b", "script"} & set(seen.tags)
    assert "<b>bold</b>" in seen.text


def test_a_hundred_speakers_and_labels_make_a_report(tmp_path):
    many = tuple(f"label {n:03d}" for n in range(102))
    speakers = tuple(f"s{n:03d}" for n in range(102))
    table = write_table(tmp_path / "t", labels=many, speakers=speakers, per_cell=1)
    found, seen = made(table, tmp_path / "out", ReportSettings(maps="tsne", sample=500))
    assert "500 of 10,404 rows" in seen.text
    assert "maps_speaker.png" in found["figures"]


def test_the_demo_corpus_is_called_synthetic(tmp_path):
    corpus = synthesis.write_corpus(tmp_path / "corpus", 1, 1, 0)
    table = write_table(tmp_path / "t", path=f"{corpus}/clips")
    _, seen = made(table, tmp_path / "out")
    assert seen.text.count("SYNTHETIC") >= 2


def test_licences_are_shown(tmp_path):
    table = write_table(tmp_path / "t", corpora=("ravdess", "own"))
    _, seen = made(table, tmp_path / "out")
    assert "CC BY-NC-SA 4.0" in seen.text
    assert "own unknown" in seen.text.replace("  ", " ")


def test_clusters_of_another_table_are_refused(tmp_path):
    table = write_table(tmp_path / "t")
    other = write_table(tmp_path / "other", corpora=("else",))
    output.run(other, ClusterSettings(k=2, n_resamples=0), str(tmp_path / "clusters"))
    with pytest.raises(ConfigError, match="another table"):
        reporting.run(table, str(tmp_path / "out"), PLAIN, clusters=str(tmp_path / "clusters"))


def test_the_command_prints_where_the_page_is(tmp_path, capsys):
    table = write_table(tmp_path / "t")
    out = tmp_path / "out"
    assert main(["report", table, "--out", str(out), "maps=none"]) == 0
    assert capsys.readouterr().out == f"wrote {out}/report.html\n"
    assert main(["report", table, "--out", str(out), "--clusters", str(tmp_path)]) == 2
    assert "clusters.json" in capsys.readouterr().err


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="sample must be at least 10"):
        ReportSettings(sample=3)


def test_the_template_is_in_the_package_data():
    project = Path(emodist.__file__).parents[1] / "pyproject.toml"
    text = re.sub(r"\s", "", project.read_text())
    assert '"emodist.reporting"=["page.html"]' in text

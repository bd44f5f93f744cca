"""The sections of a report, in order. Each takes the page and the material, and adds its items."""

import dataclasses
import importlib.metadata
import json
import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from sklearn.metrics import silhouette_samples

import emodist
from emodist import bundle, clustering, corpora, export, plots, registry, storage
from emodist.clustering import ClusterSettings
from emodist.config import FeaturizeSettings, TrainSettings
from emodist.dataset import Dataset
from emodist.errors import ConfigError, EmodistError
from emodist.plots.maps import cluster_looks
from emodist.report import _clips, _maps, _models, _rows
from emodist.report._models import Result
from emodist.report._page import Page

Say = Callable[[str], None]

# The first line of the README that `emodist.synthesis.write_corpus` leaves beside its files.
SYNTHETIC = b"Synthetic speech, made by emodist"
DESCRIPTIVE = "descriptive: no classifier, no held-out speakers"
MOST_CLUSTERS_TOLD = 20
N_TRIALS = 10
PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "umap-learn",
    "librosa",
    "pyarrow",
    "matplotlib",
)


@dataclasses.dataclass(eq=False)
class Material:
    """What the sections draw on; what is costly is made when it is first asked for."""

    table: str
    settings: Any
    census: _rows.Census
    evaluations: list[Result]
    clusters: str | None
    clustered: dict[str, Any]
    sweep: str | None
    featurized: dict[str, Any]
    is_synthetic: bool

    @classmethod
    def gather(
        cls,
        table: str,
        settings: Any,
        evaluations: Sequence[str],
        clusters: str | None,
        sweep: str | None,
    ) -> "Material":
        results = _distinct([_models.load(folder) for folder in evaluations])
        about = _json_of(clusters, "clusters.json", "cluster")
        _json_of(sweep, "sweep.json", "tune")
        run = _run_record(table)
        return cls(
            table=storage.absolute(table),
            settings=settings,
            census=_rows.census(table, settings.sample),
            evaluations=results,
            clusters=None if clusters is None else storage.absolute(clusters),
            clustered=about,
            sweep=None if sweep is None else storage.absolute(sweep),
            featurized=run,
            is_synthetic=_is_synthetic(run.get("settings", {}).get("path")),
        )

    @cached_property
    def looks(self) -> dict[str, plots.Look]:
        return plots.looks(self.census.classes)

    @cached_property
    def _sampled(self) -> tuple[Dataset, np.ndarray | None]:
        return _rows.sampled(self.table, self.census, self.settings.features)

    @property
    def sample(self) -> Dataset:
        return self._sampled[0]

    @property
    def normed(self) -> np.ndarray | None:
        """The sample's numbers with a z-score per speaker; None if a speaker is unknown."""
        return self._sampled[1]

    @cached_property
    def cluster_of(self) -> np.ndarray | None:
        """Clusters of the sampled rows, None where a row has none.

        Raises
        ------
        ConfigError
            If the clusters are of another table.
        """
        if self.clusters is None:
            return None
        file = storage.join(self.clusters, "clusters.parquet")
        found = _rows.column_of(file, "cluster", self.sample)
        if all(cluster is None for cluster in found):
            raise ConfigError(f"{self.clusters} holds clusters of another table than {self.table}")
        return found

    @property
    def which_rows(self) -> str:
        if self.census.is_whole:
            return f"all {self.census.n_rows:,} rows"
        return f"{len(self.census.sample):,} of {self.census.n_rows:,} rows, drawn by hash"


def head(material: Material) -> tuple[str, list[str]]:
    """Title and first lines."""
    census = material.census
    lead = []
    if material.is_synthetic:
        lead.append(
            "SYNTHETIC data: no person speaks here. The numbers show that the pipeline works, and "
            "say nothing about its quality on speech."
        )
    several = len(census.corpora) > 1
    lead.append(
        f"{census.n_rows:,} segments of {len(census.recordings):,} recordings, "
        f"{len(census.speakers):,} known speakers, {len(census.classes):,} labels, "
        f"{len(census.corpora)} {'corpora' if several else 'corpus'} "
        f"({', '.join(census.corpora)})."
    )
    best = [r for r in material.evaluations if not r.about["speakers_overlap"]]
    if best:
        top = max(best, key=lambda result: result.about["uar"])
        lead.append(f"Best speaker-independent result given: {top.name}, {_uar(top)}.")
    return f"Report of {PurePosixPath(material.table).name}", lead


def data(page: Page, material: Material, say: Say) -> None:
    """Counts, licences."""
    census = material.census
    page.section("data", "Data")
    page.facts(
        {
            "table": material.table,
            "rows": f"{census.n_rows:,} segments of {len(census.recordings):,} recordings",
            "length": f"{census.seconds / 3600:.2f} h, all segments together",
            "speakers": f"{len(census.speakers):,} known"
            + (f"; {census.n_without_speaker:,} rows without" if census.n_without_speaker else ""),
            "kind": "SYNTHETIC, made by emodist" if material.is_synthetic else "as recorded",
        }
    )
    rows = []
    for name in census.corpora:
        entry: Any = registry.get("corpora", name) if name in registry.names("corpora") else None
        rows.append(
            [
                name,
                getattr(entry, "title", ""),
                bundle.licence(name),
                getattr(entry, "citation", ""),
                sum(census.labels[name].values()),
            ]
        )
    page.table(["corpus", "title", "licence", "citation", "rows"], rows)
    for name in census.corpora:
        page.points([f"{name}: {defect}" for defect in _defects(name)])
    n_unlabelled = sum(of[None] for of in census.labels.values())
    if not census.classes:
        page.note(
            "The table has no labels: nothing here can be right or wrong. "
            "Featurize with --corpus, or name labels in a list, to have them."
        )
    else:
        rest = f" {n_unlabelled:,} rows have no label (grey)." if n_unlabelled else ""
        page.figure(
            "labels",
            plots.label_counts(census.labels, material.looks),
            f"Rows of each label, by corpus: all {census.n_rows:,} rows.{rest}",
        )
    if not census.speakers:
        page.note(
            "No speaker is known, so no result on this table can be speaker-independent, and no "
            "number can have an interval over speakers."
        )
        return
    labels = [*census.classes, *([None] if n_unlabelled else [])]
    names = census.speaker_names()
    order = sorted(names, key=lambda key: names[key])
    counts = np.array([[census.speakers[key][label] for label in labels] for key in order])
    page.figure(
        "speakers",
        plots.speaker_counts([names[key] for key in order], labels, counts, material.looks),
        f"Rows of each speaker, divided by label: all {census.n_rows:,} rows"
        + (
            f", of which {census.n_without_speaker:,} without a speaker are not shown."
            if census.n_without_speaker
            else "."
        ),
    )


def examples(page: Page, material: Material, say: Say) -> None:
    """Waveform and spectra of one clip per label."""
    page.section("examples", "Examples")
    say("decoding example clips")
    chosen = _clips.chosen(material.census)
    if not chosen:
        page.note("No row says where its sound is, so there is nothing to show.")
        return
    clips = _clips.read(chosen)
    if clips.missing:
        shown = [[title, message] for title, message in clips.missing.items()]
        page.note(
            f"{len(clips.missing)} of {len(chosen)} example clips could not be read: the media "
            "are gone, or not where the table says."
        )
        page.table(["example", "what happened"], shown)
    if not clips.waveforms:
        return
    named = bool(material.census.classes)
    speakers = {clips.examples[title].speaker for title in clips.waveforms} - {None}
    by = f" by speaker {min(map(str, speakers))}" if len(speakers) == 1 else ""
    what = f"One clip for each label{by}" if named else "The first segment of some recordings"
    n_hidden = len(material.census.classes) - len(chosen)
    if named and n_hidden > 0:
        what = f"One clip for each of the {len(chosen)} commonest labels{by}"
    captions = {
        "waveforms": f"{what}: waveforms, one scale for all.",
        "log_mel": f"{what}: log-mel spectrograms, with the settings of the table.",
        "mfcc": f"{what}: MFCCs, each coefficient z-scored over these clips.",
        "chroma": f"{what}: chroma, the power of each pitch class over the strongest one's.",
    }
    made = _clips.figures(clips, material.looks, material.featurized.get("settings", {}))
    for name, figure in made.items():
        page.figure(name, figure, captions[name])
    page.table(
        ["example", "file", "from, s", "to, s"],
        [
            [title, e.uri, round(e.start_s, 2), round(e.end_s, 2)]
            for title, e in clips.examples.items()
            if title in clips.waveforms
        ],
        f"One example shows what a label can sound like, not what it usually sounds like. "
        f"At most {_clips.LONGEST_S:.0f} s of a segment are drawn.",
    )


def maps(page: Page, material: Material, say: Say) -> None:
    """t-SNE and UMAP, plain and with a z-score per speaker."""
    page.section("maps", "Maps of the rows")
    methods = {"both": ("tsne", "umap"), "none": ()}.get(
        material.settings.maps, (material.settings.maps,)
    )
    if not methods:
        page.text("Left out (maps=none).")
        return
    sample = material.sample
    if len(sample) < _maps.LEAST_ROWS or not sample.x.shape[1] or not np.ptp(sample.x, 0).any():
        page.note(
            f"No map: it needs {_maps.LEAST_ROWS} rows that differ; the table has {len(sample)}."
        )
        return
    versions = {"plain": sample.x.astype(np.float64)}
    if material.normed is not None:
        versions["z-score per speaker"] = material.normed
    panels = {}
    for method in methods:
        for version, x in versions.items():
            title = f"{_maps.TITLES[method]}, {version}"
            say(title)
            panels[title] = _maps.plane(x, method, material.settings.seed)
    page.text(
        "Each point is a segment; neighbours sound alike in the chosen features. Distances between "
        "islands and their sizes mean little. With a z-score per speaker, the shift between voices "
        "is taken out with each speaker's own rows (transductive)."
    )
    if material.normed is None:
        page.note("Some speakers are unknown: no map with a z-score per speaker.")
    groups: dict[str, tuple[list[str | None], Mapping[str, plots.Look] | None]] = {}
    if material.census.classes:
        groups["label"] = (sample.label.tolist(), material.looks)
    cluster_of = material.cluster_of
    if cluster_of is not None:
        numbers = [None if cell is None else int(cell) for cell in cluster_of]
        shapes = cluster_looks([cell for cell in numbers if cell is not None])
        groups["cluster"] = ([None if n is None else str(n) for n in numbers], shapes)
    people = sample.people()
    if any(who is not None for who in people):
        groups["speaker"] = (people.tolist(), None)
    if not groups:
        groups["row"] = ([None] * len(sample), {})
    rows = []
    for name, (of, own) in groups.items():
        n_groups = len(set(of) - {None})
        legend = f" The {n_groups} speakers are shades without a legend."
        page.figure(
            f"maps_{name}",
            plots.maps(panels, of, own, name),
            f"{', '.join(_maps.TITLES[method] for method in methods)} of {material.which_rows}, "
            + (
                "coloured by nothing: no label, cluster or speaker is known"
                if name == "row"
                else f"coloured by {name}"
            )
            + f" ({DESCRIPTIVE})."
            + (legend if name == "speaker" and n_groups > plots.theme.MOST_COLORS else ""),
        )
        for title, at in panels.items():
            share = _maps.neighbours(at, of)
            if share is not None:
                rows.append([name, title, *share])
    if rows:
        page.table(
            ["neighbours of the same", "map", "share", "by chance"],
            rows,
            f"Share of the {_maps.N_NEIGHBORS} nearest rows on the map that have the same label, "
            f"cluster or speaker; {material.which_rows}, {DESCRIPTIVE}. Where the share of the "
            "same speaker is far above chance, a random split would test voices it has heard.",
        )


def groups(page: Page, material: Material, say: Say) -> None:
    """Clusters: scores by k, silhouettes, dendrogram."""
    page.section("clusters", "Clusters")
    settings = ClusterSettings(speaker_norm=material.normed is not None)
    if material.clusters is None:
        page.text("No clusters were given. This makes some; the report takes them with --clusters:")
        norm = " speaker_norm=true" if material.normed is not None else ""
        page.command(f"emodist cluster {material.table} --out clusters/{norm}")
    else:
        settings = _cluster_report(page, material, say)
    _tree(page, material, settings)


def _cluster_report(page: Page, material: Material, say: Say) -> ClusterSettings:
    about = material.clustered
    settings = ClusterSettings(**_tuples(about["settings"], ClusterSettings))
    norm = "z-score per speaker (transductive)" if settings.speaker_norm else "no z-score"
    basis = f"{settings.algorithm}, {about['rows']:,} rows, {norm}; {DESCRIPTIVE}"
    page.text(f"{basis}.")
    for note in about.get("notes", []):
        page.note(note)
    if len(about["scores"]) > 1:
        drawn = about["stability"]
        page.figure(
            "scores_by_k",
            plots.scores_by_k(about["scores"], about["k"]),
            f"Silhouette of each k, and stability: mean adjusted Rand index of "
            f"{drawn['n_resamples']} bootstrap draws of {drawn['resampled']}. {basis}.",
        )
    cluster_of = material.cluster_of
    assert cluster_of is not None
    kept = np.array([cell is not None and cell >= 0 for cell in cluster_of], bool)
    own = cluster_of[kept].astype(int)
    if 2 <= len(set(own.tolist())) < len(own):
        say("silhouettes")
        points = _points(material, settings)[kept]
        n_noise = int(sum(cell == clustering.NOISE for cell in cluster_of))
        rest = f", {n_noise} of them noise and not shown" if n_noise else ""
        page.figure(
            "silhouettes",
            plots.silhouettes(silhouette_samples(points, own), own),
            f"Silhouette of each row within its cluster; rows left of 0 lie nearer to another "
            f"one. {material.which_rows}{rest}; {basis}.",
        )
    told = about["clusters"][:MOST_CLUSTERS_TOLD]
    page.table(
        ["cluster", "rows", "speakers", "commonest labels", "nearest to the centre"],
        [
            [
                str(row["cluster"]),
                row["rows"],
                row["speakers"],
                ", ".join(f"{name} {share:.0%}" for name, share in row["labels"].items()) or "-",
                row["example"] or "-",
            ]
            for row in told
        ],
        f"{len(told)} of {len(about['clusters'])} clusters." * (len(told) < len(about["clusters"])),
    )
    rows = [
        [name, found["ari"], found["nmi"], found["purity"], found["purity_by_chance"]]
        for name in ("labels", "speakers")
        if (found := about.get(name))
    ]
    if rows:
        page.table(
            ["clusters agree with", "ARI", "NMI", "purity", "purity by chance"], rows, f"{basis}."
        )
    return settings


def _tree(page: Page, material: Material, settings: ClusterSettings) -> None:
    try:
        points = _points(material, settings)
    except EmodistError as error:
        page.note(f"No dendrogram: {error}.")
        return
    norm = ", z-score per speaker (transductive)" if settings.speaker_norm else ""
    page.figure(
        "dendrogram",
        plots.dendrogram(points, material.sample.label.tolist(), material.looks),
        f"How {material.which_rows} join (Ward), in {points.shape[1]} principal components{norm}; "
        f"a leaf is a group of rows, with the share of its commonest label. It is a tree of its "
        f"own, not of the clusters above. {DESCRIPTIVE.capitalize()}.",
    )


def judgement(page: Page, material: Material, say: Say) -> None:
    """Evaluations, one after the other."""
    page.section("evaluation", "Classification")
    if not material.evaluations:
        if len(material.census.classes) < 2:
            page.text("Two labels or more are needed to train or judge a classifier.")
            return
        page.text("No evaluation was given, and none is run here. This makes one:")
        page.command(
            f"emodist evaluate {material.table} --out evaluation/",
            f"emodist report {material.table} --evaluation evaluation/ --out report/",
        )
        return
    n_overlap = sum(r.about["speakers_overlap"] for r in material.evaluations)
    if n_overlap:
        page.note(
            f"{n_overlap} of {len(material.evaluations)} results: speakers overlap. The same "
            "voices were in training; such a number says nothing about new people."
        )
    page.table(
        ["model", "protocol", "UAR", "95%", "accuracy", "macro-F1", "ROC AUC", "ECE", "chance"],
        [
            [
                result.name,
                result.about["protocol"],
                result.about["uar"],
                _interval(result),
                result.about["weighted_accuracy"],
                result.about["macro_f1"],
                result.about["roc_auc"],
                result.about["ece"],
                result.about["chance"],
            ]
            for result in material.evaluations
        ],
        "UAR: mean recall of the classes. Intervals resample speakers. ECE: expected calibration "
        "error.",
    )
    if len(material.evaluations) > 1:
        _compared(page, material)
    for number, result in enumerate(material.evaluations, 1):
        _one(page, material, result, number)


def _compared(page: Page, material: Material) -> None:
    page.figure(
        "models",
        plots.models(
            [
                {
                    "name": result.name,
                    "protocol": result.about["protocol"],
                    "uar": result.about["uar"],
                    "interval": _bounds(result),
                    "chance": result.about["chance"],
                    "speakers_overlap": result.about["speakers_overlap"],
                }
                for result in material.evaluations
            ]
        ),
        "UAR of each model under its protocol, with 95% intervals over speakers. "
        "Hollow and grey: speakers overlap, not comparable with the others.",
    )
    tests = _models.differences(material.evaluations)
    if tests:
        page.table(
            ["best", "against", "UAR difference", "95%", "p", "speakers"],
            [
                [
                    row["a"],
                    row["b"],
                    f"{row['difference']:+.3f}",
                    "{:+.3f} to {:+.3f}".format(*row["interval"]),
                    row["p_value"],
                    row["n_speakers"],
                ]
                for row in tests
            ],
            "Paired on the same rows: bootstrap and sign-flip test over speakers. The best was "
            "picked by these very numbers, and p is not corrected for several comparisons. "
            f"Protocol: {tests[0]['protocol']}.",
        )


def _one(page: Page, material: Material, result: Result, number: int) -> None:
    about = result.about
    classes = list(about["classes"])
    looks = {**plots.looks(classes), **material.looks}
    title = f"{result.name}\n{about['protocol']}"
    basis = (
        f"{result.name}; {about['protocol']}; {about['n_rows']:,} rows, "
        f"{about['n_speakers']} speakers"
    )
    page.text(f"{basis}. {about['verdict']}.")
    page.figure(
        f"confusion_{number}",
        plots.confusion(np.array(about["confusion"]), classes, title),
        f"Confusion matrix: rows are the truth; colour is the share of the row, the number the "
        f"count of rows. {basis}.",
    )
    page.table(
        ["class", "precision", "recall", "F1", "ROC AUC", "rows"],
        [
            [
                name,
                about["per_class"][name]["precision"],
                about["per_class"][name]["recall"],
                about["per_class"][name]["f1"],
                about["per_class"][name].get("roc_auc"),
                int(about["per_class"][name]["support"]),
            ]
            for name in classes
        ],
        f"{basis}.",
    )
    against = about.get("comparison")
    if against:
        page.text(
            f"Against {against['against']}: UAR difference {against['difference']:+.3f} (95% "
            f"{against['interval'][0]:+.3f} to {against['interval'][1]:+.3f}, over speakers), "
            f"{against['verdict']}."
        )
    if result.rows is None:
        page.note("Its folder has no predictions.parquet: no ROC curves, no reliability diagram.")
        return
    found = _models.curves(result)
    if found:
        page.figure(
            f"roc_{number}",
            plots.roc(found, looks, title),
            f"ROC curves, each class against the rest; macro AUC {_three(about['roc_auc'])}. "
            f"{basis}.",
        )
    confidence, right, counts = _models.calibration(result.truth(), result.probabilities())
    page.figure(
        f"reliability_{number}",
        plots.reliability(confidence, right, counts, about["ece"], title),
        f"Reliability: below the diagonal, the classifier is too sure of itself. Expected "
        f"calibration error {_three(about['ece'])}, bins of equal numbers of rows. {basis}.",
    )


def importance(page: Page, material: Material, say: Say) -> None:
    """What the classifier leans on, and which numbers differ between labels."""
    page.section("importance", "Features")
    able = [r for r in material.evaluations if not r.about["speakers_overlap"]]
    pool = able or material.evaluations
    if pool:
        best = max(pool, key=lambda result: result.about["uar"])
        say("permutation importance")
        rows, note = _models.permutation(material.table, best, material.settings.importance_rows)
        if rows:
            page.figure(
                "importance",
                plots.importance(
                    [f"{row['name']} ({row['n_numbers']})" for row in rows],
                    np.array([row["loss"] for row in rows]),
                    np.array([[row["low"], row["high"]] for row in rows]),
                    "loss of UAR when shuffled, with 95% over speakers",
                    f"{best.name}\n{best.about['protocol']}",
                ),
                f"Permutation importance by feature (how many numbers it has): all numbers of a "
                f"feature are shuffled together among held-out rows, {_models.N_REPEATS} times. "
                f"Features that say the same cover for each other: a small loss does not mean that "
                f"a feature is useless. {best.name}; {best.about['protocol']}.",
            )
        if note:
            page.note(f"Permutation importance of {best.name}: {note}.")
    else:
        page.text("Permutation importance needs an evaluation (--evaluation DIR).")
    if not material.census.classes:
        return
    if material.normed is None:
        page.note("Effect of single numbers: needs the speaker of every row.")
        return
    sample = material.sample
    effects, note = _models.effects(
        material.normed, sample.names, sample.label, sample.people(), material.settings.seed
    )
    if not effects:
        page.note(f"Effect of single numbers: {note}.")
        return
    page.figure(
        "effects",
        plots.importance(
            [row["name"] for row in effects],
            np.array([row["effect"] for row in effects]),
            np.array([[row["low"], row["high"]] for row in effects]),
            "eta squared: share of variance between labels, with 95% over speakers",
        ),
        f"The {len(effects)} numbers that differ most between labels, one at a time: {note}; "
        f"z-score per speaker (transductive); {material.which_rows}. Neighbours in this list often "
        "say the same.",
    )


def sweep(page: Page, material: Material, say: Say) -> None:
    """Best trials and the pictures of a sweep."""
    if material.sweep is None:
        return
    page.section("sweep", "Sweep")
    folder = material.sweep
    about = json.loads(storage.read(storage.join(folder, "sweep.json")))
    plain = {
        key: value
        for key, value in about.items()
        if isinstance(value, str | int | float | bool) and key != "emodist"
    }
    page.facts(plain)
    names = storage.names(folder)
    if "trials.parquet" in names:
        head, rows, caption = _trials(storage.join(folder, "trials.parquet"), about)
        page.table(head, rows, caption)
    for name in sorted(names):
        if name.endswith(".png"):
            png = storage.read(storage.join(folder, name))
            page.picture(f"sweep_{name.removesuffix('.png')}", png, f"{name} of the sweep.")
    page.text(
        "The best of many trials looks better than it is: its number chose it. Judge the chosen "
        "settings on speakers that no trial has seen."
    )


def provenance(page: Page, material: Material, say: Say) -> None:
    """Fingerprint, settings, versions, commands."""
    page.section("provenance", "Where this comes from")
    run, own = material.featurized, material.settings
    page.facts(
        {
            "data fingerprint": f"{material.census.fingerprint} "
            "(recording, segment, label and sound of every row, in any order)",
            "table": material.table,
            **{f"evaluation: {r.name}": r.folder for r in material.evaluations},
            **({"clusters": material.clusters} if material.clusters else {}),
            **({"sweep": material.sweep} if material.sweep else {}),
            "versions": ", ".join(
                f"{name} {version}"
                for name, version in {
                    "emodist": emodist.__version__,
                    "python": platform.python_version(),
                    **{name: importlib.metadata.version(name) for name in PACKAGES},
                }.items()
            ),
        }
    )
    page.text("The commands that made the inputs, as their folders record them, and this page:")
    page.command(*_commands(material))
    if run:
        page.text("Settings of the table:")
        page.command(*_settings_lines(run.get("settings", {})))
        versions = {"emodist": run.get("emodist", "?"), **run.get("versions", {})}
        theirs = ", ".join(f"{name} {version}" for name, version in versions.items())
        page.text(f"Versions that made the table: {theirs}.")
    else:
        page.note("The table has no run.json: what made it is not known.")
    page.text("Settings of this report:")
    page.command(*_settings_lines(own.identity()))


ALL = (data, examples, maps, groups, judgement, importance, sweep, provenance)


def _commands(material: Material) -> list[str]:
    lines = []
    made = material.featurized.get("settings", {})
    if made.get("job") == "featurize":
        more = [w for w in _models.words(made, FeaturizeSettings) if not w.startswith("path=")]
        lines.append(_line("emodist featurize", made["path"], "--out", material.table, *more))
    for result in material.evaluations:
        about = result.about
        against = about.get("comparison", {}).get("against")
        lines.append(
            _line(
                "emodist evaluate",
                storage.absolute(about.get("table", material.table)),
                "--out",
                result.folder,
                *(["--against", against] if against else []),
                *_models.words(about.get("settings", {}), TrainSettings),
            )
        )
    if material.clusters:
        more = _models.words(material.clustered["settings"], ClusterSettings)
        lines.append(_line("emodist cluster", material.table, "--out", material.clusters, *more))
    inputs = [word for result in material.evaluations for word in ("--evaluation", result.folder)]
    if material.clusters:
        inputs += ["--clusters", material.clusters]
    if material.sweep:
        inputs += ["--sweep", material.sweep]
    own = _models.words(material.settings.identity(), type(material.settings))
    lines.append(_line("emodist report", material.table, *inputs, "--out", "DIR", *own))
    return lines


def _settings_lines(settings: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {json.dumps(value)}" for name, value in settings.items()]


def _line(program: str, *words: str) -> str:
    # A path with blanks must survive the shell.
    return " ".join([program, *(f"'{word}'" if " " in word else word for word in words)])


def _points(material: Material, settings: ClusterSettings) -> np.ndarray:
    """The sampled rows in the space that was clustered; exactly so if the sample is the table."""
    rows = material.sample
    if settings.speaker_norm:
        if material.normed is None:
            raise ConfigError("some speakers are unknown, and speaker_norm needs them")
        rows = dataclasses.replace(rows, x=material.normed)
        settings = dataclasses.replace(settings, speaker_norm=False)
    if settings.features is not None:
        rows = rows.pick(settings.features)
    return clustering.space(rows, settings)[0]


def _trials(uri: str, about: Mapping[str, Any]) -> tuple[list[str], list[list[Any]], str]:
    """The best trials by the sweep's metric."""
    rows = export.open_table(uri).to_table().to_pylist()
    metric = about.get("metric") if rows and about.get("metric") in rows[0] else None
    if metric is not None:
        sign = 1 if about.get("mode") == "min" else -1
        rows = [row for row in rows if row[metric] is not None]
        rows.sort(key=lambda row: sign * row[metric])
    kept = [
        name
        for name in (rows[0] if rows else {})
        if any(isinstance(row[name], str | int | float) for row in rows)
    ]
    # Few columns fit on a page: the metric first, then settings as they stand.
    kept.sort(key=lambda name: name != metric)
    order = f"the best by {metric}" if metric else "the first ones: no metric is named"
    protocol = about.get("protocol", "protocol: see the sweep's settings")
    caption = f"{min(N_TRIALS, len(rows))} of {len(rows)} trials, {order}; {protocol}."
    cells = [[_cell(row[name]) for name in kept] for row in rows[:N_TRIALS]]
    return kept, cells, caption


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return "-" if value is None else str(value).lower()
    return value if isinstance(value, int | float) else str(value)


def _distinct(results: list[Result]) -> list[Result]:
    """Results whose names differ: by their protocol's short name, or else by number."""
    twice = {name for name, n in Counter(r.name for r in results).items() if n > 1}
    found: list[Result] = []
    for result in results:
        name = result.name
        if name in twice:
            name += f" ({result.about.get('settings', {}).get('folds', 'folds unknown')})"
        n_same = sum(other.name.split(" #")[0] == name for other in found)
        if n_same:
            name += f" #{n_same + 1}"
        found.append(dataclasses.replace(result, name=name))
    return found


def _json_of(folder: str | None, name: str, verb: str) -> dict[str, Any]:
    if folder is None:
        return {}
    if name not in storage.names(storage.absolute(folder)):
        raise ConfigError(f"{folder} has no {name}; `emodist {verb} ... --out {folder}` writes one")
    return json.loads(storage.read(storage.join(storage.absolute(folder), name)))


def _run_record(table: str) -> dict[str, Any]:
    """The `run.json` of the output folder that a table is, or lies in; empty if there is none."""
    folder = storage.absolute(table)
    for _ in range(3):
        if "run.json" in storage.names(folder):
            return json.loads(storage.read(storage.join(folder, "run.json")))
        folder = folder.rpartition("/")[0]
        if not folder:
            break
    return {}


def _is_synthetic(path: str | None) -> bool:
    """Whether the demo's corpus was read: its README stands in the folder or one above."""
    folder = path
    for _ in range(3):
        if not folder or folder.endswith(":/"):
            break
        if "README.txt" in storage.names(folder):
            return storage.read(storage.join(folder, "README.txt")).startswith(SYNTHETIC)
        folder = folder.rpartition("/")[0]
    return False


def _defects(corpus: str) -> Sequence[str]:
    if corpus not in registry.names("corpora"):
        return ()
    entry = registry.get("corpora", corpus)
    assert issubclass(entry, corpora.Corpus)
    return entry.defects


def _tuples(values: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """JSON's lists as the tuples that settings hold; words that the settings do not know go."""
    known = {field.name for field in dataclasses.fields(kind)}
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
        if key in known
    }


def _bounds(result: Result) -> tuple[float, float]:
    """Of UAR; the number itself where too few speakers give an interval."""
    low, high = result.about["intervals"]["uar"]
    uar = result.about["uar"]
    return (uar if low is None else low, uar if high is None else high)


def _interval(result: Result) -> str:
    low, high = result.about["intervals"]["uar"]
    return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _uar(result: Result) -> str:
    about = result.about
    return (
        f"UAR {about['uar']:.3f} (95% {_interval(result)}, over {about['n_speakers']} speakers; "
        f"{about['protocol']}; chance {about['chance']:.3f})"
    )


def _three(number: float | None) -> str:
    return "not defined" if number is None else f"{number:.3f}"

"""Figures as the benchmarks wrote them, `benchmarks/results/NAME.json`, and tables of them."""

import json
from functools import cache
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


@cache
def result(name):
    """All that a benchmark wrote."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def figure(path, form=".3g"):
    """One number: `figure("quality/models/lda/plain/uar", ".3f")`."""
    name, *keys = path.split("/")
    value = result(name)["figures"]
    for key in keys:
        value = value[key]
    return format(value, form)


def made(name):
    """How a result came about, in a line below its table."""
    about = result(name)
    machine, versions = about["machine"], about["versions"]
    busy = "" if machine["load"] <= machine["cores"] else ", shared with other work"
    return (
        f"*`{about['command']}`, {about['when']}, emodist {about['emodist']}, Python "
        f"{versions['python']}, {machine['cores']} cores ({machine['processor']}{busy}).*"
    )


def command(name):
    """What renews a result."""
    return f"`{result(name)['command']}`"


def transcript(name):
    """A command and what it printed."""
    both = result("transcripts_lab")["figures"] | result("transcripts_archive")["figures"]
    one = both[name]
    return f"```text\n$ {one['command']}\n{one['output']}\n```"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def quality(short=False):
    """Classifiers under the honest protocol, best first."""
    found = result("quality")["figures"]["models"]
    best = sorted(found, key=lambda name: -found[name]["plain"]["uar"])
    head = ["classifier", "UAR (95%)", "UAR, z-score per speaker (transductive)"]
    if not short:
        head += ["*random clips, speakers overlap*", "speakers, lowest to highest"]
    rows = []
    for name in best[:3] if short else best:
        one = found[name]
        row = [f"`{name}`", _interval(one["plain"]), _interval(one["speaker_norm"])]
        if not short:
            # On a page the table scrolls; an interval stays in one line.
            row.append(f"*{one['random']['uar']:.3f}*")
            row.append(f"{one['lowest_speaker']:.2f} to {one['highest_speaker']:.2f}")
            row = [part.replace(" ", "&nbsp;") for part in row]
        rows.append(row)
    return table(head, rows)


def _interval(one):
    return f"{one['uar']:.3f} ({one['low']:.3f} to {one['high']:.3f})"


def speed(short=False):
    """CPU time of emodist beside librosa's."""
    calls, whole = result("features")["figures"]["calls"], result("end_to_end")["figures"]
    rows = [
        ("ten features of librosa, with functionals", calls["all, with functionals"]),
        ("all default features, against those ten and yin", calls["all defaults"]),
        (f"files to Parquet rows, {whole['n_clips']} clips, ten features", whole["clips"]),
        ("file to Parquet rows, a 10-minute MP4, ten features", whole["video"]),
    ]
    if short:
        rows = rows[1:]
    return table(
        ["CPU ms for a second of sound, one thread", "librosa", "emodist", "ratio"],
        [
            [
                title,
                f"{one['librosa_ms_per_s']:.2f}",
                f"{one['emodist_ms_per_s']:.2f}",
                f"{one['ratio']:.1f}",
            ]
            for title, one in rows
        ],
    )


def features_speed():
    """Each feature alone, on a fresh analysis; emodist's own as what each adds."""
    rows = []
    for name, one in result("features")["figures"]["calls"].items():
        if "ratio" in one:
            cells = [one["librosa_ms_per_s"], one["emodist_ms_per_s"], one["ratio"]]
            rows.append([name, *(f"{cell:.2f}" for cell in cells)])
        else:
            rows.append([f"{name} (what it adds)", "", f"{one['added_ms_per_s']:.2f}", ""])
    return table(["CPU ms for a second of sound", "librosa", "emodist", "ratio"], rows)


def starting():
    """What a process costs that does one thing and ends."""
    ways = {
        "a Python that does nothing": "python",
        "`import emodist`": "import_emodist",
        "`emodist --help`": "help",
        "`emodist featurize --help`": "featurize_help",
        "`emodist featurize` of one clip": "featurize_one_clip",
        "librosa's MFCCs of that clip": "librosa_mfcc",
        "`import nkululeko.experiment`": "import_nkululeko",
    }
    found = result("start")["figures"]
    return table(
        ["medians", "wall s", "CPU s"],
        [
            [way, f"{found[key]['wall_median_s']:.2f}", f"{found[key]['cpu_median_s']:.2f}"]
            for way, key in ways.items()
            if key in found
        ],
    )


def decoding():
    found = result("decode")["figures"]
    parts = ("video", "wav", "flac")
    head = ["way", "10-minute MP4", "WAV clips", "FLAC clips"]
    if "memory" in found:
        head.append("memory for 60 minutes, MB")
    rows = []
    for way in found["video"]:
        row = [way, *(f"{found[part][way]['cpu_ms_per_s']:.2f}" for part in parts)]
        if "memory" in found:
            row.append(f"{found['memory'][way]['peak_mb']:.0f}")
        rows.append(row)
    return table(head, rows)


def containers():
    """What becomes of a file of each container."""
    head = ["container", "whole", "cut", "holed", "late", "streamed"]
    rows = []
    for title, case in result("containers")["figures"].items():
        cells = [_heard(case.get(name)) for name in head[1:]]
        cells[1] += f"<br>{_heard(case['keep'])}" if "refused" in case["cut"] else ""
        rows.append([title, *cells])
    return table(head, rows)


def _heard(found):
    """Seconds that came out, and what was said of them."""
    if found is None:
        return ""
    if "refused" in found:
        return found["refused"].partition(":")[0]
    words = [f"{found['seconds']:.1f} s"]
    words += [f"from {found['offset_s']:.1f} s on"] if found["offset_s"] else []
    words += [f"{found['filled_s']:.1f} s filled"] if found["filled_s"] else []
    words += [f"{found['lost_s']:.1f} s lost"] if found["lost_s"] >= 0.1 else []
    return ", ".join(words).replace(" s", "&nbsp;s")


def yamnet():
    head = ["", "CPU ms per patch", "wall ms per patch", "CPU ratio", "wall ratio"]
    names = ("cpu_ms_per_patch", "wall_ms_per_patch", "cpu_ratio", "wall_ratio")
    return table(
        head,
        [
            [side, *(f"{one[name]:.2f}" for name in names)]
            for side, one in result("yamnet")["figures"]["sides"].items()
        ],
    )


def scale():
    head = ["files", "CPU s", "CPU ms per further file", "driver MB", "largest child MB"]
    rows = []
    for size, one in result("scale")["figures"]["sizes"].items():
        first, more = one["first"], one.get("cpu_ms_more")
        cells = [f"{first['cpu_s']:.1f}", "" if more is None else f"{more:.1f}"]
        cells += [f"{first[name]:.0f}" for name in ("driver_mb", "child_mb")]
        rows.append([f"{int(size):,}", *cells])
    return table(head, rows)


def archive_plan():
    head = ["hours (files)", "walk the bucket", "plan", "driver memory", "plan on disk"]
    head += ["resume", "shards"]
    rows = []
    for size, one in result("simulate")["figures"]["sizes"].items():
        rows.append(
            [
                f"{one['hours']:,.0f} ({int(size):,})",
                f"{one['listing_s']:.1f} s",
                f"{one['planning_s']:.1f} s",
                f"{one['planning_mb']:.0f} MB",
                f"{one['metadata_mb']:.0f} MB",
                f"{one['resume_s']:.1f}&nbsp;s, {one['resume_mb']:.0f}&nbsp;MB",
                f"{one['shards']:,}",
            ]
        )
    return table(head, rows)


def archive_cost():
    found = result("simulate_cost")["figures"]
    head = ["hours", "core-hours", f"on {found['cpus']} CPUs"]
    head += [f"cost at {found['price_per_cpu_h']} a CPU hour", "output", "output with `log_mel`"]
    rows = []
    for hours, one in found["hours"].items():
        plain, image = one["without log_mel"], one["with log_mel"]
        cells = [f"{plain['core_h']:,.0f}", f"{plain['wall_h']:,.2f} h", f"{plain['cost']:,.2f}"]
        cells += [f"{plain['gb']:,.0f}&nbsp;GB", f"{image['gb']:,.0f}&nbsp;GB"]
        rows.append([f"{int(hours):,}", *cells])
    return table(head, rows)


def augmentation():
    found = result("augment")["figures"]["ms_per_s"]
    return table(
        ["call", "CPU ms for a second of sound"],
        [[f"{name}", f"{ms:.2f}"] for name, ms in found.items()],
    )


def networks():
    """Networks under the honest protocol: mean, and half the range over the seeds."""
    found = result("network_quality")["figures"]
    names = ("uar", "weighted_accuracy", "macro_f1", "roc_auc", "blend_uar")
    rows = []
    models = found["folds"]["models"]
    for model in sorted(models, key=lambda name: -sum(models[name]["uar"])):
        if model != found["beside"]:
            cells = [_spread(models[model][name]) for name in names]
            rows.append([f"`{model}`", *cells, f"{models[model]['cpu_s']:.0f}"])
    head = ["network", "UAR", "accuracy", "macro-F1", "ROC AUC"]
    return table([*head, f"UAR, blended with `{found['beside']}`", "CPU s"], rows)


def _spread(values):
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    return f"{mean:.3f} ± {(max(values) - min(values)) / 2:.3f}"


def speech_agreement():
    """Who agrees with the annotation of real meetings."""
    titles = {
        "silero": "`speech=silero`",
        "defaults": "Silero with its own defaults",
        "energy": "`speech=energy`, frame by frame",
        "widened": "the same, pauses filled and ends padded as Silero's",
        "all": "everything is speech",
    }
    found = result("speech")["figures"]["pooled"]
    names = ("f1", "precision", "recall")
    rows = [[title, *(f"{found[k][name]:.3f}" for name in names)] for k, title in titles.items()]
    return table(["", "F1", "precision", "recall"], rows)


def speech_each():
    each = result("speech")["figures"]["each"]
    return ", ".join(f"{value:.2f}" for value in each.values())


def speech_taken():
    found = result("speech")["figures"]["taken_for_speech"]
    rows = [
        [name, *(f"{one[way]:.0%}" for way in ("energy", "silero"))] for name, one in found.items()
    ]
    return table(["", "`energy`", "`silero`"], rows)


def speech_cost():
    found = result("speech")["figures"]["ms_per_s"]
    titles = {
        "decode": "decode FLAC",
        "features": "all default features",
        "energy": "`speech=energy`",
        "silero": "`speech=silero`",
    }
    return table(
        ["CPU ms for a second of sound, one thread", ""],
        [[title, f"{found[name]:.2f}"] for name, title in titles.items()],
    )


def speech_rule(name):
    """A number of the rule for stretches, as it stands in the code."""
    from emodist.audio import speech

    return f"{getattr(speech, name):g}"


def has(name):
    """Whether a benchmark has been run."""
    return (RESULTS / f"{name}.json").exists()


NAMES = {
    call.__name__: call
    for call in (
        *(
            figure,
            made,
            command,
            transcript,
            quality,
            speed,
            features_speed,
            starting,
            decoding,
            containers,
            yamnet,
            scale,
        ),
        *(archive_plan, archive_cost, augmentation, networks, has),
        *(speech_agreement, speech_each, speech_taken, speech_cost, speech_rule),
    )
}

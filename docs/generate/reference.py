"""What the code says of itself: commands, settings, columns, features, corpora, models."""

import contextlib
import inspect
import io
import re
from html import escape

from figures import table

from emodist import annotations, cli, corpora, ontology, registry
from emodist.citations import bibtex
from emodist.features import DEFAULT, DEFAULT_FUNCTIONALS, _functionals
from emodist.predicting import rows as predictions
from emodist.tables import schema

# How many numbers these have, only their model knows.
FROM_A_MODEL = ("yamnet", "yamnet_scores")
# What stands below a kind of command that knows others, such as `tune classifier`.
SUBCOMMANDS = {"tune": ("classifier", "clusters", "network")}


def cell(text):
    """Text inside a table."""
    return escape(" ".join(str(text).split()), quote=False).replace("|", "\\|")


def commands():
    """Every verb: its help as it is printed."""
    parts = []
    for verb in cli.verbs():
        parts.append(f"## emodist {verb}\n")
        for more in SUBCOMMANDS.get(verb, ("",)):
            words = [verb, *([more] if more else []), "--help"]
            parts.append(f"```text\n$ emodist {' '.join(words)}\n{_help(words)}\n```\n")
    return "\n".join(parts)


def _help(words):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        cli.main(list(words))
    return printed.getvalue().rstrip()


def features():
    """A table of all features: what, unit, how many numbers, source."""
    head = ["feature", "what", "unit", "numbers", "source", "default"]
    return table(head, [_feature_row(name) for name in registry.names("features")])


def _feature_row(name):
    entry = registry.get("features", name)
    meaning = registry.describe("features", name)[0]
    sources = ", ".join(bibtex.short(work) for work in bibtex.works(entry.citation))
    link = f"[`{name}`](#{name})"
    is_default = "yes" if name in DEFAULT else ""
    return [
        link,
        cell(meaning),
        cell(entry.unit),
        _size(name),
        cell(sources or "emodist"),
        is_default,
    ]


def _size(name):
    if name in FROM_A_MODEL:
        return "the model's, for each functional"
    if name == "opensmile":
        return "the set's"
    shape = registry.build("features", name).shape(DEFAULT_FUNCTIONALS)
    return " by ".join(map(str, shape))


def feature_cards():
    """Each feature in full: its docstring, settings and first columns."""
    return "\n".join(_feature_card(name) for name in registry.names("features"))


def _feature_card(name):
    entry = registry.get("features", name)
    parts = [f"### {name}\n", _docstring(entry)]
    settings = registry.describe("features", name)[1]
    if settings:
        parts.append(f"Settings: `{settings}`\n")
    if name not in (*FROM_A_MODEL, "opensmile"):
        labels = registry.build("features", name).labels(DEFAULT_FUNCTIONALS)
        shown = ", ".join(f"`{label}`" for label in labels[:3])
        more = f", ... (`{labels[-1]}` is the last)" if len(labels) > 3 else ""
        parts.append(f"Columns: {shown}{more}\n")
    sources = [bibtex.short(work) for work in bibtex.works(entry.citation)]
    if sources:
        parts.append(f"Source: {cell(', '.join(sources))}\n")
    return "\n".join(parts)


def sources():
    """The works that features come from, each once."""
    names = registry.names("features")
    works = {
        work.key: work
        for name in names
        for work in bibtex.works(registry.citation("features", name))
    }
    lines = []
    for work in sorted(works.values(), key=bibtex.short):
        line = cell(bibtex.plain(work)).replace("doi:", "https://doi.org/")
        lines.append("- " + re.sub(r"(https://\S+)", r"<\1>", line))
    return "\n".join(lines)


def functionals():
    """The functionals, as their module says."""
    return inspect.cleandoc(_functionals.__doc__ or "")


def columns():
    """Columns of the tables, with their types and what they hold."""
    predicted = predictions.predictions_schema(["CLASS"], "")
    parts = []
    for title, found, meanings in (
        ("recordings: a row for each media file", schema.RECORDINGS, schema.MEANINGS),
        (
            "features: a row for each segment",
            [*schema.SEGMENTS, schema.OVERLAP],
            schema.MEANINGS,
        ),
        ("failures: a row for each file that failed", schema.FAILURES, schema.MEANINGS),
        (
            "predictions: the keys of a segment, then",
            [field for field in predicted if field.name in predictions.MEANINGS],
            predictions.MEANINGS,
        ),
    ):
        rows = [[f"`{field.name}`", f"`{field.type}`", meanings[field.name]] for field in found]
        parts.append(f"### {title}\n\n{table(['column', 'type', 'what it holds'], rows)}\n")
    return "\n".join(parts)


def corpora_cards():
    """Each corpus as `emodist corpora NAME` prints it, and what its labels mean."""
    parts = []
    for name in registry.names("corpora"):
        text = corpora.card(name)
        if registry.get("corpora", name).labels:
            text += f"\n\n{ontology.text(name)}"
        parts.append(f"## {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def formats():
    """The formats of annotations, with what each has a place for."""
    says = [word for word in annotations.SAYS if word != "recording"]
    rows = []
    for name in registry.names("annotations"):
        entry = registry.get("annotations", name)
        _, settings = registry.describe("annotations", name)
        rows.append(
            [
                f"`{name}`",
                " ".join(f"`{suffix}`" for suffix in entry.suffixes),
                "one a file" if entry.is_per_recording else "many",
                ", ".join(word for word in says if word in entry.keeps),
                "milliseconds" if entry.digits == 3 else "samples",
                f"`{cell(settings)}`" if settings else "",
            ]
        )
    return table(["name", "suffixes", "recordings", "keeps", "times to", "settings"], rows)


def entries(folder):
    """The entries of a registry, with their settings."""
    rows = []
    for name in registry.names(folder):
        meaning, settings = registry.describe(folder, name)
        rows.append([f"`{name}`", cell(meaning), f"`{cell(settings)}`" if settings else ""])
    return table(["name", "what", "settings and defaults"], rows)


def _docstring(entry):
    """A docstring as Markdown: numpy's headings become words of their own."""
    text = inspect.cleandoc(entry.__doc__ or "")
    text = re.sub(r"(?m)^(\w+)\n-{3,}$", r"\n**\1**\n", text)
    lines, heading = [], ""
    for line in text.splitlines():
        if line.startswith("**"):
            heading = line.strip("*")
        elif heading in ("Parameters", "Raises") and line and not line.startswith(" "):
            line = f"- {line}" if heading == "Parameters" else f"- {line}:"
        lines.append(line)
    return "\n".join(lines) + "\n"


NAMES = {
    call.__name__: call
    for call in (
        *(commands, features, feature_cards, sources, functionals, columns, corpora_cards),
        *(entries, formats),
    )
}

"""Where a report comes from: fingerprint, settings, versions, commands."""

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from typing import Any

import emodist
from emodist import storage
from emodist.clustering.settings import ClusterSettings
from emodist.media.settings import FeaturizeSettings
from emodist.reporting import _models
from emodist.reporting._material import Material, Say
from emodist.reporting._page import Page

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "umap-learn",
    "librosa",
    "pyarrow",
    "matplotlib",
)


def add(page: Page, material: Material, say: Say) -> None:
    """Fingerprint, settings, versions, commands."""
    page.section("provenance", "Where this comes from")
    run, own = material.featurized, material.settings
    page.facts(
        {
            "data fingerprint": f"{material.census.fingerprint} "
            "(recording, segment, label and sound of every labelled row, or of all without labels; "
            "that of a bundle of this table)",
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
    page.paragraph(
        "The commands that made the inputs, as their folders record them, and this page:"
    )
    page.command(*_commands(material))
    if run:
        page.paragraph("Settings of the table:")
        page.command(*_settings_lines(run.get("settings", {})))
        versions = {"emodist": run.get("emodist", "?"), **run.get("versions", {})}
        theirs = ", ".join(f"{name} {version}" for name, version in versions.items())
        page.paragraph(f"Versions that made the table: {theirs}.")
    else:
        page.note("The table has no run.json: what made it is not known.")
    page.paragraph("Settings of this report:")
    page.command(*_settings_lines(own.identity()))


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
                *(["--with", ",".join(about["blended"])] if about.get("blended") else []),
                *(["--against", against] if against else []),
                *_models.words(about.get("settings", {}), _models.settings_type_of(about)),
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

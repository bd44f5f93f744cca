"""The house of the README: imports go down, only `pipelines/` knows Ray."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import emodist

ROOT = Path(emodist.__file__).parent
FLOORS = {
    0: {"__init__", "compiled", "errors", "registry", "schema", "spaces", "storage", "tables"},
    1: {
        "audio",
        "augmentations",
        "batch_augmentations",
        "clusterers",
        "corpora",
        "estimators",
        "evaluation",
        "features",
        "listing",
        "networks",
        "ontology",
        "plots",
        "splits",
        "synthesis",
    },
    2: {
        "audit",
        "balance",
        "batches",
        "bundle",
        "child",
        "cluster_scores",
        "cluster_text",
        "clustering",
        "config",
        "dataset",
        "doctor",
        "export",
        "fetch",
        "judging",
        "learning",
        "media",
        "models",
        "network_bundle",
        "network_checkpoint",
        "network_fit",
        "network_records",
        "network_training",
        "output",
        "plan",
        "plan_log",
        "proposals",
        "report",
        "predict",
        "shards",
        "stages",
        "sweep_files",
        "sweeps",
        "trace",
        "training",
        "tuning",
        "variants",
    },
    3: {"pipelines"},
    4: {"cli", "commands", "__main__"},
}
FLOOR = {name: floor for floor, members in FLOORS.items() for name in members}
FILES = sorted(ROOT.rglob("*.py"))


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR else "__init__"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_to_the_same_floor_or_a_lower_one(file):
    own = file.relative_to(ROOT).parts[0].removesuffix(".py")
    for module in imports(file):
        if not module.startswith("emodist"):
            continue
        other = room(module)
        assert FLOOR[other] <= FLOOR[own], f"{own} imports {module}"
        if FLOOR[own] == 1 and FLOOR[other] == 1:
            assert own == other, f"siblings know each other: {own} imports {module}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_only_pipelines_import_ray(file):
    if file.relative_to(ROOT).parts[0] != "pipelines":
        assert not {module.split(".")[0] for module in imports(file)} & {"ray"}


@pytest.mark.parametrize(
    "module", ["emodist.features", "emodist.audio.decode", "emodist.media.stages"]
)
def test_importing_loads_neither_ray_nor_tensorflow(module):
    code = f"import sys, {module}; print({{'ray', 'tensorflow', 'keras'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

"""The house: imports go down, and only `pipelines/` knows Ray."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import emodist

ROOT = Path(emodist.__file__).parent
# From the ground up, in their true order. What a floor may know stands below it.
FLOORS = (
    {"__init__", "compiled", "errors", "plots", "spaces"},
    {"plugins"},
    {"registry", "storage"},
    {"config"},
    {"citations", "ontology", "tables", "audio", "synthesis"},
    {
        *("annotations", "augmentations", "batch_augmentations", "clusterers", "corpora"),
        *("estimators", "features", "networks"),
    },
    {"fetch", "learning", "media", "sweeps"},
    {"clustering", "doctor", "network_training"},
    {"models"},
    {"predicting", "reporting", "trace", "tuning"},
    {"pipelines"},
    {"interface"},
    {"commands"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(ROOT.rglob("*.py"))
AT_THE_ROOT = 14
LONG = 400


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str:
    """`emodist.media.plan` stands in `media`; a name of the package itself in `__init__`."""
    parts = module.split(".")
    is_place = len(parts) > 1 and ((ROOT / parts[1]).is_dir() or (ROOT / f"{parts[1]}.py").exists())
    return parts[1] if is_place else "__init__"


def test_every_place_stands_on_a_floor():
    places = {file.relative_to(ROOT).parts[0].removesuffix(".py") for file in FILES}
    assert places == set(FLOOR)


def test_the_root_holds_little():
    assert len(list(ROOT.glob("*.py"))) <= AT_THE_ROOT


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_to_a_lower_floor_or_to_the_same_room(file):
    own = file.relative_to(ROOT).parts[0].removesuffix(".py")
    if own == "__init__":
        # The front door names what stands on the top floors, for type checkers alone.
        return
    for module in imports(file):
        if module.partition(".")[0] == "emodist" and room(module) != own:
            assert FLOOR[room(module)] < FLOOR[own], f"{own} imports {module}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_only_pipelines_import_ray(file):
    if file.relative_to(ROOT).parts[0] != "pipelines":
        assert not {module.split(".")[0] for module in imports(file)} & {"ray"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_is_short_or_says_why_not(file):
    text = file.read_text()
    if len(text.splitlines()) > LONG:
        assert "One file: " in (ast.get_docstring(ast.parse(text)) or "")


def test_importing_the_package_loads_nothing_but_itself():
    code = (
        "import sys; before = set(sys.modules); import emodist; new = set(sys.modules) - before; "
        "print(sorted({m.split('.')[0] for m in new} - sys.stdlib_module_names), "
        "[m for m in new if m.startswith('emodist.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['emodist'] []"


def test_no_room_takes_the_name_of_a_function():
    rooms = {file.relative_to(ROOT).parts[0].removesuffix(".py") for file in FILES}
    assert not rooms & set(emodist.__all__)


@pytest.mark.parametrize(
    "module", ["emodist", "emodist.features", "emodist.audio.decode", "emodist.media.stages"]
)
def test_importing_loads_neither_ray_nor_tensorflow(module):
    code = f"import sys, {module}; print({{'ray', 'tensorflow', 'keras'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

"""Nothing of Python's is handed to Arrow's readers, whose threads may outlive the interpreter."""

import ast
from pathlib import Path

import pyarrow as pa
import pytest

import emodist
from emodist import storage
from emodist.tables import native

ROOT = Path(emodist.__file__).parent
READERS = frozenset(
    (
        *("ParquetFile", "ParquetDataset", "read_table", "read_metadata", "read_schema"),
        *("read_csv", "open_csv", "read_json", "open_json", "open_stream", "open_file"),
        *("dataset", "PythonFile", "PyFileSystem", "FSSpecHandler"),
    )
)


def names_of_arrow(tree: ast.Module) -> set[str]:
    """What the module calls modules of Arrow."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "pyarrow":
                    found.add(alias.asname or "pyarrow")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pyarrow"):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT)))
def test_arrow_reads_in_tables_alone(file):
    tree = ast.parse(file.read_text())
    arrow = names_of_arrow(tree)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node).split(".")[0] in arrow
    }
    found = (used | arrow) & READERS
    if file.parent.name == "tables":
        # No filesystem of Python's, and no dataset, which would need one for objects.
        assert not found & {"dataset", "PythonFile", "PyFileSystem", "FSSpecHandler"}
        keywords = [node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword)]
        assert "filesystem" not in keywords
    else:
        assert not found


@pytest.mark.parametrize("place", ["local", "memory://native"])
@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 5000])
def test_a_source_has_the_bytes_of_its_file_and_no_python_object(tmp_path, place, data):
    uri = f"{tmp_path if place == 'local' else place}/file"
    storage.write(uri, data)
    with native.opened(uri) as file:
        assert not isinstance(file, pa.PythonFile)
        assert file.read() == data


def test_parts_lie_where_they_lay_and_what_lies_between_takes_no_memory():
    before = resident_bytes()
    made = native.buffer({3: b"abc", 2**33: b"end"}, 2**33 + 3)
    assert made.size == 2**33 + 3
    assert made.slice(3, 3).to_pybytes() == b"abc"
    assert made.slice(2**33).to_pybytes() == b"end"
    assert resident_bytes() - before < 2**26


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

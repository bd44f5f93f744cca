"""A file to begin a plugin with, which works at once, and a test of it.

`emodist.plugins` says how a folder of plugins is laid out; the `__init__` of each registry folder
says what its entries have to hold.
"""

import re
import string
from collections.abc import Sequence
from pathlib import Path

from emodist import registry
from emodist.commands import _parsers as parsers
from emodist.errors import ConfigError, OutputError
from emodist.plugins import folders
from emodist.plugins.source import KINDS

TEMPLATES = Path(__file__).parent / "templates"
# How a user tries it; a kind of whose entries there is no job by name has none.
TRIED = {
    "features": "emodist featurize MEDIA --out OUT plugins={folder} features={name}",
    "corpora": "emodist featurize MEDIA --out OUT plugins={folder} corpus={name}",
    "augmentations": "emodist featurize MEDIA --out OUT plugins={folder} augment={name}",
    "estimators": "emodist evaluate TABLE plugins={folder} model={name}",
    "clusterers": "emodist cluster TABLE --out OUT plugins={folder} algorithm={name}",
    "networks": "emodist evaluate TABLE plugins={folder} model={name}",
    "batch_augmentations": "emodist train TABLE --out OUT plugins={folder} model=deep_cnn "
    "augment={name}",
}


def run(words: Sequence[str]) -> int:
    parser = parsers.parser(__name__, "emodist new feature breath_rate --out plugins/")
    singular = {one(kind): kind for kind in KINDS}
    parser.add_argument("kind", metavar="KIND", help=", ".join(singular))
    parser.add_argument("name", metavar="NAME", help="small letters, digits and underscores")
    parser.add_argument("--out", metavar="DIR", default="plugins", help="folder (plugins)")
    given = parser.parse_args(words)
    if given.kind not in {*KINDS, *singular}:
        raise ConfigError(
            f"there is no kind {given.kind!r}; {registry.suggest(given.kind, singular)}"
        )
    kind = singular.get(given.kind, given.kind)
    file, test = write(Path(given.out), kind, given.name)
    print(f"try it: {TRIED[kind].format(folder=given.out, name=given.name)}")
    print(f"test it: pytest {test}")
    print(f"wrote {file}")
    return 0


def one(kind: str) -> str:
    """The word for one entry of a registry.

    Examples
    --------
    >>> one("features"), one("corpora")
    ('feature', 'corpus')
    """
    return "corpus" if kind == "corpora" else kind.removesuffix("s")


def write(folder: Path, kind: str, name: str) -> tuple[Path, Path]:
    """An entry and its test, in a folder of plugins.

    Raises
    ------
    ConfigError
        If the name cannot be one, or emodist has it.
    OutputError
        If a file is there, or cannot be written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"a name is small letters, digits and underscores; got {name!r}")
    if name in registry.own_names(kind):
        raise ConfigError(f"emodist has a {one(kind)} {name!r} itself; choose another name")
    file = folder / kind / f"{name}.py"
    test = folder / "tests" / f"test_{one(kind)}_{name}.py"
    called = {"name": name, "Class": "".join(part.capitalize() for part in name.split("_"))}
    for path, template in ((file, f"{kind}.txt"), (test, f"{kind}_test.txt")):
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8") as written:
                written.write(string.Template(text).substitute(called))
        except FileExistsError:
            raise OutputError(f"{path} is there already; choose another name") from None
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}") from None
    # Says if the name is taken by another plugin.
    folders.use([str(folder)])
    return file, test

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
from emodist.plugins.source import REGISTRIES

TEMPLATES = Path(__file__).parent / "templates"
# How a user tries it.
TRIED = {
    "annotations": "emodist annotations convert FILE.{name} FILE.csv plugins={folder}",
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
    singular = {one(entries): entries for entries in REGISTRIES}
    parser.add_argument("what", metavar="WHAT", help=", ".join(singular))
    parser.add_argument("name", metavar="NAME", help="small letters, digits and underscores")
    parser.add_argument("--out", metavar="DIR", default="plugins", help="folder (plugins)")
    given = parser.parse_args(words)
    if given.what not in {*REGISTRIES, *singular}:
        raise ConfigError(
            f"{given.what!r} is nothing that can be added; {registry.suggest(given.what, singular)}"
        )
    entries = singular.get(given.what, given.what)
    file, test = write(Path(given.out), entries, given.name)
    print(f"try it: {TRIED[entries].format(folder=given.out, name=given.name)}")
    print(f"test it: pytest {test}")
    print(f"wrote {file}")
    return 0


def one(entries: str) -> str:
    """The word for one entry of a registry.

    Examples
    --------
    >>> one("features"), one("corpora")
    ('feature', 'corpus')
    """
    return "corpus" if entries == "corpora" else entries.removesuffix("s")


def write(folder: Path, entries: str, name: str) -> tuple[Path, Path]:
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
    if name in registry.own_names(entries):
        raise ConfigError(f"emodist has a {one(entries)} {name!r} itself; choose another name")
    file = folder / entries / f"{name}.py"
    test = folder / "tests" / f"test_{one(entries)}_{name}.py"
    called = {"name": name, "Class": "".join(part.capitalize() for part in name.split("_"))}
    for path, template in ((file, f"{entries}.txt"), (test, f"{entries}_test.txt")):
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

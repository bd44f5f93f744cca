"""What each earlier release left on disk, unpacked; see `make.py`."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from emodist import cli

HERE = Path(__file__).parent
RELEASES = sorted(file.name.removesuffix(".tar.gz") for file in HERE.glob("*.tar.gz"))
AT = "/proc/self/cwd"


class Left:
    """The folders of a release, in the current directory, and the commands that made them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]):
        self._capsys = capsys
        made = json.loads(Path("made.json").read_text())
        self.version = made["emodist"]
        self.commands = {
            command.split("--out ")[1].split()[0].removeprefix(f"{AT}/"): command
            for command in made["commands"]
        }

    def again(self, out: str, *more: str, to: str | None = None) -> dict[str, Any]:
        """What the command that made `out` says of itself when this release runs it.

        `to` is another folder to write to.
        """
        code, said, errors = self.run(f"{self.commands[out]} {' '.join(more)} --json", out, to)
        assert code == 0, errors
        return json.loads(said)

    def run(self, command: str, out: str = "", to: str | None = None) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command of this release."""
        words = command.replace(f"{AT}/{out}", f"{AT}/{to}").split() if to else command.split()
        self._capsys.readouterr()
        code = cli.main(words)
        return code, *self._capsys.readouterr()


@pytest.fixture(params=RELEASES)
def left(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Left:
    if not Path(AT).exists():
        pytest.skip("this system has no /proc/self/cwd, where the releases worked")
    with tarfile.open(HERE / f"{request.param}.tar.gz") as file:
        file.extractall(tmp_path, filter="tar")
    monkeypatch.chdir(tmp_path)
    return Left(capsys)

"""What a submitted job takes along: its script, the package, settings, plugins and variables."""

import contextlib
import dataclasses
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import emodist
from emodist import registry, storage
from emodist.errors import ConfigError
from emodist.plugins import source

# The verbs that `jobs/` has scripts for: work of hours, whose input and output stand elsewhere.
JOBS = ("extract", "featurize", "train", "tune", "predict")
# What the Jobs API takes at most.
LIMIT_BYTES = 100 * 2**20
# These name files of the machine that submits, which the cluster does not have.
LOCAL_VARIABLES = frozenset(
    {
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)


@dataclasses.dataclass(frozen=True)
class Job:
    """What is to run: a verb, its settings file, and `key=value` words or options."""

    name: str
    config: str | None = None
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in known_jobs():
            hint = registry.suggest(self.name, known_jobs())
            raise ConfigError(f"no job {self.name!r}; {hint}")
        if self.config is not None and not Path(self.config).is_file():
            raise ConfigError(f"{self.config}: no such settings file")

    @property
    def entrypoint(self) -> str:
        config = ("--config", f"{self.name}.yaml") if self.config else ()
        words = [word for word in self.words if not word.startswith("plugins=")]
        if packed := ",".join(self.plugins()):
            words.append(f"plugins={packed}")
        return shlex.join(["python", "-m", "emodist", self.name, *config, *words])

    def gpus(self) -> dict[str, Any]:
        """The settings that ask for GPUs, with what they ask for."""
        return {k: v for k, v in self._given().items() if k.endswith(("gpu", "gpus")) and v}

    def plugins(self) -> dict[str, str]:
        """Plugin folders by where they lie in the package; their place is that of this machine."""
        given = self._given().get("plugins") or ()
        places = given.split(",") if isinstance(given, str) else given
        return {f"plugins/{number}": str(place) for number, place in enumerate(places)}

    def _given(self) -> dict[str, Any]:
        """The settings of the file, and the words that win over them."""
        given: dict[str, Any] = {}
        with contextlib.suppress(yaml.YAMLError):
            content = yaml.safe_load(Path(self.config).read_text()) if self.config else None
            given.update(content if isinstance(content, dict) else {})
            for word in self.words:
                key, equals, value = word.partition("=")
                if equals:
                    given[key] = yaml.safe_load(value)
        return given


def known_jobs() -> list[str]:
    """The jobs that this version of emodist has a command for."""
    return [name for name in JOBS if name in registry.names("commands")]


@contextlib.contextmanager
def packed(job: Job) -> Iterator[Path]:
    """A folder with the package, the settings file and the plugins, and nothing else.

    Raises
    ------
    ConfigError
        If it is larger than the Jobs API takes, or a folder holds no plugins.
    """
    with tempfile.TemporaryDirectory(prefix="emodist-job-") as name:
        folder = Path(name)
        skipped = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
        shutil.copytree(Path(emodist.__file__).parent, folder / "emodist", ignore=skipped)
        if job.config:
            shutil.copy(job.config, folder / f"{job.name}.yaml")
        for within, place in job.plugins().items():
            for file, content in source.read(storage.absolute(place)).files.items():
                path = folder / within / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        check_size(folder)
        yield folder


def check_size(folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
    """Refuse a folder above the limit.

    Raises
    ------
    ConfigError
        Names the largest files.
    """
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    if sum(sizes.values()) > limit_bytes:
        largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:3]
        names = ", ".join(
            f"{path.relative_to(folder)} ({sizes[path] / 2**20:.1f} MiB)" for path in largest
        )
        raise ConfigError(
            f"the job's package has {sum(sizes.values()) / 2**20:.0f} MiB, a cluster takes "
            f"{limit_bytes / 2**20:.0f}; largest: {names}"
        )


def size_mib(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that the job gets: access to S3, without what names local files."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("AWS_") and name not in LOCAL_VARIABLES
    }

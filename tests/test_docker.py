"""`docker/`: linted, and agreeing with the package. No image was built: no Docker is at hand."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.pipelines.conftest import write_clip

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent
DOCKERFILES = sorted(DOCKER.glob("Dockerfile*"))


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_hadolint_finds_nothing(file):
    done = subprocess.run([BIN / "hadolint", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_an_image_has_a_pinned_base_a_plain_user_and_no_secret(file):
    text = file.read_text()
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["python:3.11.14-slim-bookworm"]
    assert re.findall(r"^USER (\S+)", text, re.M) == ["1000"]
    assert "--no-cache-dir -c constraints.txt" in text
    assert not re.search(r"(?i)password|secret|token|aws_", text)


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_what_an_image_copies_is_there(file):
    for line in re.findall(r"^COPY (.+)", file.read_text(), re.M):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name


def test_both_images_tell_speech_and_the_slim_one_asks_for_no_other_extra():
    extras = {
        file.name: re.search(r'constraints\.txt "\.\[(.*?)\]"', file.read_text()).group(1)
        for file in DOCKERFILES
    }
    assert extras == {"Dockerfile": "speech", "Dockerfile.tensorflow": "serve,speech,yamnet"}


def test_compose_fits_its_schema_and_a_typo_is_found(tmp_path):
    def check(file):
        command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = check(DOCKER / "compose.yaml")
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "compose.yaml"
    wrong.write_text((DOCKER / "compose.yaml").read_text().replace("depends_on", "depend_on"))
    assert check(wrong).returncode == 1


def test_compose_has_a_head_two_workers_an_s3_server_and_no_open_port():
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    assert set(services) == {"head", "worker", "s3", "bucket"}
    assert services["worker"]["deploy"]["replicas"] == 2
    for service in services.values():
        assert not service["image"].endswith(":latest")
        assert ":" in service["image"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        if "RAY_AUTH_MODE" in service.get("environment", {}):
            assert service["environment"]["RAY_AUTH_MODE"] == "token"


@pytest.fixture
def place():
    """Gone at once: an installation has 1.6 GB."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_steps_of_the_slim_image_give_a_working_emodist_without_tensorflow(place):
    """Its COPY and RUN lines, in a fresh environment instead of an image."""
    text = (DOCKER / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (.+) \S+$", text, re.M):
        for name in line.split():
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, place / name)
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    python = place / "venv" / "bin" / "python"
    (step,) = re.findall(r"^RUN (pip install .*?) \\$", text, re.M)
    command = [python, "-m", *shlex.split(step.replace("--no-cache-dir ", ""))]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code = "import importlib.util as u; print([u.find_spec(m) for m in ('tensorflow', 'pytest')])"
    # Not from the copied source: from what was installed.
    found = subprocess.run(
        [python, "-c", code], cwd="/", capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[None, None]"
    write_clip(place / "clips" / "a.wav", seed=0)
    run = subprocess.run(
        [python, "-m", "emodist", "featurize", place / "clips", "--out", place / "out"],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "recordings 1   segments 1   failed 0" in run.stdout

"""What `emodist submit` packs, passes on and refuses; tests/pipelines/test_ray_jobs.py submits."""

import http.server
import json
import platform
import threading
from pathlib import Path

import pytest
import ray

from emodist.errors import ConfigError, EmodistError
from emodist.pipelines import packing, submit
from emodist.pipelines.packing import Job

JOBS = Path(__file__).parents[2] / "jobs"


def test_every_script_of_jobs_can_be_submitted():
    assert {path.stem for path in JOBS.glob("*.py")} <= set(packing.known_jobs())


def test_an_unknown_job_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match="no job 'featurise'; did you mean 'featurize'"):
        Job("featurise")


def test_a_settings_file_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"none\.yaml: no such settings file"):
        Job("featurize", "none.yaml")


def test_the_command_on_the_cluster_keeps_words_with_spaces_and_quotes_whole(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("segment_s: 4\n")
    job = Job("featurize", str(config), ("path=s3://my archive/it's", "--retry-failed"))
    assert job.entrypoint == (
        "python -m emodist featurize --config featurize.yaml "
        "'path=s3://my archive/it'\"'\"'s' --retry-failed"
    )


def test_a_package_holds_emodist_and_the_settings_and_is_small(tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("segment_s: 4\n")
    with packing.packed(Job("featurize", str(config))) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["emodist", "featurize.yaml"]
        assert (folder / "featurize.yaml").read_text() == "segment_s: 4\n"
        assert (folder / "emodist" / "commands" / "featurize.py").exists()
        assert not list(folder.rglob("*.pyc"))
        assert packing.size_mib(folder) < 3
    assert not folder.exists()


def test_a_package_that_is_too_large_is_refused_with_what_is_large(tmp_path):
    (tmp_path / "small.py").write_bytes(b"x" * 1000)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"x" * 3 * 2**20)
    packing.check_size(tmp_path, limit_bytes=4 * 2**20)
    with pytest.raises(
        ConfigError, match=r"has 3 MiB, a cluster takes 2; largest: model/weights\.bin \(3\.0 MiB\)"
    ):
        packing.check_size(tmp_path, limit_bytes=2 * 2**20)


def test_only_aws_variables_that_mean_something_elsewhere_are_passed_on():
    given = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_ENDPOINT_URL": "http://s3",
        "AWS_PROFILE": "a section of a file of this machine",
        "HOME": "/home/me",
        "SECRET": "of another program",
    }
    assert packing.passed_on(given) == {"AWS_ACCESS_KEY_ID": "key", "AWS_ENDPOINT_URL": "http://s3"}


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        ("yamnet_gpus: 0.5\n", (), {"yamnet_gpus": 0.5}),
        ("yamnet_gpus: 0.5\n", ("yamnet_gpus=0",), {}),
        ("", ("yamnet_gpus=1", "path=x"), {"yamnet_gpus": 1}),
        ("segment_s: 4\n", (), {}),
    ],
)
def test_a_job_asks_for_gpus_by_its_settings(tmp_path, text, words, wanted):
    config = tmp_path / "mine.yaml"
    config.write_text(text)
    assert Job("featurize", str(config), words).gpus() == wanted


class Answers(dict):
    """What a server answers, by path, and the paths that it was asked for."""

    def __init__(self, *given):
        super().__init__(*given)
        self.asked = []


@pytest.fixture
def dashboard():
    """A server that answers as a dashboard of given versions and resources would."""
    answers = Answers(
        {
            "/api/version": {"version": "4", "ray_version": ray.__version__, "ray_commit": "x"},
            "/api/v0/cluster_metadata": {"data": {"pythonVersion": platform.python_version()}},
        }
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answers.asked.append(self.path)
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(self.path, {})).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_cluster_of_the_same_minor_versions_is_asked_for_both_and_taken(dashboard):
    address, answers = dashboard
    minor = ray.__version__.rpartition(".")[0]
    answers["/api/version"]["ray_version"] = f"{minor}.99"
    client = submit.connect(address)
    asked = len(answers.asked)
    submit.check_versions(client)
    assert answers.asked[asked:] == ["/api/version", "/api/v0/cluster_metadata"]


def test_an_address_that_was_given_wins_over_the_environment(dashboard, monkeypatch):
    address, _ = dashboard
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:1")
    assert submit.connect(address.removeprefix("http://")).get_address() == address


def test_another_ray_or_python_is_refused_with_both_versions(dashboard):
    address, answers = dashboard
    answers["/api/version"]["ray_version"] = "2.9.3"
    answers["/api/v0/cluster_metadata"]["data"]["pythonVersion"] = "3.9.1"
    with pytest.raises(EmodistError, match=r"runs Ray 2\.9\.3 and Python 3\.9\.1; .* needs Ray 2"):
        submit.check_versions(submit.connect(address))


@pytest.mark.parametrize(
    ("types", "usage", "is_refused"),
    [
        ({"aa": "node_aa"}, {"CPU": [0, 8]}, True),
        ({"aa": "node_aa"}, {"CPU": [0, 8], "GPU": [0, 1]}, False),
        ({"aa": "head-group"}, {"CPU": [0, 8]}, False),
    ],
    ids=["none", "has one", "may start one"],
)
def test_a_gpu_is_asked_only_of_a_cluster_that_has_or_may_start_one(
    dashboard, types, usage, is_refused
):
    address, answers = dashboard
    report = {"nodeTypeMapping": types}
    status = {"autoscalerReport": report, "loadMetricsReport": {"usage": usage}}
    answers["/api/cluster_status"] = {"data": {"clusterStatus": status}}
    client, job = submit.connect(address), Job("featurize", words=("yamnet_gpus=0.5",))
    if not is_refused:
        return submit.check_gpus(client, job)
    with pytest.raises(EmodistError, match=r"yamnet_gpus=0\.5, but the cluster at .* has no GPU"):
        submit.check_gpus(client, job)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:1", "no Ray dashboard answers at http://127.0.0.1:1"),
        ("ray://127.0.0.1:1", "sent to the cluster's dashboard, as in http://HOST:8265; got ray:"),
    ],
)
def test_a_wrong_address_is_refused(address, message):
    with pytest.raises(EmodistError, match=message):
        submit.connect(address)


def test_a_server_that_is_no_dashboard_is_refused(dashboard):
    address, answers = dashboard
    answers.clear()
    with pytest.raises(EmodistError, match="is not a Ray dashboard"):
        submit.connect(address)

"""What of a command line goes to the job, and what stays here."""

import pytest

from emodist import cli
from emodist.pipelines import submit


@pytest.fixture
def sent(monkeypatch):
    jobs = []

    def run(job, address, name, wait):
        jobs.append((job, address, name, wait))
        return 7

    monkeypatch.setattr(submit, "run", run)
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    return jobs


def test_words_and_options_go_to_the_job_in_their_order(sent, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.yaml").touch()
    words = ["job.yaml", "--out", "s3://a/b", "--retry-failed", "features=rms"]
    # The exit code is that of the job.
    assert cli.main(["submit", "featurize", *words]) == 7
    ((job, address, name, wait),) = sent
    assert (job.name, job.config) == ("featurize", "job.yaml")
    assert job.words == ("--out", "s3://a/b", "--retry-failed", "features=rms")
    assert (address, name, wait) == ("http://127.0.0.1:8265", None, True)


def test_the_cluster_is_named_by_option_or_by_rays_variable(sent, monkeypatch):
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://head:8265")
    assert cli.main(["submit", "train", "--id", "j1", "--no-wait"]) == 7
    assert cli.main(["submit", "train", "--address", "http://other:8265"]) == 7
    assert [job[1:] for job in sent] == [
        ("http://head:8265", "j1", False),
        ("http://other:8265", None, True),
    ]


def test_one_settings_file_at_a_time(sent, capsys):
    assert cli.main(["submit", "train", "a.yaml", "b.yaml"]) == 2
    assert "one CONFIG.yaml at a time; got a.yaml and b.yaml" in capsys.readouterr().err
    assert sent == []

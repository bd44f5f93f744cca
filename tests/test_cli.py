"""The command line as a person meets it; real runs are in tests/pipelines."""

import subprocess
import sys

import pytest

from emodist import cli


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "emodist", *map(str, words)], capture_output=True, text=True
    )


def test_help_names_every_command(capsys):
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    for verb in cli.verbs():
        assert text.count(f"\n  {verb} ") == 1
    assert "more:" not in text, "a verb has no group"


@pytest.mark.parametrize("verb", cli.verbs())
def test_help_of_a_command_says_what_it_makes_and_how(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([verb, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "Makes " in text
    assert f"  emodist {verb}" in text


def test_help_of_featurize_shows_every_setting_with_its_default(capsys):
    with pytest.raises(SystemExit):
        cli.main(["featurize", "--help"])
    text = capsys.readouterr().out
    for line in ("trim_db=30.0", "segment_s=auto", "functionals=mean,std,p10,p90", "hop_s=null"):
        assert line in text


def test_help_comes_at_once():
    code = (
        "import sys, emodist.cli; emodist.cli.main([]); "
        "print(sorted({'numpy', 'ray'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["featurise"], "no command 'featurise'; did you mean 'featurize'?"),
        (["featurize", "nowhere", "--out", "x"], "nowhere: no such file or folder"),
        (["featurize", "--out", "x"], "path is not set"),
        (["plan", "nowhere"], "nowhere: no such file or folder"),
        (["featurize", "a", "b", "--out", "x"], "one PATH at a time; got a and b"),
        (["featurize", "a"], "out is not set"),
        (["featurize", "a", "--out", "x", "n_ftt=1"], "did you mean 'n_fft'?"),
        (["featurize", "a", "--out", "x", "--config", "no.yaml"], "no such settings file"),
        (["export", "nowhere", "--out", "x.csv"], "has no table nowhere"),
        (["corpora", "ravdes"], "did you mean 'ravdess'?"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_corpora_are_listed_and_described(capsys):
    assert cli.main(["corpora"]) == 0
    assert "ravdess" in capsys.readouterr().out
    assert cli.main(["corpora", "ravdess"]) == 0
    assert "CC BY-NC-SA 4.0" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("emodist 0.")


@pytest.mark.parametrize("verb", cli.verbs())
def test_an_interrupted_command_promises_what_is_true_of_it(verb, monkeypatch, capsys):
    def interrupted(words):
        raise KeyboardInterrupt

    class ExitedError(Exception):
        pass

    def left(code):
        raise ExitedError(code)

    monkeypatch.setattr(f"emodist.commands.{verb.replace('-', '_')}.run", interrupted)
    monkeypatch.setattr("os._exit", left)
    with pytest.raises(ExitedError, match="130"):
        cli.main([verb])
    told = capsys.readouterr().err.strip()
    if verb in ("demo", "extract", "featurize", "fetch", "predict", "tune"):
        assert told == "interrupted; finished work is kept, the same command does the rest"
    elif verb == "train":
        assert told.startswith("interrupted; finished epochs of a network are kept")
        assert told.endswith("a classifier begins again")
    else:
        assert told == "interrupted; nothing of it is kept, the same command begins again"

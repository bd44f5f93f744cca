"""`emodist new`: what it writes works at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emodist import cli, registry
from emodist.commands import new
from emodist.plugins.source import REGISTRIES

ROOT = Path(__file__).parents[2]


def passed(*words: str) -> int:
    """How many tests a run of pytest in another process passes; none may fail."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.rpartition(" passed")[0].split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "open_to_all",
    # Of a network, the contract's test and its own want TensorFlow.
    [
        tuple(k for k in REGISTRIES if k != "networks"),
        pytest.param(("networks",), marks=pytest.mark.tf),
    ],
    ids=["light", "networks"],
)
def test_new_entries_pass_their_own_tests_and_the_contracts_of_their_registries(open_to_all, own):
    files = [str(new.write(own, name, f"new_{new.one(name)}")[1]) for name in open_to_all]
    contracts = [f"tests/{name}/test_contract.py" for name in open_to_all]
    n_passed = passed(*files, *contracts, "--entries", str(own), "-k", "new_")
    assert n_passed >= 5 * len(open_to_all)


def test_each_registry_that_is_open_has_a_template_that_is_an_entry(own):
    for entries in REGISTRIES:
        file, _ = new.write(own, entries, f"some_{new.one(entries)}")
        assert registry.build(entries, file.stem)
        assert registry.describe(entries, file.stem)[0].endswith(".")


def test_the_verb_says_where_the_file_is_and_how_to_try_it(own, capsys):
    assert cli.main(["new", "feature", "breath_rate", "--out", str(own)]) == 0
    *_, tried, tested, last = capsys.readouterr().out.splitlines()
    assert tried.endswith(f"plugins={own} features=breath_rate")
    assert tested == f"test it: pytest {own}/tests/test_feature_breath_rate.py"
    assert last == f"wrote {own}/features/breath_rate.py"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("features", "rms"), "emodist has a feature 'rms' itself; choose another name"),
        (("feature", "breath-rate"), "small letters, digits and underscores; got 'breath-rate'"),
        (("featur", "breath"), "'featur' is nothing that can be added; did you mean 'feature'?"),
        (("corpus", "twice"), "corpora/twice.py is there already; choose another name"),
    ],
)
def test_what_cannot_be_written_is_refused(words, message, own, capsys):
    new.write(own, "corpora", "twice")
    assert cli.main(["new", *words, "--out", str(own)]) == 2
    assert message in capsys.readouterr().err

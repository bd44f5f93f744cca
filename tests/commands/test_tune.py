"""Which settings `emodist tune` has depends on what is tuned."""

import pytest

from emodist.commands import tune
from emodist.errors import EmodistError

KNOWN = ("classifier", "clusters", "network")


@pytest.fixture
def yaml(tmp_path):
    (tmp_path / "job.yaml").write_text("kind: clusters\n")
    return str(tmp_path / "job.yaml")


def test_the_first_word_says_it_and_is_no_setting():
    assert tune._kind(["network", "T", "trials=3"], KNOWN) == ("network", ["T", "trials=3"])


@pytest.mark.parametrize("words", [["T", "kind=network"], ["kind=clusters", "T", "kind=network"]])
def test_a_setting_says_it_too(words):
    assert tune._kind(words, KNOWN) == ("network", words)


@pytest.mark.parametrize("form", [["--config", "{}"], ["--config={}"]])
def test_so_does_the_settings_file_however_it_is_given(yaml, form):
    words = [word.format(yaml) for word in form]
    assert tune._kind(words, KNOWN) == ("clusters", words)
    assert tune._kind([*words, "kind=network"], KNOWN)[0] == "network"


def test_help_without_a_word_is_that_of_the_first():
    assert tune._kind(["--help"], KNOWN) == ("classifier", ["--help"])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["clasifier", "T"], "did you mean 'classifier'"),
        (["kind=netwrok"], "did you mean 'network'"),
        ([], r"emodist tune classifier\|clusters\|network TABLE --out DIR"),
    ],
)
def test_what_cannot_be_tuned_is_refused_with_what_can(words, hint):
    with pytest.raises(EmodistError, match=hint):
        tune._kind(words, KNOWN)

"""An entry that does not work: told in one line, by file and line, and only where it is wanted."""

import pytest

from emodist import cli, registry
from emodist.errors import ConfigError
from emodist.plugins import folders
from tests import make_plugins as make


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("@dataclass(frozen=True)\n", "", r"ones.py:10: Ones is no frozen dataclass; write @data"),
        ("(frozen=True)", "", r"ones.py:11: Ones is no frozen dataclass"),
        ("class Ones", "class One", r"ones.py: holds no class Ones, as its name says"),
        ("import numpy as np", "import numpie", r"ones.py:5: ModuleNotFoundError: No module named"),
        ("return np", "return )", r"ones.py:15: SyntaxError: "),
        ("def frames", "factor: float\n\n    def frames", r"ones.py:11: Ones has no default for"),
        ("(FrameFeature)", "", r"ones.py:11: Ones has no labels; it needs labels, shape, compute"),
        ("class Ones", "1 / 0\nclass Ones", r"ones.py:\d+: "),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(own, before, after, message):
    path = make.feature(own)
    path.write_text(path.read_text().replace(before, after))
    folders.use([str(own)])
    with pytest.raises(ConfigError, match=message) as caught:
        registry.build("features", "ones")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(own))


def test_a_broken_plugin_does_not_break_what_does_not_need_it(own, capsys):
    make.corpus(own, title=None)
    make.corpus(own, "our_other_lab")
    assert cli.main(["corpora", "--plugins", str(own)]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["our_lab"].startswith(f"cannot be used: {own}/corpora/our_lab.py:11: OurLab has")
    assert lines["our_other_lab"] == "Our lab"
    assert lines["ravdess"].startswith("Ryerson")
    assert cli.main(["corpora", "our_lab", "--plugins", str(own)]) == 2
    assert "has no title" in capsys.readouterr().err


def test_help_shows_plugins_and_says_which_cannot_be_used(own, capsys):
    make.feature(own)
    make.feature(own, "twos").write_text("1 / 0")
    with pytest.raises(SystemExit):
        cli.main(["featurize", "--help", f"plugins={own}"])
    text = capsys.readouterr().out
    assert "  ones: As many ones as frames." in text
    assert f"  twos: cannot be used: {own}/features/twos.py:1: ZeroDivisionError" in text


def test_a_plugin_corpus_says_what_its_labels_mean(own, capsys):
    make.corpus(own)
    assert cli.main(["corpora", "our_lab", "--plugins", str(own)]) == 0
    assert (
        "our_lab      glad               happy       gladness is quiet" in capsys.readouterr().out
    )
    assert cli.main(["ontology", "--plugins", str(own)]) == 0
    text = capsys.readouterr().out
    assert "our_lab      sad                sad" in text
    assert "tess         sad                sad" in text

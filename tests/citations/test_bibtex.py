import pytest

from emodist import registry
from emodist.citations import bibtex
from emodist.errors import ConfigError

TWO = """\
@article{a, author = {Poe, E. and {The Group}}, title = {On {BibTeX}}, year = {1999}}

@misc{b,
  author = {Roe, R.},
  year = {2001},
}
"""


def test_entries_come_in_order_with_their_own_text():
    works = bibtex.works(TWO)
    assert [work.key for work in works] == ["a", "b"]
    assert works[0].fields["title"] == "On {BibTeX}"
    assert works[1].text.startswith("@misc{b,")
    assert "".join(work.text for work in works) == TWO.replace("\n\n", "").rstrip()


def test_nothing_has_no_entries():
    assert bibtex.works(" \n") == []


@pytest.mark.parametrize(
    "text",
    [
        "none",
        "Roe (2001). Sounds.",
        "@article{a, title = {open",
        "@article{a, title = Sounds}",
        "@article{a, title = {Sounds}} and more",
        "@article{a, title = {Sounds} year = }",
    ],
)
def test_what_is_no_bibtex_is_refused(text):
    with pytest.raises(ConfigError, match="not BibTeX"):
        bibtex.works(text)


def test_a_line_for_people_has_no_braces():
    [work, _] = bibtex.works(TWO)
    assert bibtex.plain(work) == "Poe E, The Group (1999). On BibTeX"
    assert bibtex.short(work) == "Poe & The Group 1999"


def test_a_key_means_the_same_work_everywhere():
    found: dict[str, str] = {}
    for folder in ("features", "corpora"):
        for name in registry.names(folder):
            for work in bibtex.works(registry.citation(folder, name)):
                assert found.setdefault(work.key, work.text) == work.text
    assert len(found) > 20

"""The documents: built strictly, asking for nothing outside, without a figure that was typed."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from emodist import cli, registry
from tests.pipelines.conftest import write_clip

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
OTHERS = ("CHANGELOG.md", "CONTRIBUTING.md", "cluster/README.md")
PAGES = [*sorted(DOCS.glob("*.md")), *(ROOT / name for name in OTHERS)]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
ENTRIES = {
    "features": "spectral_slope",
    "corpora": "our_lab",
    "estimators": "extra_trees",
    "networks": "wide_conv",
}
# What a measurement looks like: three decimals, a size, a ratio, a spread, a share.
FIGURE = re.compile(
    r"\b0\.\d{3,}|\d ?(?:ms|MB|GB|TB|MiB|GiB|core-hours)\b|\d(?:\.\d+)? times\b|± ?\d"
    r"|(?<!95)(?<!\d)\d+(?:\.\d+)?%(?<!95%)"
)
# A file that a page needs to look as it does; links that a reader follows are none.
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Loaded(HTMLParser):
    """Addresses of what a browser fetches by itself."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attributes):
        address = dict(attributes).get(LOADED.get(tag, ""))
        if address and dict(attributes).get("rel") != "canonical":
            self.addresses.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages, built as `make docs` builds them."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_pages_ask_for_nothing_outside(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) >= len(list(DOCS.glob("*.md")))
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert loaded.addresses
        assert not [a for a in loaded.addresses if re.match(r"(?:\w+:)?//", a)], page
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", text), style


def test_every_page_stands_in_the_list(site):
    listed = yaml.safe_load(re.sub(r"!!\S+", "", (ROOT / "mkdocs.yml").read_text()))["nav"]
    names = re.findall(r"\b(\w+\.md)", json.dumps(listed))
    assert sorted(names) == [page.name for page in sorted(DOCS.glob("*.md"))]


def test_pages_show_what_the_code_says_of_itself(site):
    commands = (site / "commands.html").read_text(encoding="utf-8")
    assert all(f"emodist {verb} --help" in commands for verb in cli.verbs() if verb != "tune")
    features = (site / "features.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in features for name in registry.own_names("features"))
    corpora = (site / "corpora.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in corpora for name in registry.own_names("corpora"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_figure_is_typed(page):
    assert not FIGURE.findall(page.read_text(encoding="utf-8"))


def test_what_a_figure_looks_like_is_noticed():
    typed = ("UAR 0.622", "takes 7.3 times", "276 MB", "4 ms", "12%", "0.56 ± 0.02")
    assert all(FIGURE.search(text) for text in typed)
    assert not FIGURE.search("a 95% interval over 16 actors, segment_s=4, trimmed 30 dB at 16 kHz")


def renew(text):
    code = "import sys, readme; sys.stdout.write(readme.renewed(sys.stdin.read()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=DOCS / "generate",
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_readme_is_short_and_its_figures_are_those_of_the_benchmarks():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 180
    assert renew(text) == text, "`make docs` renews them"
    block = re.compile(r"<!-- figures.*?<!-- end -->", re.S)
    assert len(block.findall(text)) == 2
    assert not FIGURE.findall(block.sub("", text))


def test_what_the_readme_points_to_is_there():
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 20
    assert all((ROOT / link).exists() for link in links)


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_a_result_says_how_it_was_made_and_not_where(file):
    text = file.read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["command"].startswith("python benchmarks/")
    assert (ROOT / found["command"].split()[1]).exists()
    assert {"when", "emodist", "versions", "machine", "figures"} <= found.keys()
    assert not re.search(r"/(?:tmp|home|root|work)/", text)


def test_the_citation_file_names_the_version_of_the_package():
    import emodist

    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cff["version"] == emodist.__version__
    assert {"cff-version", "message", "title", "authors"} <= cff.keys()


def test_each_example_is_an_entry_that_a_page_shows():
    found = {file.parent.name: file.stem for file in sorted(EXAMPLES.glob("*/*.py"))}
    assert found == ENTRIES
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("own_*.md"))
    assert all(f'example("{kind}/{name}.py")' in pages for kind, name in ENTRIES.items())


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=pytest.mark.tf) if k == "networks" else k for k in ENTRIES]
)
def test_an_example_keeps_the_contract_of_its_kind(kind):
    """The package's own contract tests, run on the folder of examples."""
    tests = f"tests/{kind}/test_contract.py"
    words = ["-q", "-p", "no:cacheprovider", "--entries", str(EXAMPLES), tests, "-k", ENTRIES[kind]]
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= 3


def emodist(*words):
    command = [sys.executable, "-m", "emodist", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_commands_of_the_pages_run_with_the_examples(tmp_path):
    for number in range(16):
        emotion = ("angry", "tired")[number % 2]
        write_clip(tmp_path / "clips" / f"P{number // 4}_{emotion}_{number}.wav", seed=number)
    plugins, out = f"plugins={EXAMPLES}", tmp_path / "out"
    words = ["--corpus", "our_lab", "features=rms,spectral_slope", "spectral_slope.fmax_hz=3000"]
    done = emodist("featurize", tmp_path / "clips", "--out", out, plugins, *words)
    assert done.returncode == 0, done.stderr
    assert "segments 16   failed 0" in done.stdout
    about = json.loads((out / "run.json").read_text())
    assert about["settings"]["features"] == ["rms", "spectral_slope"]
    words = ["--model", "extra_trees", "folds=loso", "extra_trees.n_trees=20", plugins]
    done = emodist("evaluate", out, *words)
    assert done.returncode == 0, done.stderr
    assert "extra_trees, loso: 4 folds, speaker-independent" in done.stdout

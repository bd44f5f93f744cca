"""What words on a command line come to."""

import pytest

from emodist.clustering.settings import ClusterSettings
from emodist.commands import _parsers as parsers
from emodist.commands import cluster, export_model
from emodist.errors import EmodistError
from emodist.media.settings import FeaturizeSettings


@pytest.fixture
def yaml(tmp_path):
    (tmp_path / "job.yaml").write_text("model: knn\nplugins: [own]\ntable: out\nk_max: 7\n")
    return str(tmp_path / "job.yaml")


def test_a_verb_is_its_module_and_makes_what_the_first_line_says():
    assert parsers.verb(export_model.__name__) == "export-model"
    assert parsers.meaning(cluster.__name__).startswith("clusters of a feature table")


def test_an_abbreviation_at_the_start_of_a_line_keeps_its_capitals():
    assert parsers.meaning("emodist.commands._parsers").startswith("what verbs have in common")


@pytest.mark.parametrize(
    ("words", "model"),
    [
        (["T", "--model", "lda", "model=knn"], "lda"),
        (["T", "--model=lda"], "lda"),
        (["T", "model=lda"], "lda"),
        (["T"], None),
        (["T", "--model"], None),
    ],
)
def test_an_option_comes_before_a_word(words, model):
    assert parsers.said(words, "model") == model


@pytest.mark.parametrize("form", [["--config", "{}"], ["--config={}"]])
def test_the_settings_file_has_the_last_say(yaml, form):
    words = [word.format(yaml) for word in form]
    assert parsers.said(words, "model") == "knn"
    assert parsers.said([*words, "model=lda"], "model") == "lda"
    assert parsers.said(words, "folds") is None
    assert parsers.plugins(words) == ["own"]


def test_plugins_are_folders_between_commas():
    assert parsers.plugins(["T", "plugins=a/, b/"]) == ["a/", "b/"]
    assert parsers.plugins(["T", "--plugins", "a/"]) == ["a/"]
    assert parsers.plugins(["T"]) == []


def read(*words, settings_type=ClusterSettings, **fixed):
    made = parsers.settings_parser(cluster.__name__, settings_type, "emodist cluster OUT")
    made.add_argument("--out")
    return parsers.read(made, list(words), settings_type, **fixed)


def test_a_word_without_an_equals_sign_is_the_table_and_the_others_are_settings():
    given, settings = read("out", "k_max=9", "--out", "clusters")
    assert (given.table, given.out, settings.k_max) == ("out", "clusters", 9)


def test_a_file_with_an_equals_sign_in_its_name_is_a_path(tmp_path, monkeypatch):
    (tmp_path / "k_max=9").touch()
    monkeypatch.chdir(tmp_path)
    given, settings = read("k_max=9", "--out", "clusters")
    assert given.table == "k_max=9"
    assert settings == ClusterSettings()


def test_a_job_may_have_nothing_but_its_file(yaml, tmp_path):
    (tmp_path / "job.yaml").write_text("table: out\nout: clusters\nk_max: 7\n")
    given, settings = read("--config", yaml)
    assert (given.table, given.out, settings.k_max) == ("out", "clusters", 7)
    again, settings = read("other", "k_max=8", "--config", yaml)
    assert (again.table, settings.k_max) == ("other", 8)


def test_one_table_at_a_time():
    with pytest.raises(EmodistError, match="one TABLE at a time; got a and b"):
        read("a", "b")


def test_of_media_the_path_is_a_setting():
    _, settings = read("vlogs", "--out", "features", settings_type=FeaturizeSettings)
    assert (settings.path.rpartition("/")[2], settings.out.rpartition("/")[2]) == (
        "vlogs",
        "features",
    )


def test_the_help_lists_settings_with_defaults_and_entries_with_theirs(capsys):
    made = parsers.settings_parser(cluster.__name__, ClusterSettings, "emodist cluster OUT")
    text = made.format_help()
    assert "Makes clusters of a feature table" in text
    assert f"  k_max={ClusterSettings().k_max}\n" in text
    assert "clusterers, and their settings, as in agglomerative.linkage=average:" in text
    assert "  kmeans: " in text


def test_what_others_print_meanwhile_is_no_result(capsys):
    with parsers.result_alone():
        print("noise")
    print("result")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("result\n", "noise\n")

import json

import pytest

import emodist
from emodist import storage
from emodist.errors import OutputError
from emodist.tables import claim


@pytest.fixture
def uri(tmp_path):
    return f"{tmp_path}/out/run.json"


def record(**settings):
    return claim.fresh(settings, ["numpy"], rows="a1")


def test_the_first_run_makes_the_record_and_the_same_settings_find_it(uri):
    made = claim.take(uri, record(seed=0))
    assert made["runs"] == []
    assert set(made["versions"]) == {"python", "numpy"}
    assert claim.take(uri, record(seed=0)) == made == storage.read_json(uri)


@pytest.mark.parametrize("ask", [claim.take, claim.check])
def test_other_settings_are_refused_by_name_and_the_record_stays(uri, ask):
    made = claim.take(uri, record(seed=0))
    with pytest.raises(OutputError, match=r"/out was made with seed=0, now it is 1; choose"):
        ask(uri, record(seed=1))
    with pytest.raises(OutputError, match=r"made with seed=0, now it is at its default"):
        ask(uri, record())
    assert storage.read_json(uri) == made


def test_what_else_has_to_be_the_same_is_told_in_words(uri):
    claim.take(uri, record())
    same = {"rows": "another table ({rows})"}
    claim.take(uri, record(), same)
    with pytest.raises(OutputError, match=r"was made with another table \(a1\); choose"):
        claim.take(uri, {**record(), "rows": "b2"}, same)


def test_a_folder_in_which_nothing_was_begun_takes_other_settings(uri):
    claim.take(uri, record(seed=0))
    made = claim.take(uri, record(seed=1), is_begun=lambda: False)
    assert made["settings"] == {"seed": 1} == storage.read_json(uri)["settings"]


def test_looking_writes_nothing(uri, tmp_path):
    claim.check(uri, record())
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_named_and_what_a_killed_writer_left_is_none(tmp_path):
    for name in ("run.json", ".4f1e.tmp"):
        (tmp_path / name).touch()
    claim.no_strangers(str(tmp_path), ["run.json"])
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError, match=r"holds other files, such as thesis\.txt; choose"):
        claim.no_strangers(str(tmp_path), ["run.json"])


def test_runs_stand_in_the_record_in_the_order_in_which_they_began(uri):
    claim.take(uri, record())
    first, second = claim.new_run(), claim.new_run()
    claim.save_run(uri, second, {"n": 2})
    made = claim.save_run(uri, first, {"n": 1}, lambda: {"counts": 3})
    assert made["runs"] == [{"emodist": emodist.__version__, "n": n} for n in (1, 2)]
    assert made["counts"] == 3
    assert made == storage.read_json(uri)


def test_a_run_that_is_noted_again_replaces_what_it_said(uri):
    claim.take(uri, record())
    name = claim.new_run()
    claim.save_run(uri, name, {"started": True})
    (run,) = claim.save_run(uri, name, {"seconds": 1.0})["runs"]
    assert run == {"emodist": emodist.__version__, "seconds": 1.0}


def test_of_two_runs_that_end_at_once_neither_loses_the_others(uri):
    """The second notes itself after the first has looked, and before the first writes."""
    claim.take(uri, record())
    n_asked = 0

    def about():
        nonlocal n_asked
        n_asked += 1
        if n_asked == 1:
            claim.save_run(uri, claim.new_run(), {"who": "second"}, lambda: {"counts": "early"})
        return {"counts": f"asked {n_asked} times"}

    made = claim.save_run(uri, claim.new_run(), {"who": "first"}, about)
    assert [run["who"] for run in made["runs"]] == ["first", "second"]
    assert made["counts"] == "asked 2 times"
    assert storage.read_json(uri) == made


def test_runs_of_a_version_that_kept_them_in_the_record_alone_come_first(uri):
    storage.write_json(uri, {**record(), "runs": [{"old": 1}, {"old": 2}]})
    for number in (3, 4):
        claim.save_run(uri, claim.new_run(), {"new": number})
    runs = json.loads(storage.read(uri))["runs"]
    ours = {"emodist": emodist.__version__}
    assert runs == [{"old": 1}, {"old": 2}, {**ours, "new": 3}, {**ours, "new": 4}]

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.reporting.sections import sweep
from tests.reporting.sections.conftest import Shown, material, shown

NESTED = {
    "protocol": "group3",
    "score": "UAR",
    "selected_score_optimistic": 0.75,
    "nested_score_unbiased": 0.5,
    "nested_interval_95": [0.25, None],
    "chance": 0.5,
    "best": {"number": 1, "values": {"k": 3, "p": None}},
    "nested": {"winners": []},
}


@pytest.fixture
def folder(tmp_path):
    """Of a sweep with four trials, three of which belong to the search of all rows."""

    def write(conclusion):
        told = {
            "settings": {"kind": "classifier"},
            "searches": ["all", "group3/1"],
            "trials": {"done": 3, "pruned": 0, "failed": 1},
            "space": {"k": ["int", 1, 9], "p": ["choice", [[1, None]]]},
            "found": conclusion,
        }
        (tmp_path / "sweep.json").write_text(json.dumps(told))
        (tmp_path / "sweep.png").write_bytes(b"picture")
        rows = [
            ("all", 0, 0.5, 1),
            ("all", 1, 0.75, 3),
            ("all", 2, None, 5),
            ("group3/1", 0, 0.9, 7),
        ]
        columns = dict(
            zip(("search", "number", "score", "k"), zip(*rows, strict=True), strict=True)
        )
        more = {"status": ["done", "done", "failed", "done"], "p": [None, 1, None, None]}
        pq.write_table(pa.table({**columns, **more}), tmp_path / "trials.parquet")
        return str(tmp_path)

    return write


def test_without_a_sweep_there_is_no_section(table):
    page = Shown("nowhere")
    sweep.add(page, material(table), lambda step: None)
    assert page.sections == []


def test_a_sweep_that_is_not_finished_is_a_note(table, folder):
    page = shown(sweep, material(table, sweep=folder(None)))
    assert "is not finished" in page.words("note")
    assert page.of("table") == []


def test_both_scores_are_named_by_what_they_are(table, folder):
    page = shown(sweep, material(table, sweep=folder(NESTED)))
    (facts,) = page.of("facts")
    assert facts["pairs"]["trials"] == "3 done, 0 pruned, 1 failed, in 2 searches"
    assert facts["pairs"]["selected score (optimistic)"] == "UAR 0.750"
    assert facts["pairs"]["nested score (unbiased)"] == "UAR 0.500 (95% 0.250 to -; chance 0.500)"
    assert facts["pairs"]["best"] == "k=3"


def test_the_best_trials_are_of_the_search_that_chose_the_settings(table, folder):
    (told,) = shown(sweep, material(table, sweep=folder(NESTED))).of("table")
    assert told["head"] == ["trial", "UAR (optimistic)", "settings"]
    assert told["rows"] == [["1", 0.75, "k=3 p=1"], ["0", 0.5, "k=1"]]
    assert told["caption"].startswith("The 2 best of 2 trials with a score")


def test_without_held_out_speakers_no_nested_score_is_told(table, folder):
    plain = {"protocol": "all rows", "best": {"number": 0, "values": {}}, "notes": ["voices"]}
    page = shown(sweep, material(table, sweep=folder(plain)))
    assert set(page.of("facts")[0]["pairs"]) == {"tuned", "trials", "protocol", "best"}
    assert page.words("note") == "voices."
    assert "No speakers were held out" in page.words("paragraph")

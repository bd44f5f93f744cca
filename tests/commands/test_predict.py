"""What `emodist predict` says at its end, and what it takes."""

import pytest

from emodist import cli
from emodist.commands import predict
from tests.commands.test_media import SUMMARY

PREDICTED = {**SUMMARY, "labels": {"sad": 6, "angry": 3}, "abstained": {}, "score": None}


def test_labels_and_abstentions_are_shares_of_all_segments():
    *_, labels, abstained, last = predict.text(PREDICTED).splitlines()
    assert labels == "labels: sad 50%   angry 25%"
    assert abstained == "abstained: none"
    assert last == "wrote /out"


def test_where_nothing_came_out_there_is_no_share():
    empty = {**PREDICTED, "segments": 0, "labels": {}}
    assert "labels: none" in predict.text(empty).splitlines()


@pytest.mark.parametrize("places", [["bundle"], ["bundle", "vlogs", "more"]])
def test_a_bundle_and_media_are_taken_and_nothing_else(places, capsys):
    assert cli.main(["predict", *places, "--out", "out"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "predict takes BUNDLE and PATH" in line

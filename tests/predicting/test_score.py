"""Predictions against labels that the media came with, and what the number is."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.models import bundle
from emodist.predicting import rows, score
from tests import make

CLASSES = ("angry", "happy", "sad")
CARD = make.card(settings={"model": "lda", "speaker_norm": False}, classes=CLASSES)


def write(out, truth, said, speakers, corpus="mine", abstained=(), file="a"):
    """A file of predictions, sure of what is said."""
    schema = rows.predictions_schema(CLASSES, "key")
    n_rows = len(truth)
    p = np.full((n_rows, 3), 0.1)
    p[np.arange(n_rows), [CLASSES.index(word) for word in said]] = 0.8
    cells = {
        "recording_id": [f"r{file}{i}" for i in range(n_rows)],
        "uri": [f"/media/{file}{i}.wav" for i in range(n_rows)],
        "audio_sha": [f"sha-{file}{i}" for i in range(n_rows)],
        "corpus": [corpus] * n_rows,
        "speaker": speakers,
        "truth": truth,
        "label": said,
        "abstained": [i in abstained for i in range(n_rows)],
        **{f"p_{name}": p[:, index] for index, name in enumerate(CLASSES)},
    }
    columns = [
        pa.array(cells.get(field.name, [None] * n_rows)).cast(field.type) for field in schema
    ]
    (out / "predictions").mkdir(exist_ok=True)
    pq.write_table(
        pa.Table.from_arrays(columns, schema=schema), out / f"predictions/{file}.parquet"
    )


def learn(place, shas=("other",), corpus="acted", speaker="01"):
    """The rows that a bundle learned from."""
    place.mkdir()
    found = {
        "recording_id": list(shas),
        "segment": [0] * len(shas),
        "corpus": [corpus] * len(shas),
        "speaker": [speaker] * len(shas),
        "label": ["sad"] * len(shas),
        "audio_sha": list(shas),
    }
    pq.write_table(pa.Table.from_pydict(found, schema=bundle.ROWS), place / "rows.parquet")
    return str(place)


def test_the_score_is_that_of_the_best_guess_of_all_labelled_rows(tmp_path):
    truth = ["angry", "angry", "happy", "sad", None, "calm"]
    write(tmp_path, truth, ["angry", "sad", "happy", "sad", "sad", "sad"], list("aabbcc"))
    write(tmp_path, ["sad"], ["angry"], ["d"], abstained=(0,), file="b")
    found = score.judge(str(tmp_path), learn(tmp_path / "bundle"), CARD)
    assert (found.n_rows, found.n_speakers) == (5, 3)
    assert found.uar == pytest.approx((1 / 2 + 1 + 1 / 2) / 3)
    assert found.protocol == (
        "the bundle on mine, whose recordings and speakers it has not learned from"
    )
    assert found.notes == (
        "without 1 rows whose labels the bundle does not know: calm 1",
        "it abstains on 1 of these 5 rows; UAR 0.833 on the others",
    )
    text = score.text(found.to_dict())
    assert "UAR 0.667 (95%" in text
    assert "too few speakers to conclude" in text


@pytest.mark.parametrize(
    ("learned", "words"),
    [
        ({"shas": ("sha-a0", "sha-a1", "x")}, "LEARNED FROM 2 of these 6 rows, speakers overlap"),
        ({"corpus": "mine", "speaker": "a"}, "other recordings of people it learned from, speak"),
    ],
)
def test_what_the_bundle_has_learned_from_is_said_loudly(tmp_path, learned, words):
    truth = ["angry", "happy", "sad"] * 2
    write(tmp_path, truth, truth, list("aabbcc"))
    found = score.judge(str(tmp_path), learn(tmp_path / "bundle", **learned), CARD)
    assert words in found.protocol
    assert found.speakers_overlap
    assert "says nothing about people who were not in training" in score.text(found.to_dict())


def test_a_bundle_that_does_not_say_what_it_learned_from_is_told_of(tmp_path):
    truth = ["angry", "happy", "sad"]
    write(tmp_path, truth, truth, list("abc"))
    (tmp_path / "bundle").mkdir()
    found = score.judge(str(tmp_path), str(tmp_path / "bundle"), CARD)
    assert found.protocol.endswith("it does not say what it learned from")


@pytest.mark.parametrize("truth", [[None, None], ["calm", "bored"]])
def test_without_labels_that_the_bundle_knows_there_is_no_score(tmp_path, truth):
    write(tmp_path, truth, ["sad", "sad"], ["a", "b"])
    assert score.judge(str(tmp_path), learn(tmp_path / "bundle"), CARD) is None


def test_an_empty_folder_has_no_score(tmp_path):
    assert score.judge(str(tmp_path), learn(tmp_path / "bundle"), CARD) is None

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist import cli
from emodist.errors import ConfigError
from emodist.learning import audit, dataset, folds
from tests import make


def acted(n_actors=16):
    """As RAVDESS: each actor says two sentences in two emotions; one clip is a copy."""
    rows = [
        {
            **make.rows(1)[0],
            "recording_id": f"r{actor:02d}{clip}",
            "uri": f"{actor:02d}{clip}.wav",
            "speaker": f"{actor:02d}",
            "label": ("happy", "sad")[clip % 2],
            "audio_sha": f"sha{actor}-{clip}",
            "statement": ("Kids", "Dogs")[clip // 2 % 2],
        }
        for actor in range(1, n_actors + 1)
        for clip in range(8)
    ]
    rows[1]["audio_sha"] = rows[0]["audio_sha"]
    return rows


def windows(n_recordings=4, n_windows=5, hop_s=2.0):
    """4 s windows of a few long recordings."""
    return [
        {
            **make.rows(1)[0],
            "recording_id": f"r{recording}",
            "segment": window,
            "uri": f"{recording}.wav",
            "speaker": f"s{recording}",
            "audio_sha": f"sha{recording}",
            "start_s": window * hop_s,
            "end_s": window * hop_s + 4.0,
        }
        for recording in range(n_recordings)
        for window in range(n_windows)
    ]


@pytest.fixture
def table(tmp_path):
    return make.output(tmp_path / "out", acted(), [make.RMS])


def kinds(found):
    return {finding.kind: finding for finding in found.findings}


def write_folds(path, rows, fold, **more):
    columns = {"recording_id": [row["recording_id"] for row in rows], "fold": fold, **more}
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        lines = zip(*columns.values(), strict=True)
        path.write_text("\n".join(",".join(map(str, line)) for line in [columns, *lines]) + "\n")
    return str(path)


@pytest.mark.parametrize("protocol", ["ravdess16", "loso", "group5"])
def test_speaker_independent_folds_are_clean_and_sentences_are_a_note(table, protocol, capsys):
    found = audit.run(table, protocol)
    assert found.is_clean
    assert list(kinds(found)) == ["sentences"]
    assert kinds(found)["sentences"].count == 2
    assert cli.main(["audit", table, "--folds", protocol]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "clean"
    assert "note  2 sentences are said on both sides of a fold; not a leak by itself" in out


def test_random_folds_leak_every_speaker(table, capsys):
    speakers = kinds(audit.run(table, "random5"))["speakers"]
    assert speakers.is_leak
    assert (speakers.count, speakers.n_rows, len(speakers.folds)) == (16, 128, 5)
    assert speakers.examples == ("01", "02", "03")
    assert cli.main(["audit", table, "--folds", "random5"]) == 2
    out = capsys.readouterr().out
    assert "LEAK  16 speakers stand on both sides of a fold (test rows 128, folds 5)" in out
    assert cli.main(["audit", table, "--folds", "random5", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["clean"] is False
    assert told["findings"][0]["count"] == 16


@pytest.mark.parametrize("name", ["folds.csv", "folds.parquet"])
def test_folds_of_a_file_are_audited(table, tmp_path, name):
    rows = acted()
    by_speaker = [int(row["speaker"]) % 4 for row in rows]
    assert audit.run(table, write_folds(tmp_path / name, rows, by_speaker)).is_clean
    # One clip of speaker 01 moves to another fold: the copy of its neighbour.
    by_speaker[1] = 3
    found = kinds(audit.run(table, write_folds(tmp_path / name, rows, by_speaker)))
    assert found["speakers"].examples == ("01",)
    assert found["speakers"].count == 1
    assert found["speakers"].n_rows == 8
    assert found["sounds"].count == 1
    assert found["sounds"].examples == ("010.wav = 011.wav",) or found["sounds"].examples == (
        "011.wav = 010.wav",
    )


def test_a_file_may_leave_rows_out_or_name_train_and_test(table, tmp_path):
    rows = acted()
    side = ["train" if int(row["speaker"]) <= 8 else "test" for row in rows]
    side[-8:] = ["dev"] * 8
    found = audit.run(table, write_folds(tmp_path / "f.csv", rows, side))
    assert found.is_clean
    assert (found.n_folds, found.n_tested, found.n_rows) == (1, 56, 128)
    assert "folds 1, rows 128, of which tested 56" in str(found)
    found = audit.run(table, write_folds(tmp_path / "f.csv", rows[:-8], side[:-8]))
    assert found.is_clean
    assert found.n_tested == 56


def test_an_id_that_looks_like_a_number_stays_a_word(tmp_path):
    rows = make.rows(4)
    for row, name in zip(rows, ("0123", "12e4", "7", "8"), strict=True):
        row["recording_id"] = name
    out = make.output(tmp_path / "out", rows, [make.RMS])
    found = audit.run(out, write_folds(tmp_path / "f.csv", rows, [1, 2, 1, 2]))
    assert (found.n_folds, found.n_tested, found.n_rows) == (2, 4, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recording_id\nr010\n", "needs a column fold"),
        ("recording_id,fold\nr010,1\nr010,2\n", "names 1 rows twice"),
        ("recording_id,fold\nx,1\n", "names 1 rows that the table lacks, such as x"),
        ("recording_id,fold\nr010,1\n", "two values or more"),
        ("recording_id,fold\nr010,1,2\n", "is no CSV file"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(table, tmp_path, text, message, capsys):
    (tmp_path / "f.csv").write_text(text)
    assert cli.main(["audit", table, "--folds", str(tmp_path / "f.csv")]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_protocol_or_file_is_refused(table):
    with pytest.raises(ConfigError, match="did you mean 'group5'"):
        audit.run(table, "groups5")
    with pytest.raises(ConfigError, match=r"none\.csv: no such file"):
        audit.run(table, "none.csv")


def test_windows_of_one_recording_on_both_sides_leak(tmp_path):
    rows = windows()
    out = make.output(tmp_path / "out", rows, [make.RMS])
    assert audit.run(out, "loso").is_clean
    # The first recording is cut in two: windows 0, 1 and 2, 3, 4.
    fold = [row["recording_id"] for row in rows]
    fold[:2] = ["new"] * 2
    segments = [row["segment"] for row in rows]
    path = write_folds(tmp_path / "f.csv", rows, fold, segment=segments)
    found = kinds(audit.run(out, path))
    assert found["recordings"].examples == ("0.wav",)
    assert (found["recordings"].count, found["recordings"].n_rows) == (1, 5)
    # Only windows 1 (2 to 6 s) and 2 (4 to 8 s) reach over the cut.
    assert found["test windows"].count == 2
    assert found["test windows"].examples == ("0.wav at 2 s", "0.wav at 4 s")
    assert "sounds" not in found


def test_windows_that_only_touch_do_not_overlap(tmp_path):
    rows = windows(hop_s=4.0)
    out = make.output(tmp_path / "out", rows, [make.RMS])
    found = kinds(audit.run(out, "random5"))
    assert "recordings" in found
    assert "test windows" not in found


def test_overlaps_are_those_of_a_plain_loop_over_all_pairs(tmp_path):
    rng = np.random.default_rng(0)
    rows = windows(3, 12)
    for row in rows:
        row["start_s"] = float(rng.uniform(0, 30))
        row["end_s"] = row["start_s"] + float(rng.uniform(0.1, 6))
    found = dataset.load(make.output(tmp_path / "out", rows, [make.RMS]))
    test = np.sort(rng.permutation(len(rows))[:9])
    fold = folds.Fold("one", np.setdiff1d(np.arange(len(rows)), test), test)
    expected = [
        row
        for row in test
        if any(
            found.recording_id[row] == found.recording_id[other]
            and found.start_s[row] < found.end_s[other]
            and found.start_s[other] < found.end_s[row]
            for other in fold.train
        )
    ]
    overlapping = kinds(audit.audit(found, [fold], "one")).get("test windows")
    assert overlapping is not None
    assert overlapping.count == len(expected)


@pytest.mark.parametrize("parent", ["r010", "010.wav"])
def test_an_augmented_copy_may_not_face_its_source(tmp_path, parent):
    rows = acted(4)
    for index, name in enumerate(("noisy", "faster")):
        copy = {**rows[0], "recording_id": name, "uri": f"9{index}.wav", "audio_sha": name}
        # The second is made from the first.
        rows.append({**copy, "parent": parent if index == 0 else "noisy"})
    out = make.output(tmp_path / "out", rows, [make.RMS])
    assert audit.run(out, "loso").is_clean
    fold = [int(row["speaker"]) for row in rows]
    fold[-1] = 2
    found = kinds(audit.run(out, write_folds(tmp_path / "f.csv", rows, fold)))
    assert found["sources"].is_leak
    assert (found["sources"].count, found["sources"].n_rows) == (1, 3)


def test_variants_that_are_tested_are_noted_and_a_protocol_never_tests_them(tmp_path):
    rows = acted(4)
    rows += [
        {**row, "recording_id": f"{row['recording_id']}-1", "parent": row["recording_id"]}
        for row in rows
    ]
    out = make.output(tmp_path / "out", rows, [make.RMS])
    found = audit.run(out, "loso")
    assert found.is_clean
    assert found.n_tested == len(rows) // 2
    assert "variants" not in kinds(found)
    # Even a random split keeps a variant away from the side that its source is not on.
    assert "sources" not in kinds(audit.run(out, "random4"))
    fold = [int(row["speaker"]) for row in rows]
    found = audit.run(out, write_folds(tmp_path / "f.csv", rows, fold))
    assert found.is_clean
    assert not kinds(found)["variants"].is_leak
    assert kinds(found)["variants"].count == len(rows) // 2


def test_unknown_speakers_are_never_clean(tmp_path):
    rows = acted(4)
    rows[3]["speaker"] = None
    out = make.output(tmp_path / "out", rows, [make.RMS])
    fold = [index // 8 for index in range(len(rows))]
    found = audit.run(out, write_folds(tmp_path / "f.csv", rows, fold))
    assert not found.is_clean
    assert "nobody can say" in str(found)
    with pytest.raises(ConfigError, match="1 of 32 rows have"):
        audit.run(out, "loso")


def test_labels_that_differ_in_case_or_blanks_are_a_note(tmp_path):
    rows = acted(4)
    for row in rows[3::8]:
        row["label"] += " "
    out = make.output(tmp_path / "out", rows, [make.RMS])
    found = audit.run(out, "loso")
    assert found.is_clean
    assert kinds(found)["labels"].count == 2
    assert f"such as {rows[3]['label'].strip()!r}; {rows[3]['label']!r}" in str(found)


def test_an_unlabelled_archive_can_be_audited(tmp_path):
    rows = [{**row, "label": None} for row in windows()]
    out = make.output(tmp_path / "out", rows, [make.RMS])
    assert audit.run(out, "group2").is_clean
    assert not audit.run(out, "random2").is_clean

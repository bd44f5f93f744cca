"""Augmented variants: rows of their own, made beside their originals."""

import json
import os

import numpy as np
import pytest

from emodist.errors import OutputError
from emodist.learning import audit, dataset
from emodist.media import variants
from tests.pipelines.conftest import featurize, table, write_clip

pytestmark = pytest.mark.slow
AUGMENT = {"augment": ("time_stretch", "noise", "room"), "n_variants": 2, "workers": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Six clips of three speakers, once without variants and once with two each."""
    folder = tmp_path_factory.mktemp("variants")
    words = ["uri,speaker,label"]
    for index in range(6):
        write_clip(folder / f"{index}.wav", index, 0.5)
        words.append(f"{index}.wav,s{index // 2},{('happy', 'sad')[index % 2]}")
    (folder / "clips.csv").write_text("\n".join(words))
    featurize(folder / "clips.csv", folder / "plain", workers=1)
    summary = featurize(folder / "clips.csv", folder / "augmented", **AUGMENT)
    return folder, summary


def described(out):
    return {
        row["recording_id"]: json.loads(row["attributes"])
        for row in table(out, "recordings").to_pylist()
    }


def test_originals_stay_as_they_are_and_each_variant_says_what_was_done(made):
    folder, summary = made
    assert (summary["recordings"], summary["variants"], summary["same_sound"]) == (18, 12, 0)
    rows = table(folder / "augmented")
    is_variant = np.array([variants.is_variant(name) for name in rows["recording_id"].to_pylist()])
    assert rows.filter(~is_variant).equals(table(folder / "plain"))
    originals = {row["recording_id"]: row for row in table(folder / "plain").to_pylist()}
    about = described(folder / "augmented")
    for row in rows.filter(is_variant).to_pylist():
        done = about[row["recording_id"]]
        original = originals[done["parent"]]
        assert variants.original(row["recording_id"]) == done["parent"]
        for key in ("uri", "speaker", "label", "segment", "start_s", "end_s", "audio_sha"):
            assert row[key] == original[key]
        assert set(done["augmentation"]) <= set(AUGMENT["augment"])
        assert row["mfcc"] != original["mfcc"]


def test_a_table_with_variants_is_known_as_one_and_clean(made):
    out = str(made[0] / "augmented")
    rows = dataset.load(out)
    assert rows.is_variant().sum() == 12
    assert len(set(rows.sources())) == 6
    found = audit.run(out, "loso")
    assert found.is_clean
    assert found.n_tested == 6


def test_variants_are_part_of_what_an_output_is(made):
    folder, _ = made
    assert featurize(folder / "clips.csv", folder / "augmented", **AUGMENT)["new"] == 0
    for other in ({}, {**AUGMENT, "n_variants": 3}, {**AUGMENT, "augment": ("noise",)}):
        with pytest.raises(OutputError, match="choose another --out"):
            featurize(folder / "clips.csv", folder / "augmented", **other)


def test_another_run_elsewhere_makes_the_same_variants(made, tmp_path):
    folder, _ = made
    featurize(folder / "clips.csv", tmp_path / "again", **{**AUGMENT, "workers": 2})
    assert table(tmp_path / "again").equals(table(folder / "augmented"))


def test_variants_fail_are_tried_again_and_change_with_their_file(tmp_path):
    clips, out = tmp_path / "clips", tmp_path / "out"
    for index in range(3):
        write_clip(clips / "happy" / f"{index}.wav", index, 0.5)
    file = clips / "happy" / "1.wav"
    whole, times = file.read_bytes(), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(bytes(len(whole)))
    os.utime(file, ns=times)
    assert featurize(clips, out, **AUGMENT)["failed"] == 3
    file.write_bytes(whole)
    os.utime(file, ns=times)
    summary = featurize(clips, out, retry_failed=True, **AUGMENT)
    assert (summary["failed"], summary["recordings"], summary["same_sound"]) == (0, 9, 0)
    before = described(out)
    write_clip(file, 99, 0.5)
    summary = featurize(clips, out, **AUGMENT)
    assert (summary["changed"], summary["new"], summary["recordings"]) == (1, 3, 9)
    assert len(before.keys() - described(out).keys()) == 3
    assert len(table(out)) == 9

import collections
import json

import numpy as np
import pytest

from emodist.audio.segments import Segment
from emodist.errors import ConfigError
from emodist.media import plan, variants
from emodist.media.listing import MediaFile
from emodist.media.settings import FeaturizeSettings

AUGMENT = ("time_stretch", "pitch_shift", "noise")


class Folder:
    """A corpus whose label is the first folder."""

    def describe(self, path):
        return collections.namedtuple("D", "speaker label attributes")("s", path.split("/")[0], {})


def originals(*labels, **more):
    files = [
        MediaFile(f"{label}/{index}.wav", f"/{index}.wav") for index, label in enumerate(labels)
    ]
    return [{**row, **more} for row in plan.recordings(files, Folder(), "folder").to_pylist()]


def settings(**more):
    return FeaturizeSettings(path="in", out="out", **{"augment": AUGMENT, **more})


def test_without_augmentations_there_are_no_variants():
    assert variants.planned(originals("a", "b"), settings(augment=())) == []


def test_a_variant_is_its_original_under_another_id_with_what_is_done_to_it():
    (row,) = originals("happy")
    first, second = variants.planned([row], settings(n_variants=2))
    assert first["recording_id"] == f"{row['recording_id']}-1"
    assert variants.original(second["recording_id"]) == row["recording_id"]
    assert variants.is_variant(second["recording_id"])
    assert not variants.is_variant(row["recording_id"])
    attributes = json.loads(first["attributes"])
    assert attributes["parent"] == row["recording_id"]
    ((name, drawn),) = attributes["augmentation"].items()
    assert name in AUGMENT
    assert drawn
    same = row.keys() - {"recording_id", "attributes"}
    assert {key: first[key] for key in same} == {key: row[key] for key in same}


def test_each_variant_of_a_recording_is_another_augmentation_until_all_were_there():
    rows = originals(*"abcdefghij")
    found = variants.planned(rows, settings(n_variants=4))
    assert len(found) == 40
    names = collections.defaultdict(list)
    for row in found:
        (name,) = json.loads(row["attributes"])["augmentation"]
        names[variants.original(row["recording_id"])].append(name)
    for made in names.values():
        assert set(made[:3]) == set(AUGMENT)
        assert made[3] == made[0]
    # With one variant each, a table still has all of them.
    assert {made[0] for made in names.values()} == set(AUGMENT)


def test_parameters_are_drawn_from_the_settings_and_are_the_same_next_time():
    chosen = settings(
        augment=("noise",), n_variants=20, augment_settings={"noise": {"min_snr_db": 29}}
    )
    first, again = (variants.planned(originals("a"), chosen) for _ in range(2))
    assert first == again
    levels = [json.loads(row["attributes"])["augmentation"]["noise"]["snr_db"] for row in first]
    assert all(29 <= level <= 30 for level in levels)
    assert len(set(levels)) == 20


def test_a_file_that_cannot_be_tried_has_no_variants():
    assert variants.planned(originals("a", problem="unreadable"), settings()) == []


@pytest.mark.parametrize("n_variants", [0, 1, 2])
def test_balancing_brings_every_class_to_the_size_of_the_largest(n_variants):
    rows = originals(*["happy"] * 9, *["sad"] * 4, "calm")
    found = variants.planned(rows, settings(n_variants=n_variants, augment_balance=True))
    sizes = collections.Counter(row["label"] for row in [*rows, *found])
    most = 9 * (1 + n_variants)
    assert sizes == {"happy": most, "sad": most, "calm": min(most, 1 + variants.MOST_VARIANTS)}
    per_recording = collections.Counter(
        variants.original(row["recording_id"]) for row in found if row["label"] == "sad"
    )
    assert max(per_recording.values()) - min(per_recording[r] for r in per_recording) <= 1


def test_unlabelled_recordings_get_variants_too_but_are_not_balanced():
    rows = [{**row, "label": None} for row in originals("a", "b")]
    found = variants.planned(rows, settings(n_variants=3, augment_balance=True))
    assert len(found) == 6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"augment": ("nois",)}, "did you mean 'noise'"),
        ({"n_variants": -1}, "n_variants must be within 0 and 1000"),
        ({"augment": (), "augment_balance": True}, "say augment=time_stretch,noise"),
        ({"augment_settings": {"noise": {"min_snr_db": 99}}}, "is above noise.max_snr_db"),
        ({"augment_settings": {"noise": {"snr": 3}}}, "noise has no setting 'snr'"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_planned(wrong, message):
    with pytest.raises(ConfigError, match=message):
        settings(**wrong)


def heard(recording):
    rng = np.random.default_rng(0)
    pieces = [rng.standard_normal(8000).astype(np.float32) for _ in range(2)]
    segments = [Segment(i, i / 2, i / 2 + 0.5, piece) for i, piece in enumerate(pieces)]
    return pieces, list(variants.augmented(segments, recording))


def test_an_original_is_heard_as_it_is():
    pieces, found = heard(originals("a")[0])
    for piece, segment in zip(pieces, found, strict=True):
        assert segment.waveform is piece


def test_a_variant_is_changed_the_same_way_each_time_and_keeps_the_times_of_its_file():
    (recording,) = variants.planned(originals("a"), settings(augment=("noise",)))
    pieces, found = heard(recording)
    _, again = heard(recording)
    for piece, segment, other in zip(pieces, found, again, strict=True):
        assert not np.array_equal(segment.waveform, piece)
        np.testing.assert_array_equal(segment.waveform, other.waveform)
    assert [(s.index, s.start_s, s.end_s) for s in found] == [(0, 0, 0.5), (1, 0.5, 1.0)]
    # Not the same noise in each window.
    noises = [segment.waveform - piece for piece, segment in zip(pieces, found, strict=True)]
    assert abs(np.corrcoef(*noises)[0, 1]) < 0.1

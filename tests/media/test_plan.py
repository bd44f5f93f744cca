import pytest

from emodist import registry
from emodist.media import plan
from emodist.media.listing import MediaFile
from emodist.tables import schema

CORPUS = registry.build("corpora", "folder")
SIZING = plan.Sizing(bytes_per_s=1000, bytes_per_file=1000, n_workers=2)
HOUR_BYTES = 96_000 * 3600


def recordings(names, size_bytes=960_000):
    files = [MediaFile(name, f"/x/{name}", size_bytes) for name in names]
    return plan.recordings(files, CORPUS, "folder")


def only(*files):
    (row,) = plan.recordings(files, CORPUS, "folder").to_pylist()
    return row


def rows(table):
    return [row for shard in table.to_pylist() for row in shard["recordings"]]


def test_every_recording_lies_in_exactly_one_shard_in_order():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(1000)]), "f", SIZING)
    assert [row["path"] for row in rows(table)] == [f"a/{i}.wav" for i in range(1000)]
    assert table.schema == schema.PLAN


def test_a_shard_says_how_many_files_and_how_much_sound_it_has():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(100)]), "f", SIZING).to_pylist()
    assert all(row["n_files"] == len(row["recordings"]) for row in table)
    assert all(row["audio_s"] == 10.0 * row["n_files"] for row in table)


def test_shards_of_one_group_name_each_other_and_a_small_job_is_one_group():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(100)]), "f", SIZING).to_pylist()
    assert len(table) > 4
    assert len({row["group"] for row in table}) == 1
    assert all(row["group_shards"] == [row["shard"] for row in table] for row in table)


def test_a_large_job_is_cut_into_groups_near_the_size_of_a_good_parquet_file():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(500)], HOUR_BYTES), "f", SIZING)
    sizes = {}
    for row in table.to_pylist():
        sizes[row["group"]] = sizes.get(row["group"], 0) + 3600 * 1000
    assert len(sizes) > 5
    assert all(64e6 < size < 256e6 for size in list(sizes.values())[:-1])


def test_shards_grow_from_minutes_to_hours_with_the_archive_but_not_beyond_a_good_file():
    small = plan.Sizing(bytes_per_s=1000, bytes_per_file=0, n_workers=64)

    def hours(archive_h, sizing=small):
        return sizing.shard_limits(archive_h * 3600, 10**6)[0] / 3600

    assert hours(1) == 120 / 3600
    assert hours(256) == 0.5
    assert hours(4000) == 1
    assert hours(40_000) == 10
    assert hours(1_000_000) == 16
    with_images = plan.Sizing(bytes_per_s=16_000, bytes_per_file=0, n_workers=64)
    assert hours(1_000_000, with_images) == pytest.approx(2**27 / 16_000 / 3600)


def test_a_shard_is_named_by_its_list_and_the_settings():
    def names(paths, fingerprint):
        return plan.cut(recordings(paths), fingerprint, SIZING)["shard"].to_pylist()

    assert names(["a/1.wav"], "f") == names(["a/1.wav"], "f")
    assert names(["a/1.wav"], "f") != names(["a/1.wav"], "g")
    assert names(["a/1.wav"], "f") != names(["a/2.wav"], "f")


def test_columns_of_a_list_win_over_the_corpus():
    row = only(MediaFile("happy/x.wav", "/x", 1, given={"label": "joy", "age": "30"}))
    assert (row["label"], row["attributes"]) == ("joy", '{"age": "30"}')


def test_a_file_without_a_place_in_its_corpus_keeps_the_reason():
    assert "no label folder" in only(MediaFile("x.wav", "/x", 1))["problem"]
    named = MediaFile("x.wav", "/x", 1, given={"speaker": "Ann", "label": "joy"})
    assert only(named)["problem"] is None


def test_a_name_that_is_not_utf8_is_a_problem():
    file = MediaFile("a/\udcff.wav", "/x/a/\udcff.wav", 1)
    assert "not UTF-8" in only(file)["problem"]
    plan.cut(plan.recordings([file], CORPUS, "folder"), "f", SIZING)


def test_a_time_of_change_is_kept_to_the_millisecond():
    assert only(MediaFile("a/x.wav", "/x", 1, 1_700_000_000_123))["modified"].isoformat() == (
        "2023-11-14T22:13:20.123000+00:00"
    )


@pytest.mark.parametrize("name", ["x.wav", "x.mp4", "x.opus", "no_suffix", "a.b/c"])
def test_longer_files_are_predicted_to_be_longer(name):
    assert plan.audio_s(name, 10**6) > plan.audio_s(name, 10**5) > 0
    assert plan.audio_s(name, None) == 0


def test_nothing_to_plan_is_a_plan_without_rows():
    assert plan.cut(plan.batch([]), "f", SIZING).num_rows == 0

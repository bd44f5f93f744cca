import threading

import pyarrow as pa
import pytest

from emodist import plan, registry, schema
from emodist.listing import MediaFile

CORPUS = registry.build("corpora", "folder")
SIZING = plan.Sizing(bytes_per_s=1000, bytes_per_file=1000, n_workers=2)


def recordings(names, size_bytes=960_000):
    return [
        plan.recording(MediaFile(name, f"/x/{name}", size_bytes), CORPUS, "folder")
        for name in names
    ]


def rows(table):
    return [row for shard in table.to_pylist() for row in shard["recordings"]]


def test_every_recording_lies_in_exactly_one_shard_in_order():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(1000)]), "f", SIZING)
    assert [row["path"] for row in rows(table)] == [f"a/{i}.wav" for i in range(1000)]
    assert table.schema == schema.PLAN


def test_shards_of_one_group_name_each_other_and_a_small_job_is_one_group():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(100)]), "f", SIZING).to_pylist()
    assert len(table) > 4
    assert len({row["group"] for row in table}) == 1
    assert all(row["group_shards"] == [row["shard"] for row in table] for row in table)


def test_a_large_job_is_cut_into_groups_near_the_size_of_a_good_parquet_file():
    table = plan.cut(recordings([f"a/{i}.wav" for i in range(500)], 96_000 * 3600), "f", SIZING)
    sizes = {}
    for row in table.to_pylist():
        sizes[row["group"]] = sizes.get(row["group"], 0) + 3600 * 1000
    assert len(sizes) > 5
    assert all(64e6 < size < 256e6 for size in list(sizes.values())[:-1])


def test_a_shard_is_named_by_its_list_and_the_settings():
    def names(paths, fingerprint):
        return plan.cut(recordings(paths), fingerprint, SIZING)["shard"].to_pylist()

    assert names(["a/1.wav"], "f") == names(["a/1.wav"], "f")
    assert names(["a/1.wav"], "f") != names(["a/1.wav"], "g")
    assert names(["a/1.wav"], "f") != names(["a/2.wav"], "f")


def test_columns_of_a_list_win_over_the_corpus():
    file = MediaFile("happy/x.wav", "/x", 1, given={"label": "joy", "age": "30"})
    row = plan.recording(file, CORPUS, "folder")
    assert (row["label"], row["attributes"]) == ("joy", '{"age": "30"}')


def test_a_file_without_a_place_in_its_corpus_keeps_the_reason():
    assert "no label folder" in recordings(["x.wav"])[0]["problem"]
    named = MediaFile("x.wav", "/x", 1, given={"speaker": "Ann", "label": "joy"})
    assert plan.recording(named, CORPUS, "folder")["problem"] is None


def test_a_name_that_is_not_utf8_is_a_problem():
    file = MediaFile("a/\udcff.wav", "/x/a/\udcff.wav", 1)
    row = plan.recording(file, CORPUS, "folder")
    assert "not UTF-8" in row["problem"]
    plan.cut([row], "f", SIZING)


def test_a_plan_grows_by_what_is_new(tmp_path):
    out = str(tmp_path)

    def new(names):
        def cut(parts):
            known = set(plan.planned(parts, "path"))
            return plan.cut(recordings([n for n in names if n not in known]), "f", SIZING)

        return cut

    assert len(plan.extend(out, new(["a/1.wav"]))) == 1
    assert len(plan.extend(out, new(["a/1.wav"]))) == 1
    parts = plan.extend(out, new(["a/1.wav", "a/2.wav"]))
    assert plan.planned(parts, "path") == ["a/1.wav", "a/2.wav"]
    assert [part.num_rows for part in plan.parts(out)] == [1, 1]


def test_drivers_that_start_at_the_same_moment_plan_nothing_twice(tmp_path):
    names = [f"a/{i}.wav" for i in range(50)]
    meet = threading.Barrier(4)

    def cut(parts):
        known = set(plan.planned(parts, "path"))
        table = plan.cut(recordings([n for n in names if n not in known]), "f", SIZING)
        if not parts:
            meet.wait(timeout=10)
        return table

    threads = [threading.Thread(target=plan.extend, args=(str(tmp_path), cut)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(plan.planned(list(plan.parts(str(tmp_path))), "path")) == sorted(names)


@pytest.mark.parametrize("name", ["x.wav", "x.mp4", "x.opus"])
def test_longer_files_are_predicted_to_be_longer(name):
    assert plan.audio_s(name, 10**6) > plan.audio_s(name, 10**5) > 0
    assert plan.audio_s(name, None) == 0


def test_an_empty_plan_has_no_rows():
    assert plan.cut([], "f", SIZING).num_rows == 0
    assert plan.planned([pa.Table.from_pylist([], schema.PLAN)], "path") == []

import threading

import pytest

from emodist import registry
from emodist.media import plan, plan_log
from emodist.media.listing import MediaFile
from emodist.media.plan_log import PlanLog

CORPUS = registry.build("corpora", "folder")
SIZING = plan.Sizing(bytes_per_s=1000, bytes_per_file=1000, n_workers=2)


def files(*names, version=""):
    return [MediaFile(f"a/{name}.wav", f"/x/a/{name}.wav", 960_000, 0, version) for name in names]


def table(some, **more):
    rows = plan.recordings(some, CORPUS, "folder").to_pylist() if some else []
    return plan.cut(plan.batch([{**row, **more} for row in rows]), "f", SIZING)


def add(log, some, **more):
    return log.add(lambda: table(log.unplanned(some), **more))


def paths(out):
    return [p for rows in plan_log.row_groups(str(out), "path") for p in rows["path"].to_pylist()]


def test_a_plan_grows_by_what_is_new(tmp_path):
    add(PlanLog(str(tmp_path)), files(1))
    add(PlanLog(str(tmp_path)), files(1))
    assert PlanLog(str(tmp_path)).n_parts == 1
    add(PlanLog(str(tmp_path)), files(1, 2))
    assert PlanLog(str(tmp_path)).n_parts == 2
    assert paths(tmp_path) == ["a/1.wav", "a/2.wav"]


def test_a_changed_file_is_not_planned_but_its_path_is(tmp_path):
    add(PlanLog(str(tmp_path)), files(1, 2, 3))
    log = PlanLog(str(tmp_path))
    again = [*files(1), *files(2, version="new"), *files(4)]
    assert log.unplanned(again) == again[1:]
    assert log.n_changed(log.unplanned(again)) == 1


def test_any_of_many_versions_of_a_file_is_known(tmp_path):
    for version in "abcdefgh":
        add(PlanLog(str(tmp_path)), files(1, 2, version=version))
    log = PlanLog(str(tmp_path))
    for version in "abcdefgh":
        assert not log.unplanned(files(1, 2, version=version))
    assert len(log.unplanned(files(1, 2, version="i"))) == 2


def test_the_plan_of_one_driver_is_that_of_the_next(tmp_path):
    log = PlanLog(str(tmp_path))
    for start in range(0, 3000, 1000):
        add(log, files(*range(start, start + 1000)))
    assert PlanLog(str(tmp_path)).work() == log.work()


def test_a_reference_leads_to_its_shard_and_all_shards_together_to_all_recordings(tmp_path):
    log = PlanLog(str(tmp_path))
    for start in range(0, 10_000, 5000):
        add(log, files(*range(start, start + 5000)))
    references = log.work().to_pylist()
    assert len({reference["row_group"] for reference in references}) > 1
    found = []
    for reference in references:
        row = plan_log.shard(str(tmp_path), reference)
        assert row.items() >= {k: reference[k] for k in plan_log.SHARD_COLUMNS}.items()
        assert row["shard"] in row["group_shards"]
        found += [recording["path"] for recording in row["recordings"]]
    assert found == paths(tmp_path) == [f"a/{i}.wav" for i in range(10_000)]


def test_drivers_that_start_at_the_same_moment_plan_nothing_twice(tmp_path):
    some = files(*range(50))
    meet = threading.Barrier(4)

    def drive():
        log = PlanLog(str(tmp_path))

        def new():
            made = table(log.unplanned(some))
            if log.n_parts == 0:
                meet.wait(timeout=10)
            return made

        log.add(new)

    threads = [threading.Thread(target=drive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(paths(tmp_path)) == sorted(file.path for file in some)


def test_nothing_is_superseded_while_every_file_is_planned_once(tmp_path):
    log = PlanLog(str(tmp_path))
    add(log, files(1, 2))
    add(log, files(3))
    assert log.superseded() == {}


def test_the_latest_version_of_a_file_counts(tmp_path):
    log = PlanLog(str(tmp_path))
    groups = [
        add(log, some)["group"][0].as_py()
        for some in (files(1, 2), files(1, version="new"), files(1, version="newest"))
    ]
    wanted = {
        groups[0]: [files(1)[0].recording_id],
        groups[1]: [files(1, version="new")[0].recording_id],
    }
    assert log.superseded() == PlanLog(str(tmp_path)).superseded() == wanted


@pytest.mark.parametrize("suffix", ["", "-2"])
def test_the_latest_try_counts_of_a_file_or_one_of_its_variants(tmp_path, suffix):
    name = f"{files(1)[0].recording_id}{suffix}"
    log = PlanLog(str(tmp_path))
    add(log, files(1, 2))
    first = log.add(lambda: table(files(1), recording_id=name))
    log.add(lambda: table(files(1), recording_id=name, attempts=2))
    dropped = PlanLog(str(tmp_path)).superseded()
    assert dropped[first["group"][0].as_py()] == [name]
    assert sum(map(len, dropped.values())) == (1 if suffix else 2)


def test_variants_go_with_the_version_that_they_were_made_from(tmp_path):
    log = PlanLog(str(tmp_path))
    name = files(1)[0].recording_id
    first = log.add(lambda: table([*files(1), *files(2)]))["group"][0].as_py()
    variant = log.add(lambda: table(files(1), recording_id=f"{name}-1"))["group"][0].as_py()
    add(log, files(1, version="new"))
    assert log.superseded() == {first: [name], variant: [f"{name}-1"]}

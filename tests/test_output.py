import os
import time

from emodist import output


def test_what_a_killed_writer_left_is_removed_after_a_day_wherever_it_lies(tmp_path):
    old, new = time.time() - 2 * output.ABANDONED_S, time.time()
    for folder in ("features", "audio", "audio/channel", "audio/channel/2026"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name, when in ((".abandoned.tmp", old), (".busy.tmp", new), ("kept.wav", old)):
            (tmp_path / folder / name).touch()
            os.utime(tmp_path / folder / name, (when, when))
    output.tidy(str(tmp_path))
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == 4 * [".busy.tmp"] + 4 * ["kept.wav"]

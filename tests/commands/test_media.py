"""What a job over media says at its end."""

import argparse

import pytest

from emodist import cli
from emodist.commands import _media
from emodist.media.settings import FeaturizeSettings
from tests.pipelines.conftest import write_clip


@pytest.mark.slow
def test_failures_bring_the_word_that_tries_them_again(tmp_path, capsys):
    write_clip(tmp_path / "in" / "good.wav", 0)
    words = ["extract", f"{tmp_path}/in", "--out", f"{tmp_path}/out", "engine=local", "workers=1"]
    assert cli.main(words) == 0
    assert "--retry-failed" not in capsys.readouterr().out
    (tmp_path / "in" / "bad.wav").write_bytes(b"no sound")
    for more in ([], ["--retry-failed"]):
        assert cli.main([*words, *more]) == 0
        *_, told, place = capsys.readouterr().out.splitlines()
        assert told == "failed files are tried again with --retry-failed"
        assert place == f"wrote {tmp_path}/out"


SUMMARY = {
    **{"recordings": 8, "failed": 2, "variants": 0, "segments": 12, "audio_h": 0.5},
    **{"new": 8, "new_failed": 2, "seconds": 4.0, "times_real_time": 450.0, "engine": "local"},
    **{"workers": 2, "same_sound": 0, "changed": 0, "damaged": 0, "remarks": 0, "listing": []},
    "out": "/out",
}


def test_the_summary_counts_and_ends_with_the_path():
    assert _media.text(SUMMARY).splitlines() == [
        "recordings 8   segments 12   failed 2 (20.0%)   audio 0.50 h",
        "this run: 8 new, 2 failed, 4.0 s, 450 times real time (local, 2 workers)",
        "failed files are tried again with --retry-failed",
        "wrote /out",
    ]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"new": 0, "new_failed": 0}, "nothing new to do"),
        ({"same_sound": 3}, "3 recordings have the same sound as another one"),
        ({"damaged": 2}, "2 damaged recordings were kept (`damage` in recordings)"),
        ({"remarks": 1}, "1 recordings have a `remark` (in the table recordings)"),
        ({"changed": 1}, "1 files had changed and were processed again"),
        (
            {"cost": 1.25, "occupied_cpu_h": 2.5, "price_per_cpu_h": 0.5},
            "cost 1.25: 2.5 CPU hours at 0.5",
        ),
    ],
)
def test_what_is_out_of_the_ordinary_has_a_line(more, line):
    assert line in _media.text({**SUMMARY, **more}).splitlines()
    assert line not in _media.text(SUMMARY).splitlines()


def test_variants_are_counted_among_the_recordings():
    text = _media.text({**SUMMARY, "failed": 0, "new_failed": 0, "variants": 4})
    assert text.startswith("recordings 8 (4 of them augmented variants)   segments 12   failed 0  ")


@pytest.mark.parametrize(("allowed", "code"), [(0.1, 1), (0.2, 0)])
def test_more_failures_than_allowed_are_exit_code_1(allowed, code, capsys):
    settings = FeaturizeSettings(path="in", out="out", max_failed_fraction=allowed)
    given = argparse.Namespace(json=True)
    assert _media.answer(SUMMARY, settings, given) == code
    assert capsys.readouterr().out.startswith('{"recordings": 8')


def test_what_was_found_beside_media_is_told_once():
    text = _media.text({**SUMMARY, "listing": ["left out: 14 .txt"]})
    assert text.splitlines().count("left out: 14 .txt") == 1

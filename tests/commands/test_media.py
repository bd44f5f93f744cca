"""What a job over media says at its end."""

from emodist import cli
from tests.pipelines.conftest import write_clip


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

"""Names that fit where they are written."""

import pytest

from emodist import storage
from emodist.media import names


@pytest.mark.parametrize("path", ["a.wav", "x" * 255, "folder/" * 80 + "x.wav"], ids=len)
def test_a_path_that_fits_stays_as_it_is(path):
    assert names.fitting(path) == path


@pytest.mark.parametrize(
    "path",
    [f"a/{'x' * 300}.flac", f"{'ü' * 200}.wav", f"{'深' * 90}/b.wav", "folder/" * 300 + "x.wav"],
    ids=["letters", "bytes", "folder", "path"],
)
def test_a_path_is_made_to_fit_and_keeps_its_suffix(path, tmp_path):
    found = names.fitting(path)
    storage.write(f"{tmp_path}/{found}", b"")
    assert names.fitting(found) == found != path
    assert found[0] == path[0]
    assert found.rpartition(".")[2] == path.rpartition(".")[2]
    assert len(found.encode()) <= names.MOST_PATH_BYTES


def test_long_names_that_differ_stay_different():
    paths = [f"a/{'x' * 300}{end}.wav" for end in "ab"]
    assert len(set(map(names.fitting, paths))) == 2

"""Label files beside the sound, on a disk and in a bucket."""

import fsspec
import pytest

from emodist.corpora import _labels
from emodist.corpora.msp_podcast import MspPodcast
from emodist.errors import CorpusError


def test_a_file_is_found_in_the_folder_or_above_it_but_not_further(tmp_path):
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "x.csv").write_text("")
    (tmp_path / "a" / "y.csv").write_text("")
    assert _labels.find(str(deep), ["y.csv"]) == f"{tmp_path}/a/y.csv"
    assert _labels.find(str(deep), ["x.csv"]) is None
    assert _labels.find(str(deep), ["x.csv"], n_above=3) == f"{tmp_path}/x.csv"


def test_the_folder_itself_wins_over_those_above_and_the_first_name_over_the_others(tmp_path):
    (tmp_path / "a").mkdir()
    for file in ("x.csv", "a/x.csv", "a/y.csv"):
        (tmp_path / file).write_text("")
    assert _labels.find(f"{tmp_path}/a/", ["y.csv", "x.csv"]) == f"{tmp_path}/a/y.csv"
    assert _labels.find(f"{tmp_path}/a", ["x.csv"]) == f"{tmp_path}/a/x.csv"


def test_a_search_ends_at_the_top():
    assert _labels.find("/nowhere", ["no such file"], n_above=9) is None
    assert _labels.find("memory://bucket", ["no such file"], n_above=9) is None


def test_labels_in_a_bucket_are_found_beside_the_sound():
    files = fsspec.filesystem("memory")
    files.pipe(
        "/msp/Labels/labels_consensus.csv",
        b"FileName,EmoClass,Split_Set\nMSP-PODCAST_0001_0008.wav,A,Train\n",
    )
    files.pipe("/msp/Audios/MSP-PODCAST_0001_0008.wav", b"")
    corpus = MspPodcast().opened("memory://msp/Audios")
    assert corpus.describe("MSP-PODCAST_0001_0008.wav").label == "anger"


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfFileName,Vote\r\na,1\r\n")
    assert _labels.rows("c", str(tmp_path / "x.csv"), ["FileName"]) == [
        {"FileName": "a", "Vote": "1"}
    ]


def test_a_label_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"crema_d: the label file .*x\.csv cannot be read"):
        _labels.read("crema_d", str(tmp_path / "x.csv"))

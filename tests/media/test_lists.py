"""Lists of files: how names are found, and what rows may say of one file."""

import os
import unicodedata

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emodist.errors import ConfigError
from emodist.media import listing

ACCENT = {form: unicodedata.normalize(form, "Ren\u00e9.wav") for form in ("NFC", "NFD")}


@pytest.fixture
def folder(tmp_path):
    for name in ("a.wav", "sub/b.wav", "sub/c d.wav"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path


def listed(folder, *rows, head="uri,speaker,label", name="list.csv", encoding="utf-8"):
    (folder / name).write_bytes("\n".join([head, *rows, ""]).encode(encoding))
    return listing.media_files(str(folder / name))


def found(folder, *rows, **more):
    """By path: the given columns, or the problem."""
    return {file.path: file.problem or dict(file.given) for file in listed(folder, *rows, **more)}


@pytest.mark.parametrize(
    "name",
    [
        *("sub/c d.wav", "./sub/c d.wav", "sub//c d.wav", "sub/../sub/c d.wav", "sub\\c d.wav"),
        *(" sub/c d.wav ", "{}/sub/c d.wav", "{}/sub/../sub/c d.wav", "file://{}/sub/c%20d.wav"),
        *("file://localhost{}/sub/c%20d.wav", "file://{}/sub/c d.wav", "sub/C d.wav"),
    ],
)
def test_a_file_has_many_names(folder, name):
    (file,) = listed(folder, f"{name.format(folder)},Ann,")
    if "C d" in name:
        assert file.problem.endswith("No such file or directory; there is sub/c d.wav")
        return
    assert file.problem is None
    assert file.uri == str(folder / "sub/c d.wav")
    assert file.path in ("sub/c d.wav", file.uri)


def test_a_name_in_the_home_folder_is_found(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder / "sub"))
    (file,) = listed(folder, "~/b.wav,,")
    assert (file.problem, file.uri) == (None, str(folder / "sub/b.wav"))


def test_the_way_up_from_a_linked_folder_is_where_the_link_leads(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "in").mkdir()
    (elsewhere / "a.wav").write_bytes(b"other")
    (folder / "link").symlink_to(elsewhere / "in")
    files = {file.path: file.size_bytes for file in listed(folder, "link/../a.wav,,", "a.wav,,")}
    assert files == {"link/../a.wav": 5, "a.wav": 1}


@pytest.mark.parametrize(("there", "said"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
def test_accents_meet_in_either_form(folder, there, said):
    (folder / "Zoe\u0308").mkdir()
    (folder / "Zoe\u0308" / ACCENT[there]).write_bytes(b"x")
    (file,) = listed(folder, f"Zo\u00eb/{ACCENT[said]},Zoe\u0308,")
    assert file.problem is None
    assert file.path == f"Zoe\u0308/{ACCENT[there]}"
    assert file.given == {"speaker": "Zo\u00eb"}


def test_two_names_that_differ_in_their_form_alone_are_two_files(folder):
    for name in ACCENT.values():
        (folder / name).write_bytes(b"x")
    assert set(found(folder, *(f"{name},," for name in ACCENT.values()))) == set(ACCENT.values())


def test_what_is_wrong_with_a_row_is_the_problem_of_one_file(folder):
    rows = [
        *("a.wav,Ann,", ",Ann,", "sub,Ann,", "gs://bucket/x.wav,Ann,", "nothing://x,Ann,"),
        *("x\0y.wav,Ann,", f"{'n' * 300}.wav,Ann,", f"{'x' * 1_000_000},Ann,", "a,b.wav,Ann,x"),
        "s3://Bad Bucket/x.wav,Ann,",
    ]
    files = found(folder, *rows)
    assert files.pop("a.wav") == {"speaker": "Ann"}
    assert len(files) == len(rows) - 1
    assert files["row 3 of list.csv"] == "row 3 of list.csv has no uri"
    assert files["sub"] == "sub is a folder, and a list names files"
    assert "install gcsfs" in files["gs://bucket/x.wav"]
    assert "nothing" in files["nothing://x"]
    assert files["x\0y.wav"] == "x\0y.wav cannot be read: embedded null byte"
    assert "File name too long" in files[f"{'n' * 300}.wav"]
    assert files["row 9 of list.csv"].startswith("row 9 of list.csv has a uri that is too long: xx")
    assert "row 10 of list.csv has 4 cells" in files["row 10 of list.csv"]
    assert "Invalid bucket name" in files["s3://Bad Bucket/x.wav"]


def test_an_object_that_is_not_there_is_the_problem_of_one_file(folder):
    fs = fsspec.filesystem("memory")
    fs.pipe("/lists/a.wav", b"xy")
    fs.pipe(
        "/lists/list.csv",
        "uri\nsub/../a.wav\nnone.wav\nmemory://lists/none2.wav\n"
        "../b.wav\nsub\\Ren\u00e9.wav\n".encode(),
    )
    fs.pipe({"/b.wav": b"xyz", "/lists/sub/Rene\u0301.wav": b"x"})
    files = {file.path: file for file in listing.media_files("memory://lists/list.csv")}
    assert (files["a.wav"].problem, files["a.wav"].size_bytes) == (None, 2)
    assert files["none.wav"].problem == "none.wav cannot be read: no such object"
    assert "no such object" in files["memory://lists/none2.wav"].problem
    assert (files["../b.wav"].problem, files["../b.wav"].size_bytes) == (None, 3)
    assert files["sub/Rene\u0301.wav"].problem is None


@pytest.mark.parametrize("column", ["label", "speaker"])
def test_two_rows_that_contradict_each_other_are_refused_with_their_lines(folder, column):
    rows = ("a.wav,1", "sub/b.wav,2", "./a.wav,3", "sub/../a.wav,1")
    with pytest.raises(
        ConfigError,
        match=rf"list\.csv contradicts itself: rows 2 and 4 give a\.wav the {column} 1 and 3\. .*"
        "segments=FILE",
    ):
        listed(folder, *rows, head=f"uri,{column}")


def test_two_rows_that_agree_are_one_file_and_know_what_both_say(folder):
    rows = (f"{folder}/a.wav,Ann,,x", "a.wav,,happy,y", "sub/../a.wav,Ann,happy,y")
    files = listed(folder, *rows, head="uri,speaker,label,rater")
    (file,) = files
    assert (file.path, file.given) == ("a.wav", {"speaker": "Ann", "label": "happy", "rater": "x"})
    assert any("the first row counts" in note for note in files.aside.notes)


def test_speakers_and_labels_are_named_as_people_name_them(folder):
    rows = ("a.wav,1.0,2.0", "sub/b.wav,1,2")
    said = {"speaker": "1", "label": "2"}
    assert found(folder, *rows) == {"a.wav": said, "sub/b.wav": said}
    pq.write_table(pa.table({"uri": ["a.wav", "sub/b.wav"], "speaker": [7.0, None]}),
                   folder / "list.parquet")  # fmt: skip
    files = {f.path: f.given for f in listing.media_files(str(folder / "list.parquet"))}
    assert files == {"a.wav": {"speaker": "7"}, "sub/b.wav": {}}


def test_a_row_of_a_parquet_list_is_named_by_its_number(folder):
    pq.write_table(pa.table({"uri": ["a.wav", None]}), folder / "list.parquet")
    assert [f.problem for f in listing.media_files(str(folder / "list.parquet"))] == [
        *(None, "row 2 of list.parquet has no uri")
    ]


@pytest.mark.parametrize("name", ["list.csv", "list.parquet"])
def test_a_list_that_is_none_is_refused_in_one_line(folder, name):
    (folder / name).write_bytes(b"PAR1 or not\0\xff")
    with pytest.raises(ConfigError, match=name):
        listing.media_files(str(folder / name))


def test_the_encoding_and_what_divides_columns_are_told(folder):
    (folder / ACCENT["NFC"]).write_bytes(b"x")
    files = listed(folder, f"{ACCENT['NFC']};Ren\u00e9;", head="uri;speaker;label",
                   encoding="cp1252")  # fmt: skip
    assert [(file.problem, file.given["speaker"]) for file in files] == [(None, "Ren\u00e9")]
    assert files.aside.told() == [
        "list.csv is read as Latin-1, since it is not UTF-8",
        "columns of list.csv are divided by `;`",
    ]


def test_a_comment_is_one_unless_it_is_the_name_of_a_file(folder):
    (folder / "#1.wav").write_bytes(b"x")
    files = listed(folder, "# two of them", "#1.wav,,", "a.wav,,")
    assert [file.path for file in files] == ["#1.wav", "a.wav"]
    assert files.aside.notes == ["rows of list.csv that begin with # are comments: 1"]


def test_a_folder_may_be_named_like_a_list(folder):
    os.rename(folder / "sub", folder / "y.csv")
    paths = [file.path for file in listing.media_files(str(folder / "y.csv"))]
    assert paths == ["b.wav", "c d.wav"]
    assert not listing.is_list(str(folder / "y.csv"))


def test_many_rows_cost_as_many_looks(folder, monkeypatch):
    """50,000 rows take seconds: a file is looked at once or twice, and no folder for each row."""
    n_looks = 0
    for name in ("stat", "lstat", "listdir"):
        real = getattr(os, name)

        def counted(*words, real=real, **more):
            nonlocal n_looks
            n_looks += 1
            return real(*words, **more)

        monkeypatch.setattr(os, name, counted)
    rows = [f"sub/{index}.wav,Ann," for index in range(1000)]
    assert len(found(folder, *rows, "a.wav,Ann,")) == 1001
    assert n_looks < 8 * len(rows)

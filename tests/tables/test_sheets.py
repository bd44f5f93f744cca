"""CSV as it comes: encodings, delimiters, quotes, and rows that do not fit."""

import codecs

import pytest

from emodist.errors import ConfigError
from emodist.tables import sheets

PLAIN = "uri,speaker\na.wav,René\nb.wav,“Zoë”\n"


def parse(data, name="list.csv"):
    data = data if isinstance(data, bytes) else data.encode()
    return sheets.parse(data, name, ("uri",), ("speaker", "label"))


def words(found):
    return [tuple(row.words.values()) for row in found.rows]


def problems(found):
    return {row.line: row.problem for row in found.rows if row.problem}


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (PLAIN.encode(), None),
        (PLAIN.encode("utf-8-sig"), None),
        (PLAIN.encode("cp1252"), "cp1252"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), "UTF-16"),
        (PLAIN.encode("utf-16-le"), "UTF-16"),
        (PLAIN.encode("utf-16-be"), "UTF-16"),
        (PLAIN.encode("utf-32"), "UTF-32"),
        (PLAIN.replace("“Zoë”", "Zoë").encode("latin-1"), "Latin-1"),
    ],
    ids=lambda value: str(value)[:8] if isinstance(value, str) else "",
)
def test_the_encoding_is_found_and_named(data, encoding):
    found = parse(data)
    assert [speaker.strip("“”") for _, speaker in words(found)] == ["René", "Zoë"]
    told = [f"list.csv is read as {encoding}, since it is not UTF-8"] if encoding else []
    assert list(found.notes) == told


def test_one_bad_byte_costs_its_row_and_not_the_others():
    found = parse("uri,speaker\né.wav,Zoë\n".encode() + b"x.wav,Ren\xe9\ny.wav,Bob\n")
    assert problems(found) == {3: "is not UTF-8 as the rest is"}
    assert words(found)[::2] == [("é.wav", "Zoë"), ("y.wav", "Bob")]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("uri;speaker\na,1.wav;Ann\n", "list.csv", "`;`"),
        ("uri\tspeaker\na,1.wav\tAnn\n", "list.csv", "tabs"),
        ("uri\tspeaker\na,1.wav\tAnn\n", "list.tsv", None),
        ('uri,speaker\n"a,1.wav",Ann\n', "list.tsv", "`,`"),
        ("uri|speaker\na,1.wav|Ann\n", "list.csv", "`|`"),
        ("sep=;\nuri;speaker\na,1.wav;Ann\n", "list.csv", "`;`"),
        ('"sep=^"\nuri^speaker\na,1.wav^Ann\n', "list.csv", "^"),
    ],
)
def test_what_divides_columns_is_found_and_named(text, name, told):
    found = parse(text, name)
    assert words(found) == [("a,1.wav", "Ann")]
    assert list(found.notes) == ([f"columns of {name} are divided by {told}"] if told else [])


def test_lines_are_counted_as_a_spreadsheet_shows_them():
    found = parse('\r\n# made by hand\r\nURI,Speaker \r\n\r\na.wav,"An\r\nn"\r\n,,\r\nb.wav,Bob')
    assert found.columns == ("uri", "speaker")
    assert [(row.line, *row.words.values()) for row in found.rows] == [
        (5, "a.wav", "An\r\nn"),
        (8, "b.wav", "Bob"),
    ]


def test_a_row_with_too_many_cells_says_so_and_one_with_too_few_has_less():
    found = parse("uri,speaker\na,b.wav,Ann\nc.wav\nd.wav,Bob,,\n")
    assert list(problems(found)) == [2]
    assert "has 3 cells where the first line has 2" in problems(found)[2]
    assert words(found)[1:] == [("c.wav",), ("d.wav", "Bob")]


@pytest.mark.parametrize(
    "rows",
    [
        '"a.wav,Ann\nb.wav,Bob\n',
        '"a.wav,Ann\nb.wav,"Bob"\n',
        '"a.wav,Ann\n"b.wav,Bob\n',
        'a.wav,"Ann\nb.wav,Bob',
    ],
)
def test_a_quote_that_is_not_closed_takes_no_other_row_with_it(rows):
    found = parse(f"uri,speaker\n{rows}")
    assert problems(found)[2] == "has a quote that is not closed"
    assert [row.words["uri"] for row in found.rows] == ["a.wav", "b.wav"]


def test_cells_may_be_long_and_hold_anything():
    found = parse(f"uri,speaker\n{'x' * 1_000_000},a\0b\n")
    assert len(found.rows[0].words["uri"]) == 1_000_000
    assert found.rows[0].words["speaker"] == "a\0b"


def test_an_unnamed_column_is_an_index_and_a_column_that_is_there_twice_is_refused():
    assert words(parse(",uri,speaker\n0,a.wav,Ann\n")) == [("a.wav", "Ann")]
    with pytest.raises(ConfigError, match="has the column `speaker` twice"):
        parse("uri,speaker,Speaker\na.wav,Ann,Bob\n")


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "uri,speaker\n"])
def test_a_file_may_hold_no_rows(text):
    assert parse(text).rows == ()


def test_numbers_of_spreadsheets_are_names_of_people_and_ratings_stay():
    assert [sheets.whole(word) for word in ("1.0", "12.00", "1.5", "v1.0", "1")] == [
        *("1", "12", "1.5", "v1.0", "1")
    ]
    assert sheets.labels(["1.0", "2", None]) == {"1.0": "1", "2": "2"}
    assert sheets.labels(["1.0", "1.5"]) == {"1.0": "1.0", "1.5": "1.5"}

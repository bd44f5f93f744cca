"""Why a file cannot be read, in words."""

import io

import pytest

from emodist.audio import refusal
from emodist.audio.source import open_source


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"<html>\n  <body>", "<html> <body>"),
        ("Größe ".encode() * 200, "Größe Größe Größe Größe Größe Größe Größ"),
        (b"   \n", None),
        (b"\x00\x01\x02", None),
        (b"\xff\xfe\xfd\xfc\xfb", None),
    ],
)
def test_text_is_shown_and_nothing_else(content, start):
    assert refusal._text_start(open_source(io.BytesIO(content))) == start

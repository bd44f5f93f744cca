"""What every format promises: spans that are written are read again, guesses as guesses."""

import dataclasses
from pathlib import Path

import pytest

from emodist import annotations, registry
from emodist.annotations import Span
from emodist.errors import AnnotationError

FORMATS = registry.names("annotations")
SPANS = [
    Span(0.0, 1.25, "angry", "Ann Lee", "dev00", annotator="rater 1"),
    Span(1.0, 2.5, "sad & < tired >", "Bob", "dev00", annotator="rater 1"),
    Span(1.5, 2.0, "zärtlich", "Ann Lee", "dev00", annotator="rater 1"),
    Span(3.0, 3.0625, "calm", None, "dev00", annotator="rater 1"),
    Span(4.125, 9.75, None, "Bob", "dev00", annotator="rater 1"),
    Span(3600.5, 3725.25, "happy", "Bob", "dev00", confidence=0.87, is_guess=True),
    Span(3725.25, 3726.0, "happy", None, "dev00", confidence=0.5, is_guess=True),
]


def of(name):
    return registry.get("annotations", name)


def expected(spans, name):
    """What a format keeps of spans."""
    gone = dict.fromkeys(set(annotations.SAYS) - of(name).keeps - {"recording"})
    return [
        dataclasses.replace(
            span,
            **gone,
            start_s=pytest.approx(span.start_s, abs=0.501 * 10 ** -of(name).digits),
            end_s=pytest.approx(span.end_s, abs=0.501 * 10 ** -of(name).digits),
        )
        for span in spans
    ]


@pytest.fixture(params=FORMATS)
def name(request):
    return request.param


@pytest.fixture
def target(name, tmp_path):
    file = "db.yaml" if name == "audformat" else f"dev00{of(name).suffixes[0]}"
    return str(tmp_path / file)


def test_what_is_written_is_read_again(name, target):
    assert annotations.write(target, SPANS) == [target]
    assert annotations.read(target) == expected(SPANS, name)


def test_what_is_read_and_written_again_is_the_same_file(name, target, tmp_path):
    annotations.write(target, SPANS)
    (tmp_path / "again").mkdir()
    again = str(tmp_path / "again" / Path(target).name)
    annotations.write(again, annotations.read(target))
    first, second = Path(target).read_text(), Path(again).read_text()
    if name == "elan":
        # It holds the time when it was written.
        first, second = first.partition("TIME_ORDER")[2], second.partition("TIME_ORDER")[2]
    assert first == second


def test_a_guess_is_called_one_in_the_file(name, target):
    guess = Span(0.0, 1.0, "angry", None, "dev00", 0.9, is_guess=True)
    (file,) = annotations.write(target, [guess])
    text = "".join(p.read_text() for p in Path(file).parent.iterdir())
    assert "predict" in text
    assert annotations.read(target)[0].is_guess
    annotations.write(target, [dataclasses.replace(guess, is_guess=False, confidence=None)])
    assert not annotations.read(target)[0].is_guess


@pytest.mark.slow
def test_thousands_of_spans_keep_their_times(name, target):
    rng = __import__("numpy").random.default_rng(0)
    starts = (rng.uniform(0, 43_200, 5000) * 16_000).round() / 16_000
    spans = [Span(float(s), float(s) + 0.5, "angry", f"S{i % 7}", "dev00") for i, s in
             enumerate(sorted(set(starts)))]  # fmt: skip
    annotations.write(target, spans)
    found = annotations.read(target)
    assert len(found) == len(spans)
    assert found == sorted(expected(spans, name), key=lambda span: span.start_s.expected)


def test_bytes_of_windows_are_read_as_those_of_unix(name, target):
    if name in ("audformat", "elan"):
        pytest.skip("written by the package of the format alone")
    annotations.write(target, SPANS)
    wanted = annotations.read(target)
    text = Path(target).read_text()
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "cp1252"):
        Path(target).write_bytes(text.replace("\n", "\r\n").encode(encoding))
        assert annotations.read(target) == wanted, encoding


def test_an_empty_file_is_refused_by_name(name, target):
    Path(target).write_bytes(b"")
    with pytest.raises(AnnotationError, match=Path(target).name.replace(".", r"\.")):
        annotations.read(target)


@pytest.mark.parametrize("junk", [b"\x00\x01\x02\xff" * 50, b"hello\nworld\n", b"{}", b"<a></a>"])
def test_what_is_no_such_file_is_refused_in_a_sentence(name, target, junk):
    Path(target).write_bytes(junk)
    with pytest.raises(AnnotationError) as caught:
        annotations.read(target)
    assert "\n" not in str(caught.value)


def test_a_remote_file_is_read_as_a_local_one(name, target, tmp_path):
    annotations.write(target, SPANS)
    assert annotations.read(f"file://{target}") == annotations.read(target)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("elan", "pympi"),
        ("text_grid", "praatio"),
        ("srt", "srt"),
        ("webvtt", "webvtt"),
        ("audformat", "audformat"),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_extra(name, module, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    for loaded in [key for key in __import__("sys").modules if key.startswith(f"{module}.")]:
        monkeypatch.delitem(__import__("sys").modules, loaded)
    file = "db.yaml" if name == "audformat" else f"x{of(name).suffixes[0]}"
    with pytest.raises(AnnotationError, match=r"pip install 'emodist\[annotations\]'"):
        annotations.write(str(tmp_path / file), SPANS[:1])

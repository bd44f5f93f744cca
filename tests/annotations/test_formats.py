"""What each format promises alone: files of other programs, read by us, and ours by them."""

import io
import json
from pathlib import Path

import pytest

from emodist import annotations
from emodist.annotations import Span
from emodist.errors import AnnotationError
from emodist.plugins import folders

AMI = Path(__file__).parents[2].parent / "shared" / "data" / "ami"
VLOGS = AMI.parent / "vlogs" / "timeline.csv"

needs_ami = pytest.mark.skipif(not AMI.exists(), reason=f"needs {AMI}")


def read(tmp_path, name, text, **settings):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return annotations.read(str(file), settings=settings)


def said(spans):
    return [(span.start_s, span.end_s, span.speaker, span.label) for span in spans]


@needs_ami
def test_turns_of_real_meetings_go_through_every_format_and_come_back(tmp_path):
    turns = annotations.read(str(AMI))
    assert (len(turns), len({turn.recording for turn in turns})) == (49, 6)
    for name in ("csv", "rttm", "label_studio", "audformat", "elan", "text_grid", "audacity",
                 "srt", "webvtt"):  # fmt: skip
        place = tmp_path / name
        place.mkdir()
        target = str(place) if name != "audformat" else f"{place}/db.yaml"
        annotations.write(target, turns, name)
        again = annotations.read(target)
        # AMI's times are whole milliseconds, which all of them keep.
        assert [(t.recording, *row) for t, row in zip(again, said(again), strict=True)] == [
            (t.recording, *row) for t, row in zip(turns, said(turns), strict=True)
        ], name


@needs_ami
def test_rttm_of_real_meetings_is_written_as_it_was(tmp_path):
    (file,) = annotations.write(str(tmp_path / "all.rttm"), annotations.read(str(AMI)))
    lines = [line for part in AMI.glob("*.rttm") for line in part.read_text().splitlines()]
    assert sorted(Path(file).read_text().splitlines()) == sorted(lines)


@pytest.mark.skipif(not VLOGS.exists(), reason=f"needs {VLOGS}")
def test_a_table_with_other_names_for_its_columns_is_read():
    spans = annotations.read(str(VLOGS))
    assert spans[0].recording == "vlog_actor01.mp4"
    assert said(spans)[:2] == [(0.0, 31.565, "01", "fearful"), (31.565, 44.645, "01", "neutral")]


def test_tables_of_spreadsheets_are_read(tmp_path):
    wanted = [(0.5, 1.5, "1", "sad"), (3723.25, 3724.0, None, "calm")]
    semicolons = "File;Start;End;Speaker;Emotion\na.wav;0,5;1,5;1;sad\na.wav;1:02:03,25;3724;;calm"
    assert said(read(tmp_path, "a.csv", semicolons)) == wanted
    tabs = semicolons.replace(";", "\t").replace(",", ".")
    assert said(read(tmp_path, "a.tsv", tabs)) == wanted
    ms = "file,start_ms,end_ms,speaker,label\n\na.wav,500,1500,1,sad\n,,,,\n"
    assert said(read(tmp_path, "b.csv", ms)) == wanted[:1]
    durations = "file,start,duration,speaker,label\na.wav,0.5,1,1,sad"
    assert said(read(tmp_path, "c.csv", durations)) == wanted[:1]


def test_a_table_without_recordings_is_of_the_one_that_it_is_named_after(tmp_path):
    (span,) = read(tmp_path, "talk.csv", "start_s,end_s,label\n0,1,sad")
    assert span.recording == "talk"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["a,2,1,,sad"], "line 2: 2 to 1 s: a span ends after it starts"),
        (["a,1,1,,sad"], "line 2: 1 to 1 s: a span ends after it starts"),
        (["a,-1,1,,sad"], "line 2: -1 to 1 s: it starts before the recording"),
        (["a,nan,1,,sad"], "line 2: nan to 1 s: a time is a number of seconds"),
        (["a,0,inf,,sad"], "line 2: 0 to inf s: a time is a number of seconds"),
        (["a,0,,,sad"], "line 2: end_s is a number or a clock .*; got nothing"),
        (["a,0,1:75,,sad"], "line 2: end_s is a number or a clock .*; got 1:75"),
        ([",0,1,,sad"], "line 2: no uri"),
        (["a,0,1,,sad", "b,0,1,,sad", "a,0,1,,calm"],
         "line 2 and line 4: 'sad' and 'calm' for the same time, 0.000 to 1.000 s"),
        (["a,2,1,,x"] * 5, r"line 4: .*\(and 2 more\)"),
    ],
)  # fmt: skip
def test_spans_that_cannot_be_are_refused_with_their_line(tmp_path, rows, told):
    with pytest.raises(AnnotationError, match=told):
        read(tmp_path, "a.csv", "\n".join(["uri,start_s,end_s,speaker,label", *rows]))


def test_a_span_that_is_there_twice_counts_once_and_order_does_not_matter(tmp_path):
    text = "uri,start_s,end_s,speaker,label\na,2,3,,sad\na,0,1,,calm\na,2,3,,sad\na,2,2.5,B,sad"
    assert said(read(tmp_path, "a.csv", text)) == [
        (0.0, 1.0, None, "calm"),
        (2.0, 2.5, "B", "sad"),
        (2.0, 3.0, None, "sad"),
    ]


def test_rttm_of_other_programs_is_read(tmp_path):
    text = (
        ";; made by hand\n"
        "SPKR-INFO a 1 <NA> <NA> <NA> unknown A <NA> <NA>\n"
        "SPEAKER a 1 0.1 0.2 <NA> <NA> A <NA>\n"
        "\n"
        "SPEAKER a 1 3 1.5 <NA> <NA> B 0.7 <NA>\n"
    )
    assert said(read(tmp_path, "a.rttm", text)) == [(0.1, 0.3, "A", None), (3.0, 4.5, "B", None)]
    with pytest.raises(AnnotationError, match=r"line 1: start and duration are seconds; got 0 and"):
        read(tmp_path, "b.rttm", "SPEAKER a 1 0 x <NA> <NA> A <NA>")


def test_names_with_blanks_pass_through_rttm(tmp_path):
    span = Span(0.0, 1.0, "very sad", "Ann Lee", "my film 100%20.mp4")
    (file,) = annotations.write(str(tmp_path / "a.rttm"), [span])
    assert all(len(line.split()) == 10 for line in Path(file).read_text().splitlines())
    assert annotations.read(file) == [span]


def test_labels_of_audacity_with_frequencies_are_read(tmp_path):
    text = "0.5\t1.5\tsad\n\\\t100.0\t4000.0\n2,5\t3\t[Ann]: calm\n"
    assert said(read(tmp_path, "a.txt", text)) == [
        (0.5, 1.5, None, "sad"),
        (2.5, 3.0, "Ann", "calm"),
    ]
    with pytest.raises(AnnotationError, match=r"line 1: .*TEXT with tabs"):
        read(tmp_path, "b.txt", "0.5 1.5 sad")


def test_subtitles_of_other_programs_are_read(tmp_path):
    srt = "1\r\n00:00:01,000 --> 00:00:02,500\r\n[SPEAKER_00]: Hello\r\n\r\n2\r\n"
    srt += "00:00:03.000 --> 00:00:04.000\r\ntwo\r\nlines\r\n"
    assert said(read(tmp_path, "a.srt", srt)) == [
        (1.0, 2.5, "SPEAKER_00", "Hello"),
        (3.0, 4.0, None, "two\nlines"),
    ]
    vtt = (
        "WEBVTT - talk\n\nSTYLE\n::cue {}\n\nNOTE none\n\nintro\n"
        "00:01.000 --> 00:02.500 align:start\n<v.loud Ann>Yes &amp; <i>no</i></v>\n\n"
        "01:00:03.000 --> 01:00:04.000\nmore\n"
    )
    assert said(read(tmp_path, "a.vtt", vtt)) == [
        (1.0, 2.5, "Ann", "Yes & no"),
        (3603.0, 3604.0, None, "more"),
    ]


PRAAT = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3
tiers? <exists>
size = {n}
item []:
{tiers}"""
TIER = """    item [{k}]:
        class = "IntervalTier"
        name = "{name}"
        xmin = 0
        xmax = 3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1
            text = ""
        intervals [2]:
            xmin = 1
            xmax = 2
            text = "{text}"
        intervals [3]:
            xmin = 2
            xmax = 3
            text = " "
"""


def grid(**tiers):
    texts = [
        TIER.format(k=k, name=name, text=text) for k, (name, text) in enumerate(tiers.items(), 1)
    ]
    return PRAAT.format(n=len(tiers), tiers="".join(texts))


def test_the_tier_of_a_text_grid_is_chosen_and_never_guessed(tmp_path):
    two = grid(words="hello", mood="sad")
    with pytest.raises(AnnotationError, match=r"has tiers words, mood; say which .*tier=NAME"):
        read(tmp_path, "a.TextGrid", two)
    chosen = read(tmp_path, "a.TextGrid", two, text_grid={"tier": "mood"})
    assert said(chosen) == [(1.0, 2.0, None, "sad")]
    with pytest.raises(AnnotationError, match="no tier 'nood'; it has words, mood"):
        read(tmp_path, "a.TextGrid", two, text_grid={"tier": "nood"})
    people = read(tmp_path, "a.TextGrid", two, text_grid={"tier": "*"})
    assert said(people) == [(1.0, 2.0, "mood", "sad"), (1.0, 2.0, "words", "hello")]
    assert said(read(tmp_path, "b.TextGrid", grid(mood="sad"))) == [(1.0, 2.0, None, "sad")]
    assert said(read(tmp_path, "c.TextGrid", grid(emotion="sad", words="x"))) == [
        (1.0, 2.0, None, "sad")
    ]


SPANS = [
    Span(0.0, 1.5, "sad", "Ann", "a"),
    Span(1.0, 2.0, "calm", "Bob", "a"),
    Span(1.25, 3.0, "angry", "Ann", "a"),
    Span(4.0, 5.0, "happy", "Bob", "a", confidence=0.75, is_guess=True),
]


def test_praatio_and_pympi_read_what_is_written_for_praat(tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid")
    pympi = pytest.importorskip("pympi")
    (file,) = annotations.write(str(tmp_path / "a.TextGrid"), SPANS)
    found = textgrid.openTextgrid(file, includeEmptyIntervals=False)
    tiers = {tier.name: [tuple(entry) for entry in tier.entries] for tier in found.tiers}
    wanted = {
        "emotion [Ann]": [(0.0, 1.5, "sad")],
        "emotion [Ann] #2": [(1.25, 3.0, "angry")],
        "emotion [Bob]": [(1.0, 2.0, "calm")],
        "predicted emotion [Bob]": [(4.0, 5.0, "happy 75%")],
    }
    assert tiers == wanted
    praat = pympi.TextGrid(file)
    assert {tier.name for tier in praat.get_tiers()} == set(wanted)


def test_pympi_reads_participants_of_what_is_written_for_elan(tmp_path):
    pympi = pytest.importorskip("pympi")
    (file,) = annotations.write(str(tmp_path / "a.eaf"), SPANS)
    found = pympi.Eaf(file)
    assert sorted(found.get_tier_names()) == [
        "emotion [Ann]",
        "emotion [Ann] #2",
        "emotion [Bob]",
        "predicted emotion [Bob]",
    ]
    assert found.get_annotation_data_for_tier("emotion [Ann] #2") == [(1250, 3000, "angry")]
    about = found.get_parameters_for_tier("predicted emotion [Bob]")
    assert about["PARTICIPANT"] == "Bob"


def test_tiers_of_elan_with_other_names_have_their_participants(tmp_path):
    pympi = pytest.importorskip("pympi")
    made = pympi.Eaf()
    made.remove_tier("default")
    for who in ("Ann", "Bob"):
        made.add_tier(f"mood-{who}", part=who, ann="rater 2")
        made.add_annotation(f"mood-{who}", 500, 1500, f"sad {who}")
    made.to_file(str(tmp_path / "a.eaf"))
    with pytest.raises(AnnotationError, match="has tiers mood-Ann, mood-Bob"):
        annotations.read(str(tmp_path / "a.eaf"))
    found = annotations.read(str(tmp_path / "a.eaf"), settings={"elan": {"tier": "*"}})
    assert said(found) == [(0.5, 1.5, "Ann", "sad Ann"), (0.5, 1.5, "Bob", "sad Bob")]
    assert {span.annotator for span in found} == {"rater 2"}


def test_srt_and_webvtt_packages_read_what_is_written(tmp_path):
    srt, webvtt = pytest.importorskip("srt"), pytest.importorskip("webvtt")
    (file,) = annotations.write(str(tmp_path / "a.srt"), SPANS)
    subtitles = list(srt.parse(Path(file).read_text()))
    assert [one.content for one in subtitles] == [
        *("[Ann]: sad", "[Bob]: calm", "[Ann]: angry", "[Bob]: predicted: happy 75%"),
    ]
    assert subtitles[2].start.total_seconds() == 1.25
    (file,) = annotations.write(str(tmp_path / "a.vtt"), SPANS)
    cues = webvtt.read(file)
    assert [(cue.voice, cue.text, cue.start) for cue in cues][3] == (
        "Bob",
        "predicted: happy 75%",
        "00:00:04.000",
    )


def test_audformat_reads_what_is_written_with_its_raters(tmp_path):
    audformat = pytest.importorskip("audformat")
    annotations.write(str(tmp_path / "db.yaml"), SPANS)
    found = audformat.Database.load(str(tmp_path))
    frame = found["emotion"].get()
    assert list(frame["emotion"].dropna()) == ["sad", "calm", "angry"]
    assert list(frame["predicted_emotion"].dropna()) == ["happy"]
    guesses = found["emotion"]["predicted_emotion"].rater
    assert guesses.type == audformat.define.RaterType.MACHINE
    starts = frame.index.get_level_values("start").total_seconds()
    assert list(starts) == [span.start_s for span in SPANS]


def test_audformat_of_others_is_read_by_its_table_and_column(tmp_path):
    audformat = pytest.importorskip("audformat")
    db = audformat.Database("theirs")
    index = audformat.segmented_index(["a.wav"], ["0.5s"], ["1.5s"])
    db["segments"] = audformat.Table(index)
    db["segments"]["mood"] = audformat.Column()
    db["segments"]["mood"].set(["sad"])
    db.save(str(tmp_path))
    with pytest.raises(AnnotationError, match="table segments has columns mood, none emotion"):
        annotations.read(str(tmp_path))
    found = annotations.read(str(tmp_path), settings={"audformat": {"column": "mood"}})
    assert [(span.recording, *row) for span, row in zip(found, said(found), strict=True)] == [
        ("a.wav", 0.5, 1.5, None, "sad")
    ]


def test_exports_of_label_studio_are_read(tmp_path):
    region = {"original_length": 30, "to_name": "audio"}
    value = {"start": 0.5, "end": 1.5, "channel": 0}
    labels = {**region, "id": "x1", "from_name": "label", "type": "labels",
              "value": {**value, "labels": ["sad"]}}  # fmt: skip
    who = {**region, "id": "x1", "from_name": "speaker", "type": "choices",
           "value": {**value, "choices": ["Ann"]}}  # fmt: skip
    task = {
        "id": 7,
        "data": {"audio": "/data/upload/2/0a1b2c3d-dev00.flac"},
        "annotations": [
            {"completed_by": {"id": 1, "email": "a@b.c"}, "result": [labels, who]},
            {"completed_by": 2, "was_cancelled": True, "result": [labels]},
        ],
        "predictions": [
            {"model_version": "emodist 1", "result": [{**labels, "id": "p", "score": 0.8}]}
        ],
    }
    second, first = read(tmp_path, "a.json", json.dumps([task]))
    assert (first.recording, first.speaker, first.label) == ("dev00.flac", "Ann", "sad")
    assert (first.annotator, first.is_guess, first.place) == ("a@b.c", False, "task 7, region x1")
    assert (second.annotator, second.is_guess, second.confidence) == ("emodist 1", True, 0.8)
    small = [{"audio": "s3://b/dev00.flac", "id": 1, "annotator": 3,
              "label": [{**value, "labels": ["sad"]}]}]  # fmt: skip
    (span,) = read(tmp_path, "b.json", json.dumps(small))
    assert (span.recording, span.label, span.annotator) == ("s3://b/dev00.flac", "sad", "3")


def test_files_of_a_folder_are_read_together_and_kinds_are_not_mixed(tmp_path):
    for name in ("x", "y"):
        annotations.write(str(tmp_path / f"{name}.TextGrid"), [Span(0.0, 1.0, "sad")])
    (tmp_path / "x.wav").write_bytes(b"")
    (tmp_path / ".hidden.srt").write_bytes(b"")
    found = annotations.read(str(tmp_path))
    assert [span.recording for span in found] == ["x", "y"]
    annotations.write(str(tmp_path / "x.srt"), [Span(0.0, 1.0, "calm")])
    with pytest.raises(AnnotationError, match="holds files of srt, text_grid; name the format"):
        annotations.read(str(tmp_path))
    (span,) = annotations.read(str(tmp_path), "srt")
    assert span.label == "calm"


def test_recordings_of_one_name_become_files_of_their_paths(tmp_path):
    spans = [Span(0.0, 1.0, "sad", None, "a/x.wav"), Span(0.0, 1.0, "calm", None, "b/x.wav")]
    files = annotations.write(f"{tmp_path}/out", spans, "audacity")
    assert files == [f"{tmp_path}/out/a/x.wav.txt", f"{tmp_path}/out/b/x.wav.txt"]
    with pytest.raises(AnnotationError, match=r"holds one recording, and there are 2; .*--to srt"):
        annotations.write(f"{tmp_path}/all.srt", spans)


def test_what_a_format_has_no_place_for_is_told():
    spans = [Span(0.0, 1.0, "sad", "Ann", "a", annotator="r1")]
    assert annotations.lost(spans, "rttm") == ["annotator"]
    assert annotations.lost(spans, "csv") == []


def test_a_table_in_parquet_is_read_and_written(tmp_path):
    (file,) = annotations.write(str(tmp_path / "a.parquet"), SPANS)
    assert annotations.read(file) == SPANS
    assert io.BytesIO(Path(file).read_bytes()).read(4) == b"PAR1"


def test_a_format_of_ones_own_is_a_file_in_a_plugin_folder(tmp_path):
    (tmp_path / "own" / "annotations").mkdir(parents=True)
    (tmp_path / "own" / "annotations" / "one_a_line.py").write_text(
        '''"""Start, end and label with blanks between them."""

import dataclasses

from emodist.annotations import Format, Span


@dataclasses.dataclass(frozen=True)
class OneALine(Format):
    suffixes = (".spans",)
    is_per_recording = True
    keeps = frozenset({"label"})

    def parse(self, data, name):
        for line in data.decode().splitlines():
            start, end, label = line.split()
            yield Span(float(start), float(end), label)

    def render(self, spans, name):
        return "".join(f"{s.start_s} {s.end_s} {s.label}\\n" for s in spans).encode()
'''
    )
    folders.use([str(tmp_path / "own")])
    try:
        (file,) = annotations.write(str(tmp_path / "a.spans"), [Span(0.0, 1.0, "sad")])
        assert annotations.read(file) == [Span(0.0, 1.0, "sad", None, "a")]
    finally:
        folders._used.pop(str(tmp_path / "own"))

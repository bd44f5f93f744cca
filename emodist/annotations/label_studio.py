"""Label Studio: JSON of tasks, as its export and its import have them (JSON and JSON-MIN).

A guess is a `prediction` there, which people see beside their own annotations and may take over.
"""

import dataclasses
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from emodist.annotations import Format, Span, _text
from emodist.errors import AnnotationError

# What uploaded files are called there: eight digits and the name.
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")


@dataclasses.dataclass(frozen=True)
class LabelStudio(Format):
    """Regions of audio with `labels`; the speaker of a region is its control `speaker`.

    Parameters
    ----------
    data : str
        Under which name a task holds the address of its recording, as in `$audio`.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    is_per_recording: ClassVar[bool] = False
    keeps: ClassVar[frozenset[str]] = frozenset(
        {"recording", "speaker", "label", "confidence", "annotator"}
    )

    data: str = "audio"

    def parse(self, data: bytes, name: str) -> Iterator[Span]:
        """The regions of all tasks; annotations that were cancelled are left out."""
        try:
            tasks = json.loads(_text.decoded(data) or "[]")
        except ValueError as error:
            raise AnnotationError(f"{name} is no JSON: {error}") from None
        tasks = tasks if isinstance(tasks, list) else [tasks]
        for number, task in enumerate(tasks, 1):
            try:
                yield from self._task(task, f"task {task.get('id', number)}")
            except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
                raise AnnotationError(
                    f"{name}, task {number}: not as Label Studio exports it "
                    f"({type(error).__name__}: {error})"
                ) from None

    def _task(self, task: Mapping[str, Any], place: str) -> Iterator[Span]:
        about = task.get("data", task)
        recording = _recording(about.get(self.data) or task.get("file_upload") or "")
        if not recording:
            raise KeyError(self.data)
        for one in task.get("annotations", ()):
            if not one.get("was_cancelled"):
                yield from _regions(one, recording, place, _who(one.get("completed_by")))
        for one in task.get("predictions", ()):
            who = one.get("model_version")
            for span in _regions(one, recording, place, None if who == _text.GUESSED else who):
                yield dataclasses.replace(span, is_guess=True)
        if "data" not in task:
            # JSON-MIN: controls by name, each with its regions.
            for control, regions in task.items():
                if isinstance(regions, list):
                    results = [
                        {"id": index, "from_name": control, "value": region}
                        for index, region in enumerate(regions)
                    ]
                    who = _who(task.get("annotator"))
                    yield from _regions({"result": results}, recording, place, who)

    def render(self, spans: Sequence[Span], name: str) -> bytes:
        """Tasks to import; the labels need a project with `Labels` named `label`."""
        tasks: dict[str, dict[Any, list[Span]]] = {}
        for span in spans:
            by = tasks.setdefault(span.recording or "", {})
            by.setdefault((span.is_guess, span.annotator), []).append(span)
        made = []
        for recording, groups in tasks.items():
            task: dict[str, Any] = {
                "data": {self.data: recording},
                "annotations": [],
                "predictions": [],
            }
            for (is_guess, annotator), own in groups.items():
                result = [part for index, span in enumerate(own) for part in _result(span, index)]
                if is_guess:
                    version = annotator or _text.GUESSED
                    task["predictions"].append({"model_version": version, "result": result})
                else:
                    task["annotations"].append({"completed_by": annotator, "result": result})
            made.append(task)
        return json.dumps(made, ensure_ascii=False, indent=1).encode()


def _regions(
    annotation: Mapping[str, Any], recording: str, place: str, who: str | None
) -> Iterator[Span]:
    """Spans of the parts of one annotation: those of one id say something of one region."""
    parts: dict[Any, list[Mapping[str, Any]]] = {}
    for index, part in enumerate(annotation.get("result", ())):
        if {"start", "end"} <= part.get("value", {}).keys():
            parts.setdefault(part.get("id", index), []).append(part)
    for region, said in parts.items():
        value = said[0]["value"]
        found: dict[str, str | None] = {}
        for part in said:
            is_speaker = part.get("from_name") == "speaker"
            words = _words(part["value"])
            found.setdefault("speaker" if is_speaker else "label", "+".join(words) or None)
        scores = [part["score"] for part in said if part.get("score") is not None]
        yield Span(
            float(value["start"]),
            float(value["end"]),
            found.get("label"),
            found.get("speaker"),
            recording,
            float(scores[0]) if scores else None,
            who,
            place=f"{place}, region {region}",
        )


def _words(value: Mapping[str, Any]) -> list[str]:
    for kind in ("labels", "choices", "text"):
        if words := value.get(kind):
            return [words] if isinstance(words, str) else list(map(str, words))
    return []


def _result(span: Span, index: int) -> Iterable[dict[str, Any]]:
    times = {"start": span.start_s, "end": span.end_s, "channel": 0}
    common = {"id": f"span{index}", "to_name": "audio"}
    sure = {} if span.confidence is None else {"score": span.confidence}
    labels = [] if span.label is None else [span.label]
    yield {
        **common,
        **sure,
        "from_name": "label",
        "type": "labels",
        "value": {**times, "labels": labels},
    }
    if span.speaker:
        value = {**times, "choices": [span.speaker]}
        yield {**common, "from_name": "speaker", "type": "choices", "value": value}


def _recording(address: str) -> str:
    """What a task calls its recording, as it was called before it came to Label Studio.

    Examples
    --------
    >>> _recording("/data/upload/3/0a1b2c3d-dev00.flac")
    'dev00.flac'
    >>> _recording("/data/local-files/?d=ami/dev00.flac")
    'ami/dev00.flac'
    """
    if "/data/local-files/" in address:
        asked = urllib.parse.parse_qs(urllib.parse.urlparse(address).query)
        return asked.get("d", [address])[0]
    if "/data/upload/" in address:
        return _UPLOAD.sub("", urllib.parse.unquote(address.rpartition("/")[2]))
    # As `file_upload` has it.
    return address if "/" in address else _UPLOAD.sub("", address)


def _who(given: Any) -> str | None:
    """The annotator: a number, an address, or what is known of a person."""
    if isinstance(given, Mapping):
        given = given.get("email") or given.get("id")
    return None if given is None else str(given)

"""Spans on tiers, as annotation tools have them: which tier a span stands on, and what it says.

Tiers are written as `emotion`, `predicted emotion`, and `speech` for turns without a label, each
with the speaker in brackets, as `emotion [Ann]`. Spans of one tier do not overlap; what does stands
on a second one, `emotion [Ann] #2`.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from emodist.annotations import Span, _text
from emodist.errors import AnnotationError

ALL = "*"
_NAME = re.compile(
    rf"(?P<guess>{_text.GUESSED} )?(?P<kind>emotion|speech)(?: \[(?P<speaker>.*)\])?(?: #\d+)?",
    re.I | re.S,
)


def dealt(spans: Sequence[Span], apart: Any = lambda span: None) -> list[tuple[str, list[Span]]]:
    """Tiers and their spans, none of which overlap.

    Parameters
    ----------
    apart : callable, optional
        Spans for which it says different things stand on different tiers.
    """
    tiers: dict[tuple, list[list[Span]]] = {}
    for span in sorted(spans, key=lambda span: (span.start_s, span.end_s)):
        rows = tiers.setdefault((_name(span), apart(span)), [])
        for row in rows:
            if row[-1].end_s <= span.start_s:
                row.append(span)
                break
        else:
            rows.append([span])
    found: list[tuple[str, list[Span]]] = []
    numbers: dict[str, int] = {}
    for (name, _), rows in tiers.items():
        for row in rows:
            numbers[name] = numbers.get(name, 0) + 1
            found.append((name if numbers[name] == 1 else f"{name} #{numbers[name]}", row))
    return found


def text(span: Span) -> str:
    """What stands in a span's field."""
    if span.label is None:
        return "speech"
    return _text.with_share(span) if span.is_guess else span.label


def chosen(names: Collection[str], tier: str | None, file: str) -> list[str]:
    """The tiers that are meant: the one that is named, else those named as above, else the only.

    Raises
    ------
    AnnotationError
        If there is no such tier, or several and nobody says which.
    """
    if tier == ALL:
        return list(names)
    if tier is not None:
        if tier not in names:
            raise AnnotationError(f"{file} has no tier {tier!r}; it has {', '.join(names)}")
        return [tier]
    own = [name for name in names if _NAME.fullmatch(name)]
    if not own and len(names) > 1:
        raise AnnotationError(
            f"{file} has tiers {', '.join(names)}; say which one holds the labels (tier=NAME), or "
            f"that each is a speaker (tier={ALL!r})"
        )
    return own or list(names)


def spans(
    name: str,
    intervals: Iterable[tuple[float, float, str]],
    tier: str | None,
    **more: Any,
) -> Iterable[Span]:
    """The spans of a tier; `more` are words of each."""
    match = _NAME.fullmatch(name)
    # Whoever names all tiers says that they are speakers.
    speaker = name if tier == ALL else None
    if match:
        speaker = match["speaker"] or None
    for number, (start_s, end_s, words) in enumerate(intervals, 1):
        found: dict[str, Any] = {"speaker": speaker, **more}
        if match and match["kind"].lower() == "speech":
            found["label"] = None
        elif match and match["guess"]:
            found |= {**_text.without_share(words.strip()), "is_guess": True}
        else:
            found["label"] = words.strip() or None
        yield Span(start_s, end_s, **found, place=f"tier {name}, interval {number}")


def _name(span: Span) -> str:
    kind = "speech" if span.label is None else "emotion"
    guess = f"{_text.GUESSED} " if span.is_guess else ""
    return f"{guess}{kind}" + (f" [{span.speaker}]" if span.speaker else "")

"""From the probabilities of overlapping windows to what is said when: steps, spans, subtitles.

- A **step** is the time between two neighbouring window borders: windows of 4 s every 1 s give
  steps of 1 s. Its probabilities are the mean over all usable windows that reach into it, or, with
  `smooth_s`, into the `smooth_s` seconds around its middle, each weighted by how far it reaches in.
- A window is not usable where it holds no speech, say; its reason is given. A step without usable
  windows abstains for their reason, and one whose highest probability is too low is `unsure`.
- A **span** is a run of steps without a gap that have one label, or abstain for one reason.

Times are seconds from the start of the recording.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

UNSURE = "unsure"
# Window borders are whole samples; closer ones are the same.
DIGITS = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Steps:
    """All arrays have n_steps rows; `probabilities` are nan where no window is usable.

    `label` is the place of the most probable class, -1 where there is none; `reason` is None where
    the label holds.
    """

    start_s: np.ndarray
    end_s: np.ndarray
    probabilities: np.ndarray
    label: np.ndarray
    confidence: np.ndarray
    reason: np.ndarray

    def __len__(self) -> int:
        return len(self.start_s)

    def select(self, rows: np.ndarray) -> "Steps":
        """The given steps: a mask."""
        names = [field.name for field in dataclasses.fields(self)]
        return Steps(**{name: getattr(self, name)[rows] for name in names})


def smooth(
    start_s: np.ndarray,
    end_s: np.ndarray,
    probabilities: np.ndarray,
    reason: np.ndarray,
    smooth_s: float = 0.0,
    min_confidence: float = 0.0,
) -> Steps:
    """Steps of one recording.

    Parameters
    ----------
    start_s, end_s : shape (n_windows,)
        In rising order; windows may overlap or leave gaps.
    probabilities : shape (n_windows, n_classes)
    reason : object array, shape (n_windows,)
        Why a window is not usable; None for the usable ones.
    smooth_s : float, seconds
        0: a step takes the windows that cover it.
    min_confidence : float
        A step below it is unsure.
    """
    starts, ends = np.round(start_s, DIGITS), np.round(end_s, DIGITS)
    borders = np.unique(np.concatenate([starts, ends]))
    usable = is_none(reason)
    n_covering = _between(borders, starts, ends, np.ones((len(starts), 1)))[:, 0]
    # One column for the weight, then one for each class.
    values = usable[:, None] * np.column_stack([np.ones(len(starts)), probabilities])
    density = _between(borders, starts, ends, values)
    # The area under overlapping windows up to any moment: what lies between two moments is the
    # sum over windows of how far they reach in.
    area = np.vstack(
        [np.zeros(density.shape[1]), np.cumsum(density * np.diff(borders)[:, None], 0)]
    )
    low, high = borders[:-1], borders[1:]
    middle, half = (low + high) / 2, np.maximum(high - low, smooth_s) / 2
    reach = np.column_stack(
        [
            np.interp(middle + half, borders, column) - np.interp(middle - half, borders, column)
            for column in area.T
        ]
    )
    # What lies around a silent step says nothing about it.
    known = density[:, 0] > 0.5
    mean = np.full((len(low), probabilities.shape[1]), np.nan)
    mean[known] = np.clip(reach[known, 1:] / reach[known, :1], 0, 1)
    why = np.full(len(low), None, object)
    # Ends rise: the first window that ends after a step began covers it.
    why[~known] = reason[np.minimum(np.searchsorted(ends, low[~known], "right"), len(ends) - 1)]
    label = np.where(known, np.nan_to_num(mean).argmax(axis=1), -1)
    confidence = np.where(known, np.nan_to_num(mean).max(axis=1), np.nan)
    why[known & (np.nan_to_num(confidence) < min_confidence)] = UNSURE
    steps = Steps(low, high, mean, label, confidence, why)
    return steps.select(n_covering > 0.5)


def _between(
    borders: np.ndarray, starts: np.ndarray, ends: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """The sum of the values of the windows that cover each piece between two borders."""
    change = np.zeros((len(borders), values.shape[1]))
    np.add.at(change, np.searchsorted(borders, starts), values)
    np.subtract.at(change, np.searchsorted(borders, ends), values)
    return np.cumsum(change, axis=0)[:-1]


def spans(steps: Steps, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Runs of steps: `start_s`, `end_s`, `label`, `confidence`, `abstained`, `reason`.

    `confidence` is the mean over the span's time of its label's probability. A span that abstains
    has the label None and, where it is unsure, the confidence of its steps' best guesses.
    """
    merged: list[dict[str, Any]] = []
    said: list[tuple] = []
    for row in range(len(steps)):
        why = steps.reason[row]
        which = (why, int(steps.label[row]) if why is None else None)
        start, end = float(steps.start_s[row]), float(steps.end_s[row])
        area = (end - start) * float(steps.confidence[row])
        if merged and said[-1] == which and merged[-1]["end_s"] == start:
            merged[-1]["end_s"] = end
            merged[-1]["confidence"] += area
            continue
        label = classes[which[1]] if which[1] is not None else None
        merged.append({"start_s": start, "end_s": end, "label": label, "confidence": area,
                       "abstained": why is not None, "reason": why})  # fmt: skip
        said.append(which)
    for span in merged:
        mean = span["confidence"] / (span["end_s"] - span["start_s"])
        span["confidence"] = None if np.isnan(mean) else round(mean, 4)
    return merged


def is_none(values: np.ndarray) -> np.ndarray:
    """Where an object array holds None."""
    return np.array([value is None for value in values], bool)


def vtt(spans: Sequence[dict[str, Any]], note: str) -> str:
    """The spans as WebVTT, which video players show as subtitles.

    A span that is unsure says so; one without speech has no subtitle. `note` is a comment at the
    top.
    """
    lines = ["WEBVTT", "", "NOTE", *note.replace("-->", "to").split("\n"), ""]
    for span in spans:
        if not span["abstained"]:
            text = f"{_escaped(span['label'])} {span['confidence']:.0%}"
        elif span["reason"] == UNSURE:
            text = UNSURE
        else:
            continue
        lines += [f"{_clock(span['start_s'])} --> {_clock(span['end_s'])}", text, ""]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    """Hours, minutes, seconds and milliseconds, as WebVTT wants them.

    Examples
    --------
    >>> _clock(3725.5)
    '01:02:05.500'
    """
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Augmented variants of recordings: planned beside their originals, made as they are featurized.

A variant is a planned recording of its own, so resuming, failures and shards hold for it too. It
has its original's file, speaker and label, the id `ORIGINAL-NUMBER`, and two more attributes:
`parent`, the original's id, and `augmentation`, its parameters by name. Those are drawn when the
variant is planned, and the rest from its id, so a second attempt makes the same rows.
"""

import collections
import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from emodist import augmentations
from emodist.audio.segments import Segment
from emodist.audio.source import SAMPLE_RATE
from emodist.media.settings import FeaturizeSettings

# A class that is rarer still would be little else than variants of a few clips.
MOST_VARIANTS = 20


def planned(
    originals: Sequence[dict[str, Any]], settings: FeaturizeSettings
) -> list[dict[str, Any]]:
    """The variants of planned recordings (`schema.PLANNED`); none without `augment`.

    Each variant has one of the augmentations. Those of one recording are dealt out in an order of
    its own, so that few variants of many recordings still have them all. With `augment_balance`,
    a class among `originals` has as many recordings, variants included, as the largest, but a
    recording never has more than `MOST_VARIANTS`.
    """
    chosen = settings.build_augmentations()
    if not chosen:
        return []
    names, rows = tuple(chosen), []
    numbers = _numbers(originals, settings)
    for original in originals:
        order = _rng(original["recording_id"]).permutation(len(names))
        for index in range(numbers[original["recording_id"]]):
            name = names[order[index % len(names)]]
            recording_id = f"{original['recording_id']}-{index + 1}"
            drawn = chosen[name].draw(_rng(recording_id))
            about = {"parent": original["recording_id"], "augmentation": {name: drawn}}
            attributes = json.loads(original["attributes"] or "{}") | about
            rows.append(
                {
                    **original,
                    "recording_id": recording_id,
                    "attributes": json.dumps(attributes, sort_keys=True),
                }
            )
    return rows


def original(recording_id: str) -> str:
    """The id of the recording that a planned one was made from; its own, if it is no variant.

    Examples
    --------
    >>> original("5f0c-2"), original("5f0c")
    ('5f0c', '5f0c')
    """
    return recording_id.partition("-")[0]


def is_variant(recording_id: str) -> bool:
    return "-" in recording_id


def augmented(
    segments: Iterable[Segment | None], recording: dict[str, Any]
) -> Iterator[Segment | None]:
    """The segments of a planned recording, changed if it is a variant; None as a sign of life.

    Times stay those of the original's file, whatever the tempo.
    """
    attributes = json.loads(recording.get("attributes") or "{}")
    drawn = attributes.get("augmentation") if is_variant(recording["recording_id"]) else None
    for segment in segments:
        if drawn and segment is not None:
            rng = _rng(recording["recording_id"], segment.index)
            waveform = augmentations.apply(segment.waveform, SAMPLE_RATE, drawn, rng)
            segment = dataclasses.replace(segment, waveform=waveform)
        yield segment


def _numbers(
    originals: Sequence[dict[str, Any]], settings: FeaturizeSettings
) -> collections.Counter[str]:
    """How many variants each recording gets; one that cannot be tried gets none."""
    sound = [row for row in originals if not row["problem"]]
    numbers = collections.Counter({row["recording_id"]: settings.n_variants for row in sound})
    by_class = collections.defaultdict(list)
    for row in sound:
        if row["label"] is not None:
            by_class[row["label"]].append(row["recording_id"])
    if settings.augment_balance and by_class:
        largest = max(map(len, by_class.values())) * (1 + settings.n_variants)
        for ids in by_class.values():
            each, rest = divmod(largest - len(ids), len(ids))
            # Ids are hashes: their order has nothing to do with who speaks.
            for place, recording_id in enumerate(sorted(ids)):
                numbers[recording_id] = min(each + (place < rest), MOST_VARIANTS)
    return numbers


def _rng(recording_id: str, *more: int) -> np.random.Generator:
    return np.random.default_rng([*recording_id.encode(), *more])

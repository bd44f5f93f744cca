"""Who is one person to the z-score per speaker: a channel, a recording, or a speaker of turns.

Names that turns give are those of their recording: a diarizer calls somebody `SPEAKER_00` in each.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from emodist import storage
from emodist.learning import speaker_norm
from emodist.learning.dataset import Dataset
from emodist.predicting.settings import Rules
from emodist.tables import locate, parquet

COLUMNS = ("recording_id", "corpus", "speaker", "uri", "start_s", "end_s", "speech_fraction")
# Between a recording and the name that its turns give to somebody.
JOINT = "\0"
# What is more is told as numbers of people, not one by one.
MOST_TOLD = 50
BATCH_ROWS = 65_536


@dataclasses.dataclass
class Rest:
    """What the statistics of one person rest on: segments with speech, and seconds of them."""

    speaker: str | None
    uri: str | None
    segments: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**vars(self), "seconds": round(self.seconds, 2)}


# By the names of `speaker_norm.voice`.
Basis: TypeAlias = dict[str, Rest]


def named(data: Dataset, rules: Rules) -> Dataset:
    """Rows whose voices (`speaker_norm.voices`) are the people that the rules mean."""
    if rules.speakers == "channel":
        return data
    pairs = zip(data.speaker, data.uri, strict=True)
    speakers = np.empty(len(data), object)
    speakers[:] = [_speaker(speaker, uri, rules) for speaker, uri in pairs]
    return dataclasses.replace(data, speaker=speakers)


def voice(rules: Rules, corpus: str | None, speaker: str | None, uri: str) -> str:
    """The name under which a row's statistics are kept."""
    return speaker_norm.voice(corpus, _speaker(speaker, uri, rules), uri)


def _speaker(speaker: str | None, uri: str, rules: Rules) -> str | None:
    if rules.speakers == "file" or not speaker:
        return None
    return speaker if rules.speakers == "channel" else f"{uri}{JOINT}{speaker}"


def basis(out: str, rules: Rules) -> Basis:
    """Of every person in the features of `out`; where windows overlap, a second counts once."""
    found: Basis = {}
    ends: dict[str, float] = defaultdict(float)
    for name in locate.files_of(out, "features"):
        uri = storage.join(out, "features", name)
        recording = None
        for batch in parquet.batches(uri, list(COLUMNS), BATCH_ROWS):
            for row in batch.to_pylist():
                if row["recording_id"] != recording:
                    recording = row["recording_id"]
                    ends.clear()
                share = row["speech_fraction"]
                # As `rows` has it: where nobody judged a segment, it counts.
                if share is not None and share < rules.min_speech_fraction:
                    continue
                who = voice(rules, row["corpus"], row["speaker"], row["uri"])
                speaker = None if rules.speakers == "file" else row["speaker"]
                # A channel is more than one recording.
                of_file = rules.speakers != "channel" or not speaker
                rest = found.setdefault(who, Rest(speaker, row["uri"] if of_file else None))
                rest.segments += 1
                start_s, end_s = row["start_s"] or 0.0, row["end_s"] or 0.0
                rest.seconds += max(0.0, end_s - max(start_s, ends[who]))
                ends[who] = max(ends[who], end_s)
    # Windows of nobody, in a recording that has turns of some, are no person.
    have_turns = {one.uri for who, one in found.items() if JOINT in who}
    return {who: one for who, one in found.items() if JOINT in who or one.uri not in have_turns}


def told(rules: Rules, known: Basis) -> dict[str, Any]:
    """The whole, for `predict.json`: how many people, of how many of them enough is known."""
    enough = [one for one in known.values() if one.segments >= speaker_norm.LEAST_ROWS]
    seconds = sorted(one.seconds for one in enough)
    return {
        "by": rules.speakers,
        "people": len(known),
        "people_with_enough": len(enough),
        "seconds": round(sum(seconds), 2),
        "least_seconds": round(seconds[0], 2) if seconds else None,
        "speakers": [one.to_dict() for one in known.values()] if len(known) <= MOST_TOLD else None,
    }


def sentence(found: Mapping[str, Any] | None) -> str:
    """For a reader of the predictions; without `told`, what is true of all."""
    who = {
        "channel": "the speaker is the channel folder, or the recording",
        "file": "each recording is one speaker",
        "turns": "the speakers are those of the turns, in each recording",
    }[found["by"] if found else "channel"]
    text = (
        f"z-score per speaker over the speaker's own speech here (transductive; {who}): one who is "
        "in one mood throughout comes out as average, and of one with fewer than "
        f"{speaker_norm.LEAST_ROWS} segments nothing is said"
    )
    if not found:
        return text
    if not found["people_with_enough"]:
        return f"{text}. It rests on nobody: {found['people']} speakers have fewer"
    return (
        f"{text}. It rests on {found['people_with_enough']} of {found['people']} speakers and "
        f"{found['seconds']:.0f} s of segments with speech, at least {found['least_seconds']:.0f} "
        "s of each"
    )

"""Which way of telling speech a run has: settled once, before it begins, for all of its workers.

It decides rows (`speech_fraction`, what is skipped, where `cut=speech` cuts), so it is never left
to a worker, which may have other packages. An output folder goes on in the way in which it was
begun; a new one has what fits its media and this machine, and `run.json` says which.
"""

import dataclasses
import sys

from emodist import storage
from emodist.audio import silero
from emodist.errors import ConfigError
from emodist.media.settings import FeaturizeSettings, MediaSettings, Speech
from emodist.tables import records

BY_LEVEL = (
    "speech is told by its level alone (speech=energy), which takes music and rain for speech too: "
    f"speech=silero does not ({silero.HOW_TO_INSTALL})"
)


def settled(
    settings: FeaturizeSettings, is_mixed: bool | None = None, is_told: bool = True
) -> FeaturizeSettings:
    """Settings whose `speech` is not `auto` any more.

    Parameters
    ----------
    is_mixed : bool, optional
        Whether media may hold other sound than speech. Default: whether they come as
        `corpus=media` and are cut, other than by annotations.
    is_told : bool
        Whether stderr gets a line where Silero would be used if it were installed.

    Raises
    ------
    ConfigError
        If what is asked for, or what the output folder was begun with, is not installed here.
    """
    chosen = settings.speech
    if chosen == "auto":
        chosen = _begun(settings) or usual(settings, is_mixed, is_told)
    if chosen == "silero" and not silero.is_installed():
        why = "cut=speech" if settings.cut == "speech" else "speech=silero"
        raise ConfigError(f"{why} needs the packages of an extra: {silero.HOW_TO_INSTALL}")
    return dataclasses.replace(settings, speech=chosen)


def usual(
    settings: FeaturizeSettings, is_mixed: bool | None = None, is_told: bool = True
) -> Speech:
    """What a new output folder has, on this machine; parameters as of `settled`."""
    before = settings.speech_before()
    if is_mixed is None:
        is_cut = settings.segment_s is not None and not settings.is_by_span
        is_mixed = settings.corpus == "media" and is_cut
    if before != "energy" or not is_mixed:
        return before
    if silero.is_installed():
        return "silero"
    if is_told:
        print(f"note: {BY_LEVEL}", file=sys.stderr)
    return "energy"


def of_job(settings: MediaSettings) -> MediaSettings:
    """As `settled`, of any job over media."""
    return settled(settings) if isinstance(settings, FeaturizeSettings) else settings


def _begun(settings: FeaturizeSettings) -> Speech | None:
    """What told speech in the output folder so far; None in a new one."""
    try:
        there = records.read(storage.join(settings.out, "run.json"))
    except FileNotFoundError:
        return None
    return there.get("settings", {}).get("speech", settings.speech_before())

"""Which of several audio tracks is read, and how a person names them."""

import av

from emodist.audio.refusal import codec_name
from emodist.errors import AudioError

# ISO 639-1 and the two kinds of ISO 639-2, where languages are told by three letters.
_LANGUAGES = """ar ara, cs ces cze, da dan, de deu ger, el ell gre, en eng, es spa, et est,
fa fas per, fi fin, fr fra fre, he heb, hi hin, hu hun, id ind, it ita, ja jpn, ko kor, nb nob nor,
nl nld dut, pl pol, pt por, ro ron rum, ru rus, sk slk slo, sv swe, th tha, tr tur, uk ukr, ur urd,
vi vie, zh zho chi"""
_SAME = {word: set(line.split()) for line in _LANGUAGES.split(",") for word in line.split()}


def choose(name: str, streams: list[av.AudioStream], wanted: str | None) -> av.AudioStream:
    """The audio track to read.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    streams : audio streams, in their order
    wanted : str, optional
        A number, from 1, or a language. Default: the one that the file flags as its default, else
        the first; one whose codec is unknown only where there is no other.

    Raises
    ------
    AudioError
        If there is no such track, or its codec is unknown.
    """
    known = [stream for stream in streams if stream.codec_context is not None]
    if wanted is None:
        flagged = [stream for stream in known if _is_default(stream)]
        chosen = (flagged or known or streams)[0]
    else:
        if wanted.isdecimal():
            meant = streams[int(wanted) - 1 : int(wanted)] if int(wanted) else []
        else:
            same = _SAME.get(wanted.lower(), {wanted.lower()})
            meant = [s for s in streams if (s.language or "").partition("-")[0].lower() in same]
        if not meant:
            raise AudioError(f"{name}: has no track {wanted}; its audio tracks: {told(streams)}")
        chosen = next((stream for stream in meant if stream in known), meant[0])
    if chosen.codec_context is None:
        raise AudioError(
            f"{name}: no decoder for its audio codec {codec_name(chosen)!r}; its audio tracks: "
            f"{told(streams)}"
        )
    return chosen


def told(streams: list[av.AudioStream]) -> str:
    """The tracks in a line, as `1 aac eng default, 2 ac3 deu`."""
    words = (
        (
            str(number),
            codec_name(stream),
            stream.language if stream.language not in (None, "und") else "",
            "default" if _is_default(stream) else "",
        )
        for number, stream in enumerate(streams, 1)
    )
    return ", ".join(" ".join(filter(None, parts)) for parts in words)


def _is_default(stream: av.AudioStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)

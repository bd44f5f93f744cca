"""Why a file cannot be read, in words for a person: text, encrypted, cut off, an unknown codec."""

import av

from emodist.audio import containers
from emodist.audio.containers import mov
from emodist.audio.readers import encrypted
from emodist.audio.source import Source


def why_not(source: Source, error: Exception) -> str:
    """Of a file that FFmpeg does not open."""
    if containers.of(source) == "mov" and not mov.has_index(source):
        return "truncated or not finished: its index (moov) is missing"
    text = _text_start(source)
    if text is not None:
        return f"is not media but text, it starts with {text!r}"
    found = containers.extent(source)
    if found is not None and found.share(source.size) < 1:
        return f"truncated: only {source.size} of {found.end} bytes are there"
    scheme = containers.encryption(source)
    return encrypted(scheme) if scheme else f"is damaged, or not a media file{_said(error)}"


def codec_name(stream: av.AudioStream) -> str:
    """The codec of a track, also of one that this FFmpeg cannot decode."""
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    # FFmpeg knows, and tells only its log.
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        lines = stream.container.dumps_format().splitlines()
    finally:
        av.logging.set_level(level)
    mine = f"Stream #0:{stream.index}"
    for line in lines:
        # `Stream #0:1[0x2](und): Audio: none (apac / 0x63617061), 48000 Hz, ...`
        if line.strip().startswith(mine) and line.strip()[len(mine)] in "[(:":
            named = line.partition("Audio: ")[2].partition(",")[0].removeprefix("none ")
            return named.strip("() ").partition(" / ")[0] or "unknown"
    return "unknown"


def _said(error: Exception) -> str:
    # "Invalid data found" is said already, and a number says nothing.
    said = getattr(error, "strerror", None)
    if not said or isinstance(error, av.InvalidDataError | BlockingIOError | EOFError):
        return ""
    return f" ({said})"


def _text_start(source: Source) -> str | None:
    """The first words of a file that is text, to be shown in a message; None if it is not."""
    start = source.head[:512]
    # The start may end within a character, so the last bytes may fail to decode.
    text = start.decode("utf-8", "ignore")
    if len(text.encode()) < len(start) - 3 or not text.strip():
        return None
    if any(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text):
        return None
    return " ".join(text.split())[:40]

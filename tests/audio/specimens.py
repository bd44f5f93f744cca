"""A file of every container, whole or as it comes about in the wild: cut, holed, late, streamed.

All of them hold the same sound. FFmpeg's muxers write them, so that nothing of this package judges
itself.
"""

import dataclasses
import functools
import re
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.audio.media import voice

SECONDS = 12
# What is lost, where there is a hole.
HOLE_S = (4.0, 6.0)
LATE_S = 1.5


@dataclasses.dataclass(frozen=True)
class Kind:
    """A container, with a codec that is usual in it.

    Attributes
    ----------
    title : str
    suffix, codec : str
    format : str
        FFmpeg's name of its muxer.
    has_clock : bool
        Whether each packet says when it is heard.
    states : bool
        Whether a file that was finished says how long it is.
    video : str or None
        A video codec to go with it, where it holds films.
    """

    title: str
    suffix: str
    codec: str
    format: str
    has_clock: bool = False
    states: bool = True
    video: str | None = None
    rate: int = 48_000
    n_channels: int = 2
    options: tuple[tuple[str, str], ...] = ()


_FRAGMENTED = (("movflags", "frag_keyframe+empty_moov+default_base_moof"),)

KINDS = (
    Kind("WAV", "wav", "pcm_s16le", "wav"),
    Kind("WAV, 24 bits", "wav", "pcm_s24le", "wav"),
    Kind("WAV, float", "wav", "pcm_f32le", "wav"),
    Kind("WAV, A-law", "wav", "pcm_alaw", "wav"),
    Kind("WAV, IMA ADPCM", "wav", "adpcm_ima_wav", "wav"),
    Kind("WAV, Microsoft ADPCM", "wav", "adpcm_ms", "wav"),
    Kind("RF64", "wav", "pcm_s16le", "wav", options=(("rf64", "always"),)),
    Kind("Wave64", "w64", "pcm_s16le", "w64"),
    Kind("AIFF", "aiff", "pcm_s16be", "aiff"),
    Kind("AIFC, A-law", "aiff", "pcm_alaw", "aiff"),
    Kind("AU", "au", "pcm_s16be", "au"),
    Kind("CAF", "caf", "pcm_s16le", "caf"),
    Kind("CAF, ALAC", "caf", "alac", "caf"),
    Kind("VOC", "voc", "pcm_u8", "voc"),
    Kind("FLAC", "flac", "flac", "flac"),
    Kind("MP3", "mp3", "libmp3lame", "mp3"),
    Kind("MP3, 16 kHz", "mp3", "libmp3lame", "mp3", rate=16_000),
    Kind("MP3 without a header", "mp3", "libmp3lame", "mp3", states=False,
         options=(("write_xing", "0"),)),
    Kind("ADTS", "aac", "aac", "adts", states=False),
    Kind("AC-3", "ac3", "ac3", "ac3", states=False),
    Kind("WavPack", "wv", "wavpack", "wv"),
    Kind("TTA", "tta", "tta", "tta"),
    Kind("Ogg, Opus", "opus", "libopus", "ogg", has_clock=True, states=False),
    Kind("Ogg, FLAC", "ogg", "flac", "ogg", has_clock=True, states=False),
    Kind("M4A", "m4a", "aac", "ipod", has_clock=True),
    Kind("MP4", "mp4", "aac", "mp4", has_clock=True, video="mpeg4"),
    Kind("MP4, index first", "mp4", "aac", "mp4", has_clock=True, video="mpeg4",
         options=(("movflags", "faststart"),)),
    Kind("MP4, fragmented", "mp4", "aac", "mp4", has_clock=True, video="mpeg4",
         options=_FRAGMENTED),
    Kind("MOV", "mov", "aac", "mov", has_clock=True, video="mpeg4"),
    Kind("3GP", "3gp", "aac", "3gp", has_clock=True, video="mpeg4"),
    Kind("Matroska", "mkv", "aac", "matroska", has_clock=True, video="mpeg4"),
    Kind("Matroska, MP3", "mkv", "libmp3lame", "matroska", has_clock=True, video="mpeg4"),
    Kind("WebM", "webm", "libopus", "webm", has_clock=True, video="libvpx"),
    Kind("FLV", "flv", "aac", "flv", has_clock=True, video="flv", rate=44_100),
    Kind("AVI", "avi", "libmp3lame", "avi", video="mpeg4"),
    Kind("AVI, PCM", "avi", "pcm_s16le", "avi", video="mpeg4"),
    Kind("ASF (WMA, WMV)", "wmv", "wmav2", "asf", has_clock=True, video="msmpeg4v2"),
    Kind("MPEG-PS (MPG)", "mpg", "mp2", "mpeg", has_clock=True, states=False, video="mpeg1video"),
    Kind("MPEG-PS (VOB)", "vob", "ac3", "vob", has_clock=True, states=False, video="mpeg2video"),
    Kind("MPEG-TS", "ts", "aac", "mpegts", has_clock=True, states=False, video="mpeg2video"),
    Kind("MXF", "mxf", "pcm_s16le", "mxf", video="mpeg2video"),
    Kind("NUT", "nut", "aac", "nut", has_clock=True, states=False, video="mpeg4"),
)  # fmt: skip
BY_TITLE = {kind.title: kind for kind in KINDS}
CLOCKED = [kind.title for kind in KINDS if kind.has_clock]


def sound(kind: Kind, seconds: float = SECONDS) -> np.ndarray:
    """What goes in, shape (n_channels, n_samples): the same voice in each channel."""
    return np.stack([voice(seconds, kind.rate)] * kind.n_channels)


def make(
    folder: Path,
    kind: Kind,
    late_s: float = 0.0,
    hole_s: tuple[float, float] | None = None,
    streamed: bool = False,
    with_video: bool = False,
    seconds: float = SECONDS,
    options: tuple[tuple[str, str], ...] = (),
) -> Path:
    """A file of the kind.

    Parameters
    ----------
    late_s : float, seconds
        The sound begins so much later than the pictures.
    hole_s : seconds, seconds
        Packets between these times are not there.
    streamed : bool
        Written to where nothing can be gone back to, as to a pipe.
    """
    path = folder / f"{re.sub('[^A-Za-z0-9]+', '_', kind.title)}.{kind.suffix}"
    path.write_bytes(_made(kind, late_s, hole_s, streamed, with_video, seconds, options))
    return path


@functools.cache
def _made(kind, late_s, hole_s, streamed, with_video, seconds, options) -> bytes:
    given = dict((*kind.options, *options))
    # MXF knows no file without pictures.
    is_film = kind.video is not None and (with_video or kind.format == "mxf")
    with tempfile.NamedTemporaryFile() as file:
        target = _Pipe(file) if streamed else file.name
        with av.open(target, "w", format=kind.format, options=given) as out:
            _fill(out, kind, late_s, hole_s, is_film, seconds)
        file.flush()
        return Path(file.name).read_bytes()


def cut(path: Path, share: float) -> Path:
    """The same file with only the first part of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


class _Pipe:
    """Takes bytes, and cannot go back."""

    def __init__(self, file):
        self.write = file.write


def _fill(out, kind, late_s, hole_s, with_video, seconds):
    layout = {1: "mono", 2: "stereo"}[kind.n_channels]
    pictures = None
    if with_video:  # MXF wants them to be first
        pictures = out.add_stream(kind.video, rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 176, 144, "yuv420p"
    audio = out.add_stream(kind.codec, rate=kind.rate, layout=layout)
    if not kind.codec.startswith(("pcm", "adpcm", "flac", "alac", "wavpack", "tta")):
        audio.bit_rate = 128_000
    resampler = av.AudioResampler(audio.format, audio.layout, kind.rate, audio.frame_size or 1024)
    samples = sound(kind, seconds)

    def mux(packets):
        for packet in packets:
            at_s = float(packet.pts * packet.time_base) if packet.pts is not None else 0.0
            if hole_s and hole_s[0] <= at_s < hole_s[1]:
                continue
            if late_s and packet.pts is not None:
                ticks = round(late_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
            out.mux(packet)

    n_pictures = 0
    for start in range(0, samples.shape[1], kind.rate // 2):
        if pictures is not None:
            # Pictures go on as long as the sound, however late that is.
            until_s = start / kind.rate + 0.5 + late_s
            while n_pictures / 25 < until_s:
                gray = np.full((144, 176, 3), n_pictures % 256, np.uint8)
                shot = av.VideoFrame.from_ndarray(gray, format="rgb24")
                shot.pts, shot.time_base = n_pictures, Fraction(1, 25)
                out.mux(pictures.encode(shot))
                n_pictures += 1
        piece = np.ascontiguousarray(samples[:, start : start + kind.rate // 2])
        frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
        frame.rate, frame.pts, frame.time_base = kind.rate, start, Fraction(1, kind.rate)
        for ready in resampler.resample(frame):
            mux(audio.encode(ready))
    for ready in resampler.resample(None):
        mux(audio.encode(ready))
    mux(audio.encode(None))
    if pictures is not None:
        out.mux(pictures.encode(None))

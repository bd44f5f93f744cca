"""Every other container and codec through PyAV, which brings FFmpeg's libraries with it.

Only the packets of the first audio stream are read; other streams are skipped, not decoded.
Time counts from the first sound. Gaps in the time stamps (pauses that were not recorded, parts
that were lost) and packets that cannot be decoded become silence, so that what follows stays in
its place; FFmpeg's own command, and so moviepy, closes the gaps instead.
"""

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from emodist.audio import headers
from emodist.audio.readers import downmix
from emodist.audio.source import AudioInfo, Source
from emodist.errors import AudioError

# About a second: the working set of the resampler then stays in the processor's cache.
_CHUNK = 32_768
# Shorter gaps are rounding; longer ones are a clock that jumped, as in joined files.
_GAP_S = (0.25, 60)
# Containers of sound and video only. FFmpeg would also follow playlists (hls, dash, concat) to
# other files and to the network, and paint text files as video.
_CONTAINERS = (
    "mov,mp4,matroska,webm,mp3,mp2,ogg,wav,w64,flac,aiff,aac,ac3,eac3,dts,amr,ape,asf,au,avi,caf,"
    "flv,live_flv,gsm,latm,loas,mpc,mpc8,mpeg,mpegts,mxf,nut,oma,rm,sox,spdif,tak,tta,truehd,voc,"
    "wtv,wv,dv,swf,ivf,nistsphere,ircam,xwma,shn,dsf,mlp,mpegvideo"
)
_CLOCKS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "flv", "ogg")
_FULL_SCALE = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31, "s64": 1 << 63}
_DTYPE = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


class PyavReader:
    """A `Reader` of what FFmpeg opens.

    Raises
    ------
    AudioError
        If FFmpeg does not know the file, or it has no sound; with the reason where one shows.
    """

    is_exact = False

    def __init__(self, source: Source):
        self._name = source.name
        self._container = _open(source)
        try:
            self._stream = self._first_audio_stream()
            self.info = self._read_info()
            self.declared_s = self._read_declared_s(source)
        except BaseException:
            self._container.close()
            raise
        self.reached_s = 0.0
        self.lost_s = 0.0
        # Elsewhere the time is only counted, and after damage miscounted.
        self._has_clock = self._container.format.name in _CLOCKS

    def _first_audio_stream(self):
        streams = self._container.streams
        if not streams.audio:
            types = ", ".join(stream.type for stream in streams) or "none"
            raise AudioError(f"{self._name}: has no audio stream (its streams: {types})")
        stream = streams.audio[0]
        if stream.codec_context is None:
            raise AudioError(f"{self._name}: no decoder for its audio stream")
        discard = getattr(av.stream, "Discard", None)  # PyAV 16 cannot skip yet, only ignore
        for other in streams:
            if other is not stream and discard is not None:
                other.discard = discard.all
        return stream

    def _read_info(self) -> AudioInfo:
        stream, duration_s = self._stream, None
        if stream.duration:
            duration_s = float(stream.duration * stream.time_base)
        elif self._container.duration:
            duration_s = self._container.duration / av.time_base
        codec = stream.codec_context.codec.canonical_name
        return AudioInfo(duration_s, codec, stream.codec_context.channels, stream.sample_rate)

    def _read_declared_s(self, source: Source) -> float | None:
        """The length that the headers vouch for; FFmpeg's guesses from the bit rate do not."""
        if source.container in ("mov", "flac"):
            return self.info.duration_s
        if source.container == "wav":
            return headers.wav_duration_s(source)
        if source.container == "matroska":
            self._check_matroska(source)
        if self._container.format.name == "mp3":
            n_frames = headers.mp3_n_frames(source)
            # MPEG-2 and 2.5 (up to 24 kHz) have half the samples in a frame: ISO/IEC 13818-3.
            frame = 1152 if self.info.sample_rate >= 32_000 else 576
            return n_frames * frame / self.info.sample_rate if n_frames else None
        return None

    def _check_matroska(self, source: Source) -> None:
        # Its one duration is that of the longest stream, so bytes are compared, not seconds.
        size = headers.matroska_size(source)
        if size is None or source.size >= 0.98 * size:
            return
        length_s = self.info.duration_s
        there = f"{source.size} of {size} bytes"
        if length_s:
            there += f", about {length_s * source.size / size:.2f} s of {length_s:.2f} s"
        raise AudioError(f"{self._name}: truncated: only {there} are there")

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        fifo, n_channels = av.AudioFifo(), 0
        time_base = float(self._stream.time_base)
        slack = int(_GAP_S[0] / time_base) if self._has_clock else 1 << 62
        end = due = None  # of the packet before, without and with slack
        for packet in self._packets():
            # This loop runs 43 times for a second of AAC: each line costs about one percent.
            pts = packet.pts
            if pts is not None:
                if due is not None and pts > due and (pts - end) * time_base < _GAP_S[1]:
                    yield from _drain(fifo)
                    yield self._silence((pts - end) * time_base)
                end = pts + (packet.duration or 0)
                due = end + slack
            try:
                frames = packet.decode()
            except av.FFmpegError:
                yield from _drain(fifo)
                lost_s = (packet.duration or 0) * time_base
                self.lost_s += lost_s
                yield self._silence(lost_s)
                continue
            for frame in frames:
                frame.pts = None  # the queue refuses a gap in the time stamps
                if frame.layout.nb_channels != n_channels:
                    yield from _drain(fifo)
                    fifo, n_channels = av.AudioFifo(), frame.layout.nb_channels
                try:
                    fifo.write(frame)
                except ValueError:  # another rate or sample format from here on
                    yield from _drain(fifo)
                    fifo = av.AudioFifo()
                    fifo.write(frame)
            if fifo.samples >= _CHUNK:
                yield from _drain(fifo)
        yield from _drain(fifo)
        if end is not None and self._has_clock:
            self.reached_s = end * time_base

    def _packets(self):
        try:
            yield from self._container.demux(self._stream)
        except IndexError:  # how PyAV ends where a stream turned up that the header had not
            return
        except av.FFmpegError as error:
            # What is missing then shows in the length, if there is a length to compare with.
            if self.declared_s is None:
                raise AudioError(f"{self._name}: cannot be read to its end: {error}") from error

    def _silence(self, duration_s: float) -> tuple[NDArray[np.float32], int]:
        rate = self._stream.sample_rate
        return np.zeros(round(duration_s * rate), np.float32), rate

    def close(self) -> None:
        self._container.close()


def _open(source: Source):
    file: object = source.file
    opened_here = None
    if source.path is not None:
        # The prefix keeps FFmpeg from reading a colon in a name as a protocol.
        file = f"file:{source.path}"
        if not _is_utf8(source.path):
            file = opened_here = open(source.path, "rb")  # noqa: SIM115
    else:
        assert source.file is not None
        source.file.seek(0)
    try:
        return av.open(
            file,
            mode="r",
            container_options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        if opened_here is not None:
            opened_here.close()
        raise AudioError(f"{source.name}: {_why_not(source, error)}") from error


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _why_not(source: Source, error: Exception) -> str:
    if source.container == "mov" and not headers.has_moov(source):
        return "truncated or not finished: its index (moov) is missing"
    text = headers.text_start(source)
    if text is not None:
        return f"is not media but text, it starts with {text!r}"
    return f"is damaged, or not a media file ({getattr(error, 'strerror', None) or error})"


def _drain(fifo: av.AudioFifo) -> Iterator[tuple[NDArray[np.float32], int]]:
    frame = fifo.read()
    if frame is None:
        return
    n_channels, n_samples = frame.layout.nb_channels, frame.samples
    sample_format = frame.format.name.removesuffix("p")
    dtype = np.dtype(_DTYPE[sample_format])
    if frame.format.is_planar:
        planes = frame.planes[:n_channels]
        channels = [np.frombuffer(memoryview(plane), dtype, n_samples) for plane in planes]
    else:
        packed = np.frombuffer(memoryview(frame.planes[0]), dtype, n_samples * n_channels)
        channels = list(packed.reshape(n_samples, n_channels).T)
    mono = downmix(channels, _FULL_SCALE.get(sample_format, 1.0))
    if sample_format == "u8":
        mono -= 1.0  # unsigned: silence is 128
    yield mono, frame.sample_rate

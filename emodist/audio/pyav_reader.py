"""Every other container and codec through PyAV, which brings FFmpeg's libraries with it.

Only the packets of one audio track are read; other streams are skipped, not decoded. Where the
container has a clock, it rules: gaps in the time stamps (pauses that were not recorded, packets
that were lost or cannot be decoded) become silence, so that what follows stays in its place;
FFmpeg's own command, and so moviepy, closes the gaps instead. Sound is never thrown away.
"""

import contextlib
import errno
import math
import os
from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from emodist.audio import containers, refusal, tracks
from emodist.audio.containers import mp3
from emodist.audio.readers import Channels, Downmix
from emodist.audio.source import AudioInfo, Source
from emodist.errors import AudioError, FileMemoryError

# About a second: the working set of the resampler then stays in the processor's cache.
_CHUNK = 32_768
# By so much a time stamp may be late, compared with the samples so far: clocks tick in
# milliseconds and jitter. What is late adds up, so that small gaps are noticed too.
_SLACK_S = 0.04
# A clock that goes back by more was set anew, as where files were joined.
_BACK_S = 1.0
# A clock that jumps by more was set anew as well, unless the file's length says otherwise.
_PAUSE_S = 3600.0
# Sound that starts later than this has an offset; what is missing before is a lost packet.
_LATE_S = 0.5
# A clock that starts later than this did not start with the film.
_ELSEWHERE_S = 60.0
# Containers of sound and video only. FFmpeg would also follow playlists (hls, dash, concat) to
# other files and to the network, and paint text files as video.
_CONTAINERS = (
    "mov,mp4,matroska,webm,mp3,mp2,ogg,wav,w64,flac,aiff,aac,ac3,eac3,dts,amr,ape,asf,au,avi,caf,"
    "flv,live_flv,gsm,latm,loas,mpc,mpc8,mpeg,mpegts,mxf,nut,oma,rm,sox,spdif,tak,tta,truehd,voc,"
    "wtv,wv,dv,swf,ivf,nistsphere,ircam,xwma,shn,dsf,mlp,mpegvideo"
)
# Elsewhere the time is only counted, and after damage miscounted.
_CLOCKS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "mpeg", "flv", "ogg"),
    *("asf", "wtv", "nut"),
)
# Their clock runs on from what was sent before.
_ANYWHERE = ("mpegts", "mpeg", "ogg", "wtv")
# Headers that count the samples of the sound alone.
_COUNTED = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "flac", "ape", "wv", "tta", "tak", "mpc", "mpc8", "dsf"),
    "nistsphere",
)
# After so many failures in a row, reading on leads nowhere.
_TRIES = 1000
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

    def __init__(self, source: Source, channels: Channels = "mean", track: str | None = None):
        self._name = source.name
        self.mix = Downmix(channels)
        self.offset_s = self.filled_s = self.lost_s = 0.0
        with contextlib.ExitStack() as stack:
            self.rest = containers.rest(source)
            if self.rest is not None:
                source = stack.enter_context(source.part(0, self.rest))
            self._source = source
            self._container = stack.enter_context(opened(source, stack))
            self._stream = self._choose(track)
            # A track without a clock counts samples.
            self._tick_s = float(self._stream.time_base or 1 / self._stream.sample_rate)
            self.info = self._read_info()
            self.declared_s = self._read_declared_s()
            self.share, self.damage = 1.0, None
            extent = containers.extent(source)
            if extent is not None and extent.end > source.size:
                if extent.is_open:
                    self.damage = "truncated: its end is cut off, and nothing says how much it was"
                elif not self.declared_s:
                    self.share = extent.share(source.size)
            self._stack = stack.pop_all()
        self._has_clock = self._container.format.name in _CLOCKS

    def _choose(self, track: str | None) -> av.AudioStream:
        streams = self._container.streams
        if not streams.audio:
            types = ", ".join(stream.type for stream in streams) or "none"
            raise AudioError(f"{self._name}: has no audio stream (its streams: {types})")
        audio = list(streams.audio)
        stream = tracks.choose(self._name, audio, track)
        self.tracks = tracks.told(audio)
        self.track = audio.index(stream) + 1
        discard = getattr(av.stream, "Discard", None)  # PyAV 16 cannot skip yet, only ignore
        for other in streams:
            if other is not stream and discard is not None:
                other.discard = discard.all
        return stream

    def _read_info(self) -> AudioInfo:
        stream, duration_s = self._stream, None
        if stream.duration:
            duration_s = stream.duration * self._tick_s
        elif self._container.duration:
            duration_s = self._container.duration / av.time_base
        context = stream.codec_context
        return AudioInfo(
            duration_s, refusal.codec_name(stream), context.channels, stream.sample_rate
        )

    def _read_declared_s(self) -> float | None:
        """The length that the headers vouch for; FFmpeg's guesses from the bit rate do not."""
        if self._container.format.name in _COUNTED:
            return self.info.duration_s
        if self._container.format.name == "mp3" and self.info.sample_rate:
            n_samples = mp3.n_samples(self._source)
            return n_samples / self.info.sample_rate if n_samples else None
        return None

    def chunks(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        fifo, n_channels, rate = av.AudioFifo(), 0, self._stream.sample_rate
        time_base = self._tick_s
        per_sample = 0.0  # ticks
        # In ticks of the clock: where the next sample belongs, and what is near enough to that.
        due, early, late = math.nan, -_BACK_S / time_base, _SLACK_S / time_base
        if not self._has_clock:
            due, early, late = 0.0, -math.inf, math.inf
        lost_s = 0.0  # since the last sound
        frame = None
        for packet in self._packets():
            # This loop runs 43 times for a second of AAC: each line costs about one percent.
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                _raise_if_no_memory(self._name, error)
                packet_s = (packet.duration or 0) * time_base
                if packet_s > 1:  # damaged itself
                    packet_s = frame.samples / frame.sample_rate if frame else 0.0
                lost_s += packet_s
                if not self._has_clock:
                    self.lost_s += packet_s
                    lost_s = 0.0
                    yield from _drain(fifo, self.mix)
                    yield from _silence(packet_s, rate)
                continue
            for frame in frames:
                pts = frame.pts
                if pts is not None:
                    # Nothing is near to the `due` of the first frame.
                    if not early <= pts - due <= late:
                        gap_s = self._gap_s(pts * time_base, due * time_base)
                        if gap_s:
                            self.filled_s += max(0.0, gap_s - lost_s)
                            yield from _drain(fifo, self.mix)
                            yield from _silence(gap_s, frame.sample_rate)
                        due = pts
                    frame.pts = None  # the queue refuses a gap in the time stamps
                if lost_s:
                    self.lost_s += lost_s
                    lost_s = 0.0
                if frame.layout.nb_channels != n_channels:
                    yield from _drain(fifo, self.mix)
                    fifo, n_channels = av.AudioFifo(), frame.layout.nb_channels
                    rate = frame.sample_rate
                    per_sample = 1 / (rate * time_base)
                try:
                    fifo.write(frame)
                except ValueError:  # another rate or sample format from here on
                    yield from _drain(fifo, self.mix)
                    fifo = av.AudioFifo()
                    fifo.write(frame)
                    rate = frame.sample_rate
                    per_sample = 1 / (rate * time_base)
                due += frame.samples * per_sample
            if fifo.samples >= _CHUNK:
                yield from _drain(fifo, self.mix)
        yield from _drain(fifo, self.mix)
        self.lost_s += lost_s
        if frame is not None:
            yield from _silence(lost_s, rate)

    def _gap_s(self, now_s: float, due_s: float) -> float:
        """Silence before a frame whose time stamp is not where the samples so far end."""
        if math.isnan(due_s):
            start_s = max(0.0, now_s - self._film_start_s())
            if start_s <= _LATE_S:
                return start_s if start_s > 2 * _SLACK_S else 0.0
            self.offset_s = start_s
            return 0.0
        gap_s = now_s - due_s
        if gap_s < 0:
            return 0.0
        film = self._container
        is_stated = film.format.name not in _ANYWHERE and film.duration
        is_within = is_stated and now_s <= film.duration / av.time_base + max(film.start_time, 0)
        return gap_s if is_within or gap_s <= _PAUSE_S else 0.0

    def _film_start_s(self) -> float:
        film = self._container
        start_s = (film.start_time or 0) / av.time_base
        return start_s if film.format.name in _ANYWHERE or start_s > _ELSEWHERE_S else 0.0

    def _packets(self):
        """The track's packets, also those behind bytes that belong to nothing."""
        tries = 0
        while tries < _TRIES:
            try:
                for packet in self._container.demux(self._stream):
                    tries = 0
                    yield packet
                return
            except IndexError:  # how PyAV ends where a stream turned up that the header had not
                return
            except av.FFmpegError as error:
                _raise_if_no_memory(self._name, error)
                # What is missing then shows in the clock, or in the length.
                tries += 1

    def close(self) -> None:
        self._stack.close()


def opened(source: Source, stack: contextlib.ExitStack):
    """A container of sound or video, and never a list that leads to other files."""
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "fd"}
    file: object = "fd:"
    # Neither way has FFmpeg a name: the content decides alone, wherever it comes from.
    if source.path is not None:
        descriptor = os.open(source.path, os.O_RDONLY)
        stack.callback(os.close, descriptor)
        options["fd"] = str(descriptor)
    else:
        file = stack.enter_context(source.opened())
    try:
        return av.open(file, mode="r", container_options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        _raise_if_no_memory(source.name, error)
        raise AudioError(f"{source.name}: {refusal.why_not(source, error)}") from error


def _raise_if_no_memory(name: str, error: av.FFmpegError) -> None:
    if error.errno == errno.ENOMEM:
        raise FileMemoryError(
            f"{name}: asks for more memory than it may have (file_memory_gb)"
        ) from error


def _silence(duration_s: float, rate: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    left = round(duration_s * rate)
    while left > 0:
        # A pause may last for hours.
        yield np.zeros(min(left, _CHUNK), np.float32), rate
        left -= _CHUNK


def _drain(fifo: av.AudioFifo, mix: Downmix) -> Iterator[tuple[NDArray[np.float32], int]]:
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
    mono = mix(channels, _FULL_SCALE.get(sample_format, 1.0))
    if sample_format == "u8":
        mono -= 1.0  # unsigned: silence is 128
    yield mono, frame.sample_rate

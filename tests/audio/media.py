"""Media files made for the tests: every sound in them is known."""

from fractions import Fraction

import av
import numpy as np
import soundfile
import soxr

RATE = 44_100


def voice(n_seconds=2.0, rate=RATE, pitch_hz=150.0):
    """A harmonic sound with syllables, shape (n_samples,), peak below 0.5."""
    time = np.arange(round(n_seconds * rate)) / rate
    phase = 2 * np.pi * pitch_hz * time + 2 * np.sin(2 * np.pi * 0.7 * time)
    sound = sum(np.sin(k * phase) / k for k in range(1, 6))
    return (0.1 * (1 + np.sin(2 * np.pi * 4 * time)) * sound).astype(np.float32)


def stereo(n_seconds=2.0, rate=RATE):
    """Two different voices, shape (2, n_samples)."""
    return np.stack([voice(n_seconds, rate, 150), voice(n_seconds, rate, 233)])


def expected(channels, rate=RATE):
    """What any decoder should give: the mean of the channels at 16 kHz."""
    mono = np.mean(np.atleast_2d(channels), axis=0, dtype=np.float32)
    return soxr.resample(mono, rate, 16_000, quality="HQ")


def make_media(path, channels, rate=RATE, codec="aac", video=False, layout=None, options=None):
    """Encode channels, shape (n_channels, n_samples), into whatever container the name says."""
    channels = np.atleast_2d(channels)
    if codec == "vorbis":
        return _make_vorbis(path, channels, rate)
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(channels)]
    with av.open(str(path), "w", options=options or {}) as out:
        audio = out.add_stream(codec, rate=rate, layout=layout)
        audio.bit_rate = 128_000
        if video:
            picture = out.add_stream("mpeg4", rate=10)
            picture.width, picture.height, picture.pix_fmt = 160, 120, "yuv420p"
        resampler = av.AudioResampler(audio.format, audio.layout, rate, audio.frame_size or 1024)
        n_samples = channels.shape[1]
        for start in range(0, n_samples, rate):
            piece = np.ascontiguousarray(channels[:, start : start + rate])
            frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
            frame.rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for ready in resampler.resample(frame):
                out.mux(audio.encode(ready))
            if video:
                for k in range(10):
                    gray = np.full((120, 160, 3), (start // rate * 10 + k) % 256, np.uint8)
                    shot = av.VideoFrame.from_ndarray(gray, format="rgb24")
                    shot.pts, shot.time_base = start // rate * 10 + k, Fraction(1, 10)
                    out.mux(picture.encode(shot))
        for ready in resampler.resample(None):
            out.mux(audio.encode(ready))
        out.mux(audio.encode(None))
        if video:
            out.mux(picture.encode(None))
    return path


def _make_vorbis(path, channels, rate):
    # PyAV's wheels bring no good Vorbis encoder; libsndfile's packets go into any container.
    ogg = path.with_suffix(".ogg")
    soundfile.write(str(ogg), channels.T, rate, format="OGG", subtype="VORBIS")
    if path != ogg:
        with av.open(str(ogg)) as source, av.open(str(path), "w") as out:
            stream = out.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(audio=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
    return path


def make_silent_film(path):
    """A video without an audio stream."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 160, 120, "yuv420p"
        for k in range(10):
            shot = av.VideoFrame.from_ndarray(np.full((120, 160, 3), k, np.uint8), format="rgb24")
            shot.pts, shot.time_base = k, Fraction(1, 10)
            out.mux(picture.encode(shot))
        out.mux(picture.encode(None))
    return path


def make_wav(path, channels, rate=RATE, subtype="PCM_16", format="WAV"):
    soundfile.write(str(path), np.atleast_2d(channels).T, rate, subtype=subtype, format=format)
    return path


def snr_db(wanted, got):
    """How far the difference lies below the wanted sound; the longer one is cut."""
    n = min(len(wanted), len(got))
    noise = np.mean((wanted[:n] - got[:n]) ** 2)
    return 10 * np.log10(np.mean(wanted[:n] ** 2) / max(noise, 1e-20))


def lag(wanted, got, n_max=4000):
    """Samples by which `got` comes later than `wanted`."""
    size = 2 ** int(np.ceil(np.log2(len(wanted) + len(got))))
    product = np.fft.irfft(np.fft.rfft(got, size) * np.conj(np.fft.rfft(wanted, size)), size)
    lags = np.concatenate([product[-n_max:], product[: n_max + 1]])
    return int(np.argmax(lags)) - n_max

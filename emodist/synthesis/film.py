"""Small MP4 files with a simple moving picture, as a stand-in for vlogs."""

import colorsys
import os
from typing import cast

import av
import numpy as np

WIDTH, HEIGHT, FRAMES_PER_S = 160, 120, 10

_N_BARS = 16


def write_film(path, waveform, sample_rate, duration_s=5.0):
    """Write an MP4: a ball and level bars over a colour that changes each second.

    H.264 where this FFmpeg has libx264, else MPEG-4; the sound is mono AAC.

    Parameters
    ----------
    path : str or path
        Its folder exists; a file of this name is replaced.
    waveform : float32 array, shape (n_samples,), within [-1, 1]; or None
        None makes a silent film, without an audio stream.
    sample_rate : int, Hz
    duration_s : float, seconds
        Of a silent film; one with sound lasts as long as its waveform.
    """
    if waveform is None:
        n_frames = round(duration_s * FRAMES_PER_S)
    else:
        n_frames = -(-len(waveform) * FRAMES_PER_S // sample_rate)
    levels = _levels(waveform, sample_rate, n_frames)
    with av.open(os.fspath(path), "w") as container:
        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        speed = {"preset": "ultrafast", "crf": "30"} if codec == "libx264" else {}
        video = cast(av.VideoStream, container.add_stream(codec, rate=FRAMES_PER_S, options=speed))
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.thread_count = 1  # tiny pictures, and the same bytes each time
        if waveform is not None:
            audio = container.add_stream("aac", rate=sample_rate, layout="mono")
            audio.codec_context.bit_rate = 96_000
        # A second of each in turn: the muxer then has little to hold back.
        for start in range(0, n_frames, FRAMES_PER_S):
            for i in range(start, min(start + FRAMES_PER_S, n_frames)):
                frame = av.VideoFrame.from_ndarray(_picture(i, levels[i]), format="rgb24")
                frame.pts = i
                container.mux(video.encode(frame))
            if waveform is not None:
                first = start // FRAMES_PER_S * sample_rate
                block = np.ascontiguousarray(waveform[None, first : first + sample_rate])
                sound = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
                sound.sample_rate, sound.pts = sample_rate, first
                container.mux(audio.encode(sound))
        container.mux(video.encode())
        if waveform is not None:
            container.mux(audio.encode())


def _levels(waveform, sample_rate, n_frames):
    """Height of each bar, from 0 to 1; shape (n_frames, n_bars)."""
    if waveform is None:
        return np.zeros((n_frames, _N_BARS))
    length = sample_rate // FRAMES_PER_S
    sound = np.zeros(n_frames * length)
    sound[: len(waveform)] = waveform[: len(sound)]
    spectrum = np.fft.rfft(sound.reshape(n_frames, length) * np.hanning(length)) / length
    # A picture lasts 0.1 s, so a bin is 10 Hz wide: bars from 100 to 4000 Hz.
    edges = np.geomspace(10, 400, _N_BARS + 1).astype(int)
    power = np.add.reduceat(np.abs(spectrum) ** 2, edges[:-1], axis=1)
    return np.clip((10 * np.log10(power + 1e-9) + 85) / 60, 0, 1)


def _picture(i, levels):
    """The i-th picture; uint8 array, shape (height, width, 3)."""
    second, within = divmod(i, FRAMES_PER_S)
    hue = second * 0.618 % 1
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = 255 * np.array(colorsys.hsv_to_rgb(hue, 0.5, 0.45))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    is_ball = (x - WIDTH * (within + 0.5) / FRAMES_PER_S) ** 2 + (y - 20) ** 2 < 64
    bar_height = 1 + 80 * levels[x * _N_BARS // WIDTH]
    is_bar = (HEIGHT - y <= bar_height) & (x % (WIDTH // _N_BARS) > 1)
    picture[is_ball | is_bar] = 235
    return picture

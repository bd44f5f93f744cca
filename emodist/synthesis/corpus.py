"""The demo's corpus: labelled clips, unlabelled vlogs, and the truth about the vlogs."""

import csv
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import lfilter

from emodist import storage
from emodist.errors import ConfigError, OutputError
from emodist.synthesis.film import FRAMES_PER_S, write_film
from emodist.synthesis.prosody import EMOTIONS, Speaker
from emodist.synthesis.voice import SAMPLE_RATE, utterance

_README = """\
Synthetic speech, made by emodist (emodist.synthesis.write_corpus).

No person speaks here: a formant synthesizer babbles, with prosody that follows
a small table. The files exercise the mechanics of the pipeline. No claim about
the quality of features or models rests on them.

clips/LABEL/SPEAKER_LABEL_NN.wav   labelled clips, a folder per label
vlogs/CHANNEL/NAME.mp4             vlogs of other speakers, one speaker each
vlogs/channel_1/silent_film.mp4    a film without sound: it should be a failure
vlogs/timeline.csv                 what is spoken when in the vlogs

n_speakers={n_speakers} n_per_emotion={n_per_emotion} n_vlogs={n_vlogs} seed={seed}
"""
_VLOG_RATE = 44_100


def write_corpus(folder, n_speakers=6, n_per_emotion=4, n_vlogs=3, seed=0):
    """Write the demo's corpus; the same settings give the same samples.

    - `clips/LABEL/SPEAKER_LABEL_NN.wav`: clips of 2 to 3.5 s, 16 bit, 44.1 or 48 kHz,
      mono or stereo. A speaker keeps one recorder.
    - `vlogs/CHANNEL/NAME.mp4`: 40 to 60 s of one speaker who is in no clip, in emotional
      episodes of 6 to 10 s, with background noise.
    - `vlogs/channel_1/silent_film.mp4`: no audio stream.
    - `vlogs/timeline.csv`: `file` (relative to `vlogs`), `speaker`, `start_s`, `end_s`,
      `emotion`; the rows of a vlog follow each other without a gap.
    - `README.txt`: what this is, and the settings.

    A complete corpus of the same settings is left as it is, and one whose writing was
    interrupted is written again.

    Parameters
    ----------
    folder : str or path
        New, empty, or written by this function with the same settings.
    n_speakers, n_per_emotion, n_vlogs : int
        Speakers of clips, clips of each speaker and emotion, vlogs. More of one of
        them changes none of the files that were there with fewer.
    seed : int

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ConfigError
        If a number is negative.
    OutputError
        If the folder holds something else, or cannot be written.
    """
    settings = {
        "n_speakers": n_speakers,
        "n_per_emotion": n_per_emotion,
        "n_vlogs": n_vlogs,
        "seed": seed,
    }
    for name, value in settings.items():
        if value < 0:
            raise ConfigError(f"write_corpus needs {name} of 0 or more; got {value}")
    folder = Path(folder)
    # The README comes first and claims the folder, the timeline last and says that all is there.
    readme, timeline = folder / "README.txt", folder / "vlogs" / "timeline.csv"
    text = _README.format(**settings)
    if readme.exists() and readme.read_text() == text:
        if timeline.exists():
            return folder
    elif folder.exists() and any(folder.iterdir()):
        raise OutputError(
            f"write_corpus needs an empty folder, or its own with the same settings; "
            f"{folder} holds something else: choose another folder"
        )
    with storage.writing(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        readme.write_text(text)
        for i in range(n_speakers):
            _write_clips(folder / "clips", i, n_per_emotion, seed)
        rows = [row for i in range(n_vlogs) for row in _write_vlog(folder / "vlogs", i, seed)]
        silent = folder / "vlogs" / "channel_1" / "silent_film.mp4"
        silent.parent.mkdir(parents=True, exist_ok=True)
        write_film(silent, None, _VLOG_RATE)
        with timeline.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["file", "speaker", "start_s", "end_s", "emotion"])
            writer.writerows(rows)
    return folder


def _write_clips(folder, i, n_per_emotion, seed):
    """The clips of the i-th speaker."""
    rng = np.random.default_rng([seed, 0, i])
    speaker = Speaker.draw(f"s{i + 1:02d}", rng, is_low=i % 2 == 0)
    sample_rate = (48_000, 44_100)[i // 2 % 2]
    is_stereo = i % 3 == 1
    for label in EMOTIONS:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for n in range(n_per_emotion):
            rng = np.random.default_rng([seed, 1, i, list(EMOTIONS).index(label), n])
            clip = utterance(speaker, label, rng)
            clip += _room_noise(len(clip), rng.uniform(-68, -58), rng)
            clip = soxr.resample(clip, SAMPLE_RATE, sample_rate)
            if is_stereo:
                clip = np.outer(clip, rng.uniform(0.8, 1.0, size=2))
            path = folder / label / f"{speaker.name}_{label}_{n + 1:02d}.wav"
            soundfile.write(path, _to_int16(clip), sample_rate)


def _write_vlog(folder, i, seed):
    """The i-th vlog, one per channel and speaker; its rows of the timeline come back."""
    rng = np.random.default_rng([seed, 2, i])
    speaker = Speaker.draw(f"v{i + 1:02d}", rng, is_low=i % 2 == 1)
    path = folder / f"channel_{i + 1}" / f"vlog_{i + 1}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole pictures, so that picture and sound end together; six make 40 to 60 s.
    emotions = [*rng.permutation(list(EMOTIONS)).tolist()]
    emotions.append(emotions[rng.integers(0, 4)])
    frames = rng.integers(67, 100, size=len(emotions)) * FRAMES_PER_S // 10
    ends = np.cumsum(frames) / FRAMES_PER_S
    starts = ends - frames / FRAMES_PER_S
    pieces = []
    for emotion, duration_s in zip(emotions, frames / FRAMES_PER_S, strict=True):
        n_utterances = round(duration_s / 2.75)
        n_samples = round(duration_s * SAMPLE_RATE)
        sizes = [len(part) for part in np.array_split(np.empty(n_samples), n_utterances)]
        pieces += [utterance(speaker, emotion, rng, size / SAMPLE_RATE) for size in sizes]
    sound = np.concatenate(pieces)
    sound += _room_noise(len(sound), -54, rng)
    sound = np.clip(soxr.resample(sound, SAMPLE_RATE, _VLOG_RATE), -1, 1)
    write_film(path, sound, _VLOG_RATE)
    name = path.relative_to(folder).as_posix()
    return [
        (name, speaker.name, f"{start:.1f}", f"{end:.1f}", emotion)
        for start, end, emotion in zip(starts, ends, emotions, strict=True)
    ]


def _room_noise(n_samples, level_db, rng):
    """Noise that falls by 6 dB per octave above 200 Hz; float32, RMS at level_db re full scale."""
    pole = np.exp(-2 * np.pi * 200 / SAMPLE_RATE)
    noise = lfilter([1.0], [1.0, -pole], rng.normal(size=n_samples))
    return (noise * 10 ** (level_db / 20) / noise.std()).astype(np.float32)


def _to_int16(waveform):
    return np.clip(np.round(waveform * 32767), -32768, 32767).astype(np.int16)

import csv
import itertools
import subprocess
import sys

import av
import numpy as np
import pytest
import soundfile

from emodist.errors import ConfigError, OutputError
from emodist.synthesis import (
    EMOTIONS,
    SAMPLE_RATE,
    Speaker,
    utterance,
    write_corpus,
    write_film,
)

pytestmark = pytest.mark.slow

LOW = Speaker("low", base_pitch_hz=110.0)
HIGH = Speaker("high", base_pitch_hz=210.0, formant_factor=1.15)


def several(speaker, emotion, n=8):
    return [utterance(speaker, emotion, np.random.default_rng(i), 2.0) for i in range(n)]


def level_db(waveform):
    return 10 * np.log10(np.mean(waveform**2) + 1e-12)


def pitches_hz(waveform, length=960, hop=480):
    """The strongest autocorrelation lag from 60 to 500 Hz, in frames that have a clear one."""
    found = []
    lags = np.arange(SAMPLE_RATE // 500, SAMPLE_RATE // 60)
    for start in range(0, len(waveform) - length, hop):
        frame = waveform[start : start + length] * np.hanning(length)
        power = np.abs(np.fft.rfft(frame, 2 * length)) ** 2
        window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(length), 2 * length)) ** 2)
        correlation = np.fft.irfft(power)
        # The window's own autocorrelation would pull the peak to short lags.
        normal = correlation[lags] / max(correlation[0], 1e-9) / (window[lags] / window[0])
        if level_db(frame) > -50 and normal.max() > 0.8:
            # Two periods correlate nearly as well as one: take the first of the high peaks.
            first = lags[np.flatnonzero(normal > 0.93 * normal.max())]
            best = first[first < 1.2 * first[0]]
            found.append(SAMPLE_RATE / best[np.argmax(normal[best - lags[0]])])
    return np.array(found)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_an_utterance_is_finite_within_full_scale_and_silent_at_both_ends(emotion):
    loud = Speaker("loud", base_pitch_hz=200.0, level_db=40.0)
    for speaker in (LOW, HIGH, loud):
        waveform = utterance(speaker, emotion, np.random.default_rng(1))
        assert waveform.dtype == np.float32
        assert waveform.ndim == 1
        assert 2 * SAMPLE_RATE <= len(waveform) <= 3.5 * SAMPLE_RATE
        assert np.isfinite(waveform).all()
        assert 0.01 < np.abs(waveform).max() <= 1
        assert not waveform[:480].any()
        assert not waveform[-480:].any()


@pytest.mark.parametrize("duration_s", [1.0, 2.34567, 12.0])
def test_an_utterance_lasts_as_long_as_asked(duration_s):
    waveform = utterance(LOW, "sad", np.random.default_rng(0), duration_s)
    assert len(waveform) == round(duration_s * SAMPLE_RATE)


def test_the_same_generator_state_gives_the_same_samples_and_another_one_others():
    first, again, other = (
        utterance(LOW, "happy", np.random.default_rng(i), 2.0) for i in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("speaker", [LOW, HIGH], ids=["low", "high"])
def test_neutral_speech_has_the_pitch_of_its_speaker(speaker):
    measured = np.median(np.concatenate([pitches_hz(w) for w in several(speaker, "neutral")]))
    # A semitone: the mean of an utterance scatters by 0.6 semitones around the base pitch.
    assert measured == pytest.approx(speaker.base_pitch_hz, rel=0.06)


def test_happy_speech_is_higher_than_neutral_and_sad_speech_lower():
    happy, neutral, sad = (
        np.median(np.concatenate([pitches_hz(w) for w in several(LOW, emotion)]))
        for emotion in ("happy", "neutral", "sad")
    )
    assert happy > 1.1 * neutral
    assert sad < neutral


def test_angry_speech_is_louder_and_brighter_than_sad_speech():
    def above_1_khz_db(waveform):
        power = np.abs(np.fft.rfft(waveform)) ** 2
        edge = len(waveform) * 1000 // SAMPLE_RATE
        return 10 * np.log10(power[edge:].sum() / power.sum())

    angry, sad = several(HIGH, "angry"), several(HIGH, "sad")
    assert np.mean([level_db(w) for w in angry]) > np.mean([level_db(w) for w in sad]) + 6
    brightness = [np.mean([above_1_khz_db(w) for w in group]) for group in (angry, sad)]
    assert brightness[0] > brightness[1] + 3


def test_a_level_ten_decibels_higher_scales_the_same_samples():
    quiet = utterance(Speaker("a", 120.0), "neutral", np.random.default_rng(2), 2.0)
    loud = utterance(Speaker("a", 120.0, level_db=10.0), "neutral", np.random.default_rng(2), 2.0)
    np.testing.assert_allclose(loud, 10**0.5 * quiet, rtol=1e-4, atol=1e-7)


def test_speakers_drawn_one_after_another_differ_and_keep_to_their_register():
    rng = np.random.default_rng(0)
    low = [Speaker.draw("x", rng, is_low=True) for _ in range(20)]
    high = [Speaker.draw("x", rng, is_low=False) for _ in range(20)]
    assert len(set(low + high)) == 40
    assert max(s.base_pitch_hz for s in low) < min(s.base_pitch_hz for s in high)
    assert max(s.formant_factor for s in low) < min(s.formant_factor for s in high)


def test_the_same_words_from_two_speakers_have_different_spectra():
    low, high = (
        np.abs(np.fft.rfft(utterance(s, "neutral", np.random.default_rng(3), 2.0)))
        for s in (LOW, HIGH)
    )
    assert np.corrcoef(low, high)[0, 1] < 0.5


def test_an_unknown_emotion_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'bored'.*neutral, happy, sad, angry, fearful"):
        utterance(LOW, "bored", np.random.default_rng(0))


def test_less_than_a_second_is_refused():
    with pytest.raises(ConfigError, match=r"1 or more; got 0\.5"):
        utterance(LOW, "sad", np.random.default_rng(0), 0.5)


def test_importing_the_synthesis_loads_neither_ray_nor_tensorflow_nor_librosa():
    code = (
        "import sys, emodist.synthesis; print({'ray', 'tensorflow', 'librosa'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthesis") / "corpus"
    return write_corpus(folder, n_speakers=3, n_per_emotion=1, n_vlogs=1, seed=7)


@pytest.fixture(scope="module")
def timeline(corpus):
    with (corpus / "vlogs" / "timeline.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def wavs(folder):
    return {p.relative_to(folder): p for p in sorted(folder.glob("clips/*/*.wav"))}


def test_each_speaker_says_each_emotion_in_the_folder_of_its_label(corpus):
    expected = {f"{label}/s0{i}_{label}_01.wav" for label in EMOTIONS for i in (1, 2, 3)}
    assert {p.relative_to("clips").as_posix() for p in wavs(corpus)} == expected


def test_clips_are_16_bit_mono_and_stereo_at_rates_of_real_recorders(corpus):
    infos = [soundfile.info(p) for p in wavs(corpus).values()]
    assert {i.subtype for i in infos} == {"PCM_16"}
    assert {i.channels for i in infos} == {1, 2}
    assert {i.samplerate for i in infos} == {44_100, 48_000}
    assert all(2 <= i.duration <= 3.5 for i in infos)


def test_a_seed_fixes_every_sample_and_another_seed_changes_them(corpus, tmp_path):
    same = wavs(write_corpus(tmp_path / "same", n_speakers=1, n_per_emotion=2, n_vlogs=0, seed=7))
    other = wavs(write_corpus(tmp_path / "other", n_speakers=1, n_per_emotion=1, n_vlogs=0, seed=8))
    shared = wavs(corpus).keys() & same.keys()
    assert len(shared) == len(EMOTIONS)  # one speaker, whose second clips are new
    for name in shared:
        assert same[name].read_bytes() == (corpus / name).read_bytes()
        assert other[name].read_bytes() != (corpus / name).read_bytes()


def test_a_vlog_has_one_picture_and_one_sound_stream_as_long_as_its_timeline(corpus, timeline):
    end_s = float(timeline[-1]["end_s"])
    assert 40 <= end_s <= 60
    with av.open(str(corpus / "vlogs" / timeline[0]["file"])) as container:
        assert len(container.streams) == 2
        (video,), (audio,) = container.streams.video, container.streams.audio
        assert (video.width, video.height, video.average_rate) == (160, 120, 10)
        assert audio.rate == 44_100
        assert float(video.duration * video.time_base) == pytest.approx(end_s, abs=0.001)
        # AAC comes in blocks of 1024 samples.
        assert float(audio.duration * audio.time_base) == pytest.approx(end_s, abs=0.05)
        frames = sum(1 for _ in container.decode(video=0))
        assert frames == round(end_s * 10)


def test_the_timeline_covers_the_vlog_without_gaps_in_episodes_that_change(timeline):
    assert {row["speaker"] for row in timeline} == {"v01"}
    assert {row["emotion"] for row in timeline} == set(EMOTIONS)
    assert float(timeline[0]["start_s"]) == 0
    for row, following in itertools.pairwise(timeline):
        assert row["end_s"] == following["start_s"]
        assert row["emotion"] != following["emotion"]
    lengths = [float(row["end_s"]) - float(row["start_s"]) for row in timeline]
    assert min(lengths) >= 6
    assert max(lengths) <= 12


def test_an_angry_episode_is_louder_in_the_vlog_than_a_sad_one(corpus, timeline):
    with av.open(str(corpus / "vlogs" / timeline[0]["file"])) as container:
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    levels = {}
    for row in timeline:
        first, last = (int(float(row[key]) * 44_100) for key in ("start_s", "end_s"))
        levels[row["emotion"]] = level_db(sound[first:last])
    assert levels["angry"] > levels["sad"] + 3


def test_the_silent_film_has_pictures_and_no_sound_and_no_timeline(corpus, timeline):
    with av.open(str(corpus / "vlogs" / "channel_1" / "silent_film.mp4")) as container:
        assert len(container.streams.video) == 1
        assert len(container.streams.audio) == 0
        assert sum(1 for _ in container.decode(video=0)) == 50
    assert not any("silent" in row["file"] for row in timeline)


def test_the_readme_says_that_it_is_synthetic_and_supports_no_claim(corpus):
    text = (corpus / "README.txt").read_text()
    assert "Synthetic" in text
    assert "No claim" in text
    assert "seed=7" in text


def test_the_sound_in_a_film_is_where_the_waveform_had_it(tmp_path):
    sample_rate, path = 44_100, tmp_path / "beep.mp4"
    waveform = np.zeros(3 * sample_rate, np.float32)
    beep = slice(int(1.2 * sample_rate), int(1.4 * sample_rate))
    waveform[beep] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(beep.stop - beep.start) / sample_rate)
    write_film(path, waveform, sample_rate)
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    sound = np.concatenate([f.to_ndarray()[0] for f in frames])
    loud = np.flatnonzero(np.abs(sound) > 0.25) / sample_rate + frames[0].time
    assert loud[0] == pytest.approx(1.2, abs=0.005)
    assert loud[-1] == pytest.approx(1.4, abs=0.005)


def test_a_film_keeps_the_sound_of_a_last_started_second(tmp_path):
    write_film(tmp_path / "film.mp4", np.zeros(16_000 * 2 + 640, np.float32), 16_000)
    with av.open(str(tmp_path / "film.mp4")) as container:
        (video,), (audio,) = container.streams.video, container.streams.audio
        assert float(audio.duration * audio.time_base) >= 2.04
        assert float(video.duration * video.time_base) == pytest.approx(2.1)


def small(folder, **settings):
    return write_corpus(folder, **{"n_speakers": 1, "n_per_emotion": 1, "n_vlogs": 0} | settings)


def test_a_complete_corpus_is_left_alone_and_an_interrupted_one_completed(tmp_path):
    folder = small(tmp_path)
    clip = next(iter(wavs(folder).values()))
    clip.unlink()
    assert not clip.exists()
    small(tmp_path)
    assert not clip.exists()  # the timeline says that all was written
    (folder / "vlogs" / "timeline.csv").unlink()
    small(tmp_path)
    assert clip.exists()


def test_a_folder_of_other_settings_or_of_something_else_is_refused(tmp_path):
    small(tmp_path / "a")
    with pytest.raises(OutputError, match="choose another folder"):
        small(tmp_path / "a", seed=1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="something else"):
        small(tmp_path / "b")
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["thesis.txt"]


def test_a_negative_number_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match="n_speakers of 0 or more; got -1"):
        small(tmp_path / "c", n_speakers=-1)
    assert not (tmp_path / "c").exists()

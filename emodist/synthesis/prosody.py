"""Who speaks, and how: speakers, and what an emotion does to their prosody."""

from dataclasses import astuple, dataclass

import numpy as np


@dataclass(frozen=True)
class Prosody:
    """How an utterance is spoken, relative to the speaker's own neutral voice.

    Attributes
    ----------
    f0_st : float, semitones
        Mean pitch above the speaker's base pitch.
    accent_st : float, semitones
        Standard deviation of the pitch from syllable to syllable.
    contour_st : float, semitones
        Pitch at the end minus pitch at the start.
    level_db, level_sd_db : float, dB
        Level above the speaker's own, and its spread from syllable to syllable.
    tempo : float
        Syllable rate divided by the neutral one.
    tilt_db : float, dB per octave
        Change of the spectral slope; positive is brighter.
    jitter, shimmer : float
        Standard deviation of the period and of the pulse height, relative.
    openness : float
        Factor on the first formant.
    onset_s : float, seconds
        Time constant with which the voice sets in.
    """

    f0_st: float
    accent_st: float
    contour_st: float
    level_db: float
    level_sd_db: float
    tempo: float
    tilt_db: float
    jitter: float
    shimmer: float
    openness: float
    onset_s: float


# Directions: Juslin & Laukka, "Communication of emotions in vocal expression and music
# performance", Psychological Bulletin 129 (2003) 770-814, the summary table of cues.
# Sizes: chosen here, so that the classes overlap across speakers.
EMOTIONS = {
    #                   f0  accent contour level sd  tempo tilt jitter shimmer open  onset
    "neutral": Prosody(0.0, 1.8, -3.0, 0.0, 1.5, 1.00, 0.0, 0.006, 0.04, 1.00, 0.012),
    "happy": Prosody(3.5, 3.2, 0.0, 3.0, 2.5, 1.12, 0.8, 0.007, 0.05, 1.06, 0.009),
    "sad": Prosody(-1.5, 1.1, -4.0, -5.0, 1.2, 0.80, -1.8, 0.013, 0.07, 0.95, 0.020),
    "angry": Prosody(3.0, 2.8, -0.5, 6.0, 3.0, 1.15, 2.0, 0.012, 0.08, 1.08, 0.007),
    "fearful": Prosody(4.0, 1.3, 0.5, -2.0, 2.5, 1.20, -0.6, 0.016, 0.08, 0.98, 0.010),
}
# One standard deviation between utterances that mean the same.
_SPREAD = Prosody(0.6, 0.25, 1.0, 1.5, 0.25, 0.05, 0.4, 0.001, 0.008, 0.025, 0.001)


@dataclass(frozen=True)
class Speaker:
    """A voice.

    Attributes
    ----------
    name : str
    base_pitch_hz : float, Hz
        Mean pitch of neutral speech.
    formant_factor : float
        Formants relative to an average man's; a shorter vocal tract has a higher one.
    breathiness : float
        Aspiration noise relative to the glottal pulses, from 0 to about 0.3.
    tilt_db : float, dB per octave
        Spectral slope relative to the average speaker's; positive is brighter.
    tempo : float
        Syllable rate relative to the average speaker's.
    level_db : float, dB
        Level relative to the average speaker's: voice and distance to the microphone.
    expressiveness : float
        How far emotions move this voice; 1 moves it as the table of emotions says.
    """

    name: str
    base_pitch_hz: float
    formant_factor: float = 1.0
    breathiness: float = 0.08
    tilt_db: float = 0.0
    tempo: float = 1.0
    level_db: float = 0.0
    expressiveness: float = 1.0

    @classmethod
    def draw(cls, name, rng, is_low):
        """A random voice.

        Parameters
        ----------
        name : str
        rng : numpy.random.Generator
        is_low : bool
            A low pitch (95 to 140 Hz, else 170 to 230 Hz) and a long vocal tract.
        """
        return cls(
            name=name,
            base_pitch_hz=float(rng.uniform(95, 140) if is_low else rng.uniform(170, 230)),
            formant_factor=float(rng.uniform(0.96, 1.06) if is_low else rng.uniform(1.10, 1.20)),
            breathiness=float(rng.uniform(0.03, 0.2)),
            tilt_db=float(rng.uniform(-1, 1)),
            tempo=float(rng.uniform(0.88, 1.12)),
            level_db=float(rng.uniform(-3, 3)),
            expressiveness=float(rng.uniform(0.85, 1.15)),
        )


def act(speaker, emotion, rng):
    """The prosody of one utterance: on the way from neutral to the emotion, and a little off.

    Parameters
    ----------
    speaker : Speaker
    emotion : str
        A key of `EMOTIONS`.
    rng : numpy.random.Generator

    Returns
    -------
    Prosody
    """
    neutral, target, spread = (
        np.array(astuple(p)) for p in (EMOTIONS["neutral"], EMOTIONS[emotion], _SPREAD)
    )
    strength = np.clip(rng.normal(speaker.expressiveness, 0.2), 0.2, 1.3)
    # Clipped, because some fields must not become negative.
    deviation = spread * np.clip(rng.normal(size=len(spread)), -2, 2)
    return Prosody(*(neutral + strength * (target - neutral) + deviation).tolist())

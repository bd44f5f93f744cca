"""Waveform similarity overlap-add (WSOLA): another tempo, the same pitch.

Verhelst & Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high
quality time-scale modification of speech", ICASSP 1993. Pieces of the waveform are put down
closer together or further apart, each taken from where it continues the one before it best.
Voices keep their waveform, unlike in a phase vocoder, for a tenth of its time.
"""

import numpy as np

from emodist.compiled import REASSOCIATE, compiled

# Pieces are two hops long; the search reaches over the period of a voice of 50 Hz.
HOP_S = 0.02
TOLERANCE_S = 0.01


def stretch(waveform: np.ndarray, sample_rate: int, rate: float) -> np.ndarray:
    """The waveform at `rate` times its tempo.

    Parameters
    ----------
    waveform : float32 array, shape (n_samples,)
    sample_rate : int, Hz
    rate : float
        Above 1 is faster, and shorter.

    Returns
    -------
    float32 array, shape (max(1, round(n_samples / rate)),)
    """
    hop, tolerance = round(HOP_S * sample_rate), round(TOLERANCE_S * sample_rate)
    n_out = max(1, round(len(waveform) / rate))
    n_pieces = n_out // hop + 2
    # The first piece starts a hop before the sound; the last ones may reach beyond its end.
    before = hop + tolerance
    length = before + max(len(waveform), round(n_pieces * hop * rate)) + 4 * hop + 2 * tolerance
    padded = np.zeros(length, np.float32)
    padded[before : before + len(waveform)] = waveform
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    out = np.zeros((n_pieces + 1) * hop, np.float32)
    _overlap_add(padded, window, hop, tolerance, rate, out)
    return out[hop : hop + n_out]


@compiled(REASSOCIATE)
def _similarity(follows, candidate):
    """Of what would follow and of a candidate, whatever the candidate's level."""
    product, energy = np.float32(0), np.float32(0)
    for i in range(follows.size):
        product += follows[i] * candidate[i]
        energy += candidate[i] * candidate[i]
    return product / np.sqrt(energy + np.float32(1e-12))


@compiled(REASSOCIATE)
def _overlap_add(padded, window, hop, tolerance, rate, out):
    at = tolerance
    for piece in range(out.size // hop - 1):
        if piece > 0:
            # Slices, not sums of indices: only then the loop runs in vector lanes.
            follows = padded[at + hop : at + 2 * hop]
            ideal = tolerance + round(piece * hop * rate)
            at = ideal
            best = _similarity(follows, padded[at : at + hop])
            # Every second place, then the neighbours of the best one.
            for shift in range(-tolerance, tolerance + 1, 2):
                place = ideal + shift
                likeness = _similarity(follows, padded[place : place + hop])
                if likeness > best:
                    best, at = likeness, place
            middle = at
            for place in (middle - 1, middle + 1):
                if place >= 0:
                    likeness = _similarity(follows, padded[place : place + hop])
                    if likeness > best:
                        best, at = likeness, place
        out[piece * hop : (piece + 2) * hop] += window * padded[at : at + 2 * hop]

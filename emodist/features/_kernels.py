"""Inner loops over the spectrogram and over frames, compiled by numba.

Spectrograms are frame-major: float32, shape (n_frames, n_bins), each frame contiguous. Only
magnitudes are stored; a power is squared where it is needed, which is cheaper than reading it.
"""

import numpy as np

from emodist.compiled import FINITE, REASSOCIATE, compiled

AMIN = np.float32(1e-10)
TINY = np.float32(np.finfo(np.float32).tiny)

MEAN, STD, MIN, MAX, RANGE, SLOPE, PERCENTILE = range(7)


@compiled()
def fill_windowed(padded, window, first, hop_length, block):
    """Windowed frames `first`, `first + 1`, ... into the rows of `block`; past the end, zeros."""
    n_frames, n_fft = block.shape
    for row in range(n_frames):
        start = (first + row) * hop_length
        out = block[row]
        if start + n_fft > padded.size:
            out[:] = 0.0
            continue
        samples = padded[start : start + n_fft]
        for i in range(n_fft):
            out[i] = samples[i] * window[i]


@compiled(REASSOCIATE)
def mel_power(magnitude, starts, offsets, weights, out):
    """Filter the power spectrogram; out has shape (n_frames, n_filters)."""
    for row in range(magnitude.shape[0]):
        frame = magnitude[row]
        for band in range(starts.size):
            length = offsets[band + 1] - offsets[band]
            bins = frame[starts[band] : starts[band] + length]
            filters = weights[offsets[band] : offsets[band + 1]]
            total = np.float32(0)
            for i in range(length):
                total += bins[i] * bins[i] * filters[i]
            out[row, band] = total


@compiled(REASSOCIATE)
def squared_magnitude(spectra, out):
    """Power of the first spectra, as many as `out` has rows."""
    for row in range(out.shape[0]):
        for k in range(out.shape[1]):
            value = spectra[row, k]
            out[row, k] = value.real * value.real + value.imag * value.imag


@compiled(REASSOCIATE)
def filter_power(power, starts, offsets, weights, out):
    """As `mel_power`, of a spectrogram that holds powers."""
    for row in range(power.shape[0]):
        for band in range(starts.size):
            length = offsets[band + 1] - offsets[band]
            bins = power[row, starts[band] : starts[band] + length]
            filters = weights[offsets[band] : offsets[band + 1]]
            total = np.float32(0)
            for i in range(length):
                total += bins[i] * filters[i]
            out[row, band] = total


@compiled(REASSOCIATE)
def transform(frames, basis, out):
    """out[k, t] = sum over n of basis[k, n] * frames[t, n]."""
    for t in range(frames.shape[0]):
        frame = frames[t]
        for k in range(basis.shape[0]):
            total = np.float32(0)
            for n in range(frame.size):
                total += basis[k, n] * frame[n]
            out[k, t] = total


@compiled()
def correlate_rows(rows, taps, out):
    """Correlate each row with an odd number of taps; the ends repeat the nearest full result."""
    half = taps.size // 2
    n = rows.shape[1]
    for row in range(rows.shape[0]):
        x, y = rows[row], out[row]
        y[half : n - half] = 0
        for i in range(taps.size):
            for t in range(half, n - half):
                y[t] += taps[i] * x[t - half + i]
        y[:half] = y[half]
        y[n - half :] = y[n - half - 1]


@compiled(REASSOCIATE)
def moments(magnitude, out):
    """Sums of magnitude times bin ** 0, 1, 2; out has shape (3, n_frames), float64."""
    for row in range(magnitude.shape[0]):
        frame = magnitude[row]
        s0, s1, s2 = 0.0, 0.0, 0.0
        for k in range(frame.size):
            m = np.float64(frame[k])
            s0 += m
            s1 += m * k
            s2 += m * k * k
        out[0, row], out[1, row], out[2, row] = s0, s1, s2


@compiled()
def rolloff_bin(magnitude, roll_percent, out):
    """First bin where the running sum reaches its share of the total.

    The sums run in float32 from bin to bin, as numpy.cumsum does for librosa: near a tie the
    rounding decides. Eight frames at a time hide the latency of the additions.
    """
    n_frames, n_bins = magnitude.shape
    share = np.float32(roll_percent)
    sums = np.empty((n_bins, 8), np.float32)
    running = np.empty(8, np.float32)
    for first in range(0, n_frames, 8):
        n = min(8, n_frames - first)
        running[:] = 0
        for k in range(n_bins):
            for i in range(n):
                running[i] += magnitude[first + i, k]
                sums[k, i] = running[i]
        for i in range(n):
            threshold = share * running[i]
            low, high = 0, n_bins - 1
            while low < high:
                middle = (low + high) // 2
                if sums[middle, i] < threshold:
                    low = middle + 1
                else:
                    high = middle
            out[first + i] = low


@compiled(FINITE)
def flatness(magnitude, out):
    """Geometric over arithmetic mean of the power, each bin at least 1e-10."""
    n_bins = magnitude.shape[1]
    lanes = 64
    products = np.empty(lanes, np.float64)
    for row in range(magnitude.shape[0]):
        total, logs = 0.0, 0.0
        for first in range(0, n_bins, 8 * lanes):
            # One logarithm for the product of eight bins: powers lie within [1e-10, 1e20] (see
            # `Analysis`), so a product of eight is far from the ends of float64.
            products[:] = 1.0
            for start in range(first, min(first + 8 * lanes, n_bins), lanes):
                bins = magnitude[row, start : min(start + lanes, n_bins)]
                for i in range(bins.size):
                    power = np.float64(max(bins[i] * bins[i], AMIN))
                    total += power
                    products[i] *= power
            for i in range(min(lanes, n_bins - first)):
                logs += np.log(products[i])
        out[row] = np.exp(logs / n_bins) / (total / n_bins)


@compiled(REASSOCIATE)
def chroma(magnitude, filters, out):
    """Filtered power, each frame divided by its largest value; out (n_chroma, n_frames)."""
    n_chroma, n_bins = filters.shape
    power = np.empty(n_bins, np.float32)
    for row in range(magnitude.shape[0]):
        for k in range(n_bins):
            power[k] = magnitude[row, k] * magnitude[row, k]
        largest = np.float32(0)
        for c in range(n_chroma):
            total = np.float32(0)
            for k in range(n_bins):
                total += filters[c, k] * power[k]
            out[c, row] = total
            largest = max(largest, total)
        if largest >= TINY:
            for c in range(n_chroma):
                out[c, row] /= largest


@compiled(frozenset({"nnan"}))
def spectral_peaks(magnitude, low, high, hz_per_bin, pitches, heights):
    """Interpolated peaks of the power between two bins; how many there are.

    Follows the types of `librosa.piptrack` step by step, because the tuning estimate takes a
    median and a histogram of them: the last bit can move it.
    """
    n_bins = magnitude.shape[1]
    power = np.empty(n_bins, np.float32)
    n_chunks = (n_bins - 1) // 8  # and a last one of up to eight bins
    maxima = np.empty(n_chunks + 1, np.float32)
    n_peaks = 0
    for row in range(magnitude.shape[0]):
        frame = magnitude[row]
        for k in range(n_bins):
            power[k] = frame[k] * frame[k]
        for c in range(n_chunks):
            chunk = power[8 * c : 8 * c + 8]
            largest = chunk[0]
            for i in range(1, 8):
                largest = max(largest, chunk[i])
            maxima[c] = largest
        maxima[n_chunks] = power[8 * n_chunks :].max()
        threshold = np.float32(0.1) * maxima.max()
        # Few bins come near the maximum, so most chunks are passed over.
        for c in range(low // 8, n_chunks + 1):
            if maxima[c] <= threshold:
                continue
            for k in range(max(low, 8 * c), min(high, 8 * c + 8)):
                here = power[k]
                if here <= threshold or here <= power[k - 1] or here < power[k + 1]:
                    continue
                a = np.float64(power[k + 1] + power[k - 1]) - 2.0 * np.float64(here)
                difference = power[k + 1] - power[k - 1]
                b = np.float64(difference) / 2
                shift = np.float32(0)
                if abs(b) < abs(a):
                    shift = np.float32(-b / a)
                slope = difference / np.float32(2)
                pitches[n_peaks] = np.float32((k + np.float64(shift)) * hz_per_bin)
                heights[n_peaks] = here + np.float32(0.5) * slope * shift
                n_peaks += 1
    return n_peaks


@compiled()
def crossings(waveform, frame_length, hop_length, out):
    """Changes of sign inside each centred frame; |x| <= 1e-10 counts as positive."""
    limit = -AMIN
    counts = np.empty(waveform.size, np.int32)  # changes up to and including each sample
    total = 0
    counts[0] = 0
    for i in range(1, waveform.size):
        total += (waveform[i] < limit) != (waveform[i - 1] < limit)
        counts[i] = total
    last = waveform.size - 1
    for row in range(out.size):
        start = row * hop_length - frame_length // 2
        begin = min(max(start, 0), last)
        end = min(max(start + frame_length - 1, 0), last)
        out[row] = counts[end] - counts[begin]


@compiled(REASSOCIATE)
def energies(padded, frame_length, hop_length, out):
    """Sum of squares of each frame, float64."""
    # Blocks that tile the frames are summed once, and each frame adds up its blocks.
    block = hop_length if frame_length % hop_length == 0 else frame_length
    n_blocks = frame_length // block
    out[:] = 0.0
    for b in range(out.size + n_blocks - 1):
        x = padded[b * hop_length : b * hop_length + block]
        total = 0.0
        for i in range(block):
            total += np.float64(x[i]) * np.float64(x[i])
        for row in range(max(0, b - n_blocks + 1), min(b + 1, out.size)):
            out[row] += total


@compiled(REASSOCIATE)
def row_functionals(frames, ordered, times_s, codes, fractions, out):
    """See `_functionals.apply`; `ordered` holds the sorted rows where percentiles are asked for."""
    n = frames.shape[1]
    mean_time, spread_time = 0.0, 0.0
    for t in range(n):
        mean_time += times_s[t] / n
    for t in range(n):
        spread_time += (times_s[t] - mean_time) ** 2
    for row in range(frames.shape[0]):
        x = frames[row]
        low, high = x[0], x[0]
        mean, variance, slope = 0.0, 0.0, 0.0
        for t in range(n):
            mean += np.float64(x[t])
            low = min(low, x[t])
            high = max(high, x[t])
        # Rounding must not push a constant's mean off it, which would give it a deviation.
        mean = min(max(mean / n, np.float64(low)), np.float64(high))
        for t in range(n):
            deviation = np.float64(x[t]) - mean
            variance += deviation * deviation
            slope += deviation * (times_s[t] - mean_time)
        for i in range(codes.size):
            code = codes[i]
            if code == MEAN:
                value = mean
            elif code == STD:
                value = np.sqrt(variance / n)
            elif code == MIN:
                value = np.float64(low)
            elif code == MAX:
                value = np.float64(high)
            elif code == RANGE:
                value = np.float64(high) - np.float64(low)
            elif code == SLOPE:
                value = slope / spread_time if spread_time > 0 else 0.0
            else:
                position = fractions[i] * (n - 1)
                below = int(position)
                above = min(below + 1, n - 1)
                part = position - below
                value = (1 - part) * ordered[row, below] + part * ordered[row, above]
            out[row, i] = value

"""How true a steady tone stays: its pitch in cents and what is left beside the tone."""

import numpy as np

SEGMENTS = 16


def measure(y, sr, expected_hz):
    """Cents from the expected frequency, and the tone's level over all else in dB, both of the middle half."""
    y = middle(np.asarray(y, np.float64))
    hz = refined(y, sr, strongest(y, sr))
    return 1200 * np.log2(hz / expected_hz), snr(y, sr, hz)


def middle(y):
    return y[y.size // 4 : y.size - y.size // 4]


def strongest(y, sr):
    """The peak of the spectrum, a parabola laid through its level and its neighbours'."""
    size = 4 * 2 ** int(np.ceil(np.log2(y.size)))
    spectrum = np.abs(np.fft.rfft(y * blackman_harris(y.size), size))
    peak = int(np.clip(spectrum.argmax(), 1, spectrum.size - 2))
    low, top, high = np.log(spectrum[peak - 1 : peak + 2] + 1e-30)
    bend = low - 2 * top + high
    return (peak + (0.5 * (low - high) / bend if bend else 0.0)) * sr / size


def refined(y, sr, hz):
    """The frequency from the slope of the phase, measured in windows that overlap by half."""
    size = 2 * y.size // (SEGMENTS + 1)
    starts = np.arange(SEGMENTS) * size // 2
    at = starts[:, None] + np.arange(size)
    turned = y[at] * np.exp(-2j * np.pi * hz * at / sr) * blackman_harris(size)
    phase = np.unwrap(np.angle(turned.sum(axis=1)))
    slope = np.polyfit(starts / sr, phase, 1)[0]
    return hz + slope / (2 * np.pi)


def snr(y, sr, hz):
    angle = 2 * np.pi * hz * np.arange(y.size) / sr
    basis = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    fit = basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
    return 10 * np.log10((fit @ fit) / max(np.sum((y - fit) ** 2), 1e-30))


def blackman_harris(size):
    angle = 2 * np.pi * np.arange(size) / size
    weights = (0.35875, -0.48829, 0.14128, -0.01168)
    return sum(a * np.cos(k * angle) for k, a in enumerate(weights))

"""How far a sound is from what it should be, to an ear or a network that reads spectra."""

import numpy as np

N_FFT, HOP, MELS = 2048, 512, 128
FLOOR_DB = 60.0
DELAY = 0.040
"""A constant delay is no fault here: the best one up to this, in seconds, is taken."""
STEPS = [0.004, 0.0005, 0.0001]
"""Of the search for it, each around what the one before found: far below the window's length, over
which spectra change little."""
SEARCH_HOP = 8 * HOP


def distance(y, exact, sr):
    """Spectral convergence in dB and the mean difference of log-mel spectra in dB, 60 dB below the
    exact one's peak being silence to both."""
    late = best_delay(y, exact, sr)
    wanted, got = magnitudes(exact), magnitudes(delayed(y, late, len(exact)))
    convergence = 20 * np.log10(np.linalg.norm(wanted - got) / np.linalg.norm(wanted) + 1e-12)
    bank = mel_filters(sr)
    wanted, got = wanted**2 @ bank, got**2 @ bank
    floor = wanted.max() * 10 ** (-FLOOR_DB / 10)
    mel = np.abs(10 * np.log10(np.maximum(wanted, floor) / np.maximum(got, floor))).mean()
    return float(convergence), float(mel)


def best_delay(y, exact, sr):
    """In samples, positive where `y` comes late; judged by every eighth frame."""
    wanted = magnitudes(exact, SEARCH_HOP)
    center, reach = 0, DELAY
    for step in STEPS:
        tries = np.unique(center + np.round(np.arange(-reach, reach + step / 2, step) * sr).astype(int))
        errors = [np.linalg.norm(wanted - magnitudes(delayed(y, d, len(exact)), SEARCH_HOP)) for d in tries]
        center, reach = int(tries[np.argmin(errors)]), step
    return center


def delayed(y, delay, length):
    """`length` samples of `y` from `delay` on, zeros where it has none."""
    out = np.zeros(length)
    part = y[max(0, delay) : max(0, delay + length)]
    start = max(0, -delay)
    out[start : start + len(part)] = part[: length - start]
    return out


def magnitudes(y, hop=HOP):
    frames = np.lib.stride_tricks.sliding_window_view(y, N_FFT)[::hop]
    window = np.hanning(N_FFT + 1)[:-1]
    return np.abs(np.fft.rfft(frames * window, axis=1))


def mel_filters(sr):
    """Slaney's triangles of equal area, as librosa has them; (bins, mels)."""
    edges = hz(np.linspace(0, mel(sr / 2), MELS + 2))
    bins = np.fft.rfftfreq(N_FFT, 1 / sr)[:, None]
    up = (bins - edges[:-2]) / np.diff(edges[:-1])
    down = (edges[2:] - bins) / np.diff(edges[1:])
    return np.maximum(0, np.minimum(up, down)) * 2 / (edges[2:] - edges[:-2])


LINEAR, LOGARITHMIC = 200 / 3, np.log(6.4) / 27
"""Hz to a mel below 1000 Hz (15 mel), and the growth of each mel above."""


def mel(hertz):
    return hertz / LINEAR if hertz < 1000 else 15 + np.log(hertz / 1000) / LOGARITHMIC


def hz(mels):
    return np.where(mels < 15, mels * LINEAR, 1000 * np.exp(LOGARITHMIC * (np.maximum(mels, 15) - 15)))

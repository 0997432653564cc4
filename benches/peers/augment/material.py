"""The sounds that are stretched and shifted, and what exactly has to come of them.

A tone, a glide and clicks can be made as they are after a change: nothing has to be
aligned or guessed. All are float32, within ±1 and the same in every run.
"""

import numpy as np

TONES = [110.0, 220.0, 440.0, 987.77, 1975.5, 4186.0]
TONE_SECONDS, SECONDS = 4.0, 8.0
CLICK_EVERY, CLICK_SECONDS, CLICK_DECAY = 0.5, 0.004, 0.0008
GLIDE_FROM, GLIDE_TO, HARMONICS = 110.0, 440.0, 12


def tone(hz, sr):
    return (0.5 * np.sin(2 * np.pi * hz * times(TONE_SECONDS * sr, sr))).astype(np.float32)


def glide(sr, change=None):
    """Twelve harmonics that rise by two octaves, each semitone in the same time; as it is after the change."""
    count, rate, pitch = shape(sr, change)
    growth = np.log(GLIDE_TO / GLIDE_FROM) / SECONDS * rate
    phase = 2 * np.pi * GLIDE_FROM * pitch * np.expm1(growth * times(count, sr)) / growth
    y = sum(np.sin(k * phase) / k for k in range(1, HARMONICS + 1))
    return (0.2 * y).astype(np.float32)


def clicks(sr, change=None):
    """The same burst of noise of 4 ms at all `click_times`. It stays what it is: a stretch only moves it."""
    count, rate, _ = shape(sr, change)
    length = round(CLICK_SECONDS * sr)
    burst = np.random.default_rng(7).standard_normal(length) * np.exp(-times(length, sr) / CLICK_DECAY)
    burst *= 0.7 / np.abs(burst).max()
    y = np.zeros(count, np.float32)
    for at in click_times() / rate:
        start = round(at * sr)
        y[start : start + length] = burst
    return y


def click_times():
    """In seconds, before any change."""
    return np.arange(CLICK_EVERY, SECONDS, CLICK_EVERY)


def mix(sr, change=None):
    return glide(sr, change) + np.float32(0.75) * clicks(sr, change)


def shape(sr, change):
    count = round(SECONDS * sr)
    return (count, 1.0, 1.0) if change is None else (change.length(count), change.rate, change.pitch)


def times(count, sr):
    return np.arange(round(count)) / sr

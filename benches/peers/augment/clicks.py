"""How sharp clicks stay, and how true to their time."""

from dataclasses import dataclass

import numpy as np

from . import material

AROUND = 0.060
"""Seconds before and after a click that count as its own."""
BEFORE = 0.003
"""What comes earlier than this before the peak is an echo ahead of it."""
SILENCE = 1e-12
"""Keeps the level of no echo at all finite."""


@dataclass(frozen=True)
class Clicks:
    """Means over the clicks; the jitter is the deviation of their offsets."""

    width_ms: float
    offset_ms: float
    jitter_ms: float
    pre_echo_db: float


def measure(y, sr, change):
    """The width holds the energy's share from 5 to 95 %; the offset is that of half the energy from where
    half of the click's own lies, at its own time."""
    own = median_times(material.clicks(sr), sr, material.click_times())
    ideal = material.click_times() / change.rate
    parts = [part(y, sr, at) for at in ideal]
    offsets = 1000 * (median_times(y, sr, ideal) - own)
    widths = [1000 * (moment(p, 0.95) - moment(p, 0.05)) / sr for p in parts]
    return Clicks(
        width_ms=float(np.mean(widths)),
        offset_ms=float(offsets.mean()),
        jitter_ms=float(offsets.std()),
        pre_echo_db=float(np.mean([pre_echo(p, sr) for p in parts])),
    )


def part(y, sr, at):
    """The samples around a time, zeros where the sound has none; the time itself is in the middle."""
    half, middle = round(AROUND * sr), round(at * sr)
    y = np.pad(np.asarray(y, np.float64), (half, max(0, middle + half - len(y))))
    return y[middle : middle + 2 * half]


def median_times(y, sr, at):
    """When half the energy of each click has passed, in seconds after the click's time."""
    half, exact = round(AROUND * sr), np.round(at * sr) / sr - at
    return np.array([(moment(part(y, sr, t), 0.5) - half) / sr for t in at]) + exact


def moment(part, share):
    """The place in samples by which a share of the energy has passed."""
    energy = np.concatenate([[0.0], np.cumsum(part**2)])
    return np.interp(share * energy[-1], energy, np.arange(energy.size))


def pre_echo(part, sr):
    peak = int(np.abs(part).argmax())
    early = np.sum(part[: max(0, peak - round(BEFORE * sr))] ** 2)
    return 10 * np.log10((early + SILENCE) / (np.sum(part**2) + SILENCE))

"""audiomentations, for the suite `augment`."""

import sys
from importlib.metadata import version

from sounds import builder, missing, serve

try:
    import audiomentations as its
except ImportError as error:
    missing(error)
    sys.exit()


def fixed(transform, **names):
    """A transform whose parameter `min_x`, `max_x` is our setting `names["x"]`, a number; others stay."""

    def of(sr, **settings):
        ranges = {f"{end}_{x}": settings[ours] for x, ours in names.items() for end in ("min", "max")}
        change = transform(p=1.0, **ranges)
        return lambda y: change(y, sample_rate=sr)

    return of


def time_stretch(sr, rate):
    change = its.TimeStretch(min_rate=rate, max_rate=rate, leave_length_unchanged=False, p=1.0)
    return lambda y: change(y, sample_rate=sr)


def equaliser(sr, gain_db):
    largest = max(map(abs, gain_db))
    change = its.SevenBandParametricEQ(-largest, largest, p=1.0)
    return lambda y: change(y, sample_rate=sr)


TRANSFORMS = {
    "time-stretch": time_stretch,
    "pitch-shift": fixed(its.PitchShift, semitones="semitones"),
    "gaussian-noise": fixed(its.AddGaussianNoise, amplitude="amplitude"),
    "color-noise": fixed(its.AddColorNoise, snr_db="snr_db", f_decay="f_decay"),
    "air-absorption": fixed(its.AirAbsorption, temperature="temperature", humidity="humidity", distance="distance"),
    "low-pass": fixed(its.LowPassFilter, cutoff_freq="cutoff_freq", rolloff="rolloff"),
    "seven-band-parametric-eq": equaliser,
    "limiter": fixed(its.Limiter, threshold_db="threshold_db", attack="attack", release="release"),
    "loudness-normalization": fixed(its.LoudnessNormalization, lufs="lufs"),
    "resample-jitter": fixed(its.Resample, sample_rate="sample_rate"),
    "aliasing": fixed(its.Aliasing, sample_rate="sample_rate"),
    "clipping-distortion": fixed(its.ClippingDistortion, percentile_threshold="percentile_threshold"),
    "tanh-distortion": fixed(its.TanhDistortion, distortion="distortion"),
    "bit-crush": fixed(its.BitCrush, bit_depth="bit_depth"),
}

serve(f"audiomentations {version('audiomentations')}", builder(TRANSFORMS))

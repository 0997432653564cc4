"""librosa, for the suite `features`."""

import sys

import numpy as np
from samples import feature, missing, path, samples, serve

try:
    import librosa
except ImportError as error:
    missing(error)
    sys.exit()

SR = 22050


def log_mel(y):
    return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR))


def curve(frames, count):
    marks = np.zeros(count, np.float32)
    marks[frames] = 1
    return marks


def five_channel(y, n_mfcc):
    """With one mel spectrogram for all that is made of it."""
    mel = log_mel(y)
    mfcc = librosa.feature.mfcc(S=mel, n_mfcc=n_mfcc)
    onset = librosa.onset.onset_strength(S=mel, sr=SR, aggregate=np.median)
    beats = librosa.beat.beat_track(onset_envelope=onset, sr=SR)[1]
    between = librosa.util.sync(mfcc, beats)
    chroma = librosa.feature.chroma_stft(y=y, sr=SR)
    frames = mfcc.shape[1]
    return np.stack(
        [
            mfcc,
            librosa.feature.delta(mfcc),
            librosa.feature.delta(mfcc, order=2),
            resize(between, n_mfcc, frames),
            resize(chroma, n_mfcc, frames),
        ]
    )


def resize(values, rows, columns):
    """Bilinear, with the pixels' centres where OpenCV's and scikit-image's `resize` have them."""

    def weights(size, new):
        at = np.clip((np.arange(new) + 0.5) * size / new - 0.5, 0, size - 1)
        low = np.minimum(at.astype(int), max(size - 2, 0))
        return low, np.minimum(low + 1, size - 1), (at - low).astype(np.float32)

    low, high, share = weights(values.shape[0], rows)
    values = values[low] * (1 - share)[:, None] + values[high] * share[:, None]
    low, high, share = weights(values.shape[1], columns)
    return values[:, low] * (1 - share) + values[:, high] * share


FEATURES = {
    "log-mel": log_mel,
    "mfcc": lambda y, n_mfcc: librosa.feature.mfcc(y=y, sr=SR, n_mfcc=n_mfcc),
    "chroma-stft": lambda y: librosa.feature.chroma_stft(y=y, sr=SR),
    "chroma-cqt": lambda y: librosa.feature.chroma_cqt(y=y, sr=SR),
    "cqt": lambda y: np.abs(librosa.cqt(y, sr=SR)),
    "beat": lambda y: curve(librosa.beat.beat_track(y=y, sr=SR)[1], 1 + y.size // 512),
    "tempogram": lambda y: librosa.feature.tempogram(y=y, sr=SR),
    "five-channel": lambda y, n_mfcc=40: five_channel(y, n_mfcc),
    "spectral-centroid": lambda y: librosa.feature.spectral_centroid(y=y, sr=SR),
    "spectral-contrast": lambda y: librosa.feature.spectral_contrast(y=y, sr=SR),
    "spectral-flatness": lambda y: librosa.feature.spectral_flatness(y=y),
}


def build(spec):
    match spec["op"]:
        case "feature":
            compute, y, settings = feature(spec, FEATURES), samples(spec), spec["settings"]
            return lambda: compute(y, **settings)
        case "stft":
            y = samples(spec)
            return lambda: librosa.stft(y, n_fft=spec["n_fft"], hop_length=spec["hop_length"])
        case "hpss":
            y = samples(spec)
            return lambda: np.stack(librosa.effects.hpss(y))
        case "resample":
            y = samples(spec)
            return lambda: librosa.resample(y, orig_sr=spec["from"], target_sr=spec["to"])
        case "load":
            return lambda: librosa.load(path(spec), sr=spec["rate"])[0]
        case other:
            raise ValueError(f"no op {other!r} here")


serve(f"librosa {librosa.__version__}", build)

"""essentia, for the suite `features`: its algorithms frame by frame, made before."""

import sys
from importlib.metadata import version

import numpy as np
from samples import missing, path, samples, serve

try:
    import essentia
    import essentia.standard as es
except ImportError as error:
    missing(error)
    sys.exit()

essentia.log.infoActive = False
SR = 22050
N_FFT, HOP = 2048, 512
BANDS = {
    "sampleRate": SR,
    "numberBands": 128,
    "highFrequencyBound": SR / 2,
    "warpingFormula": "slaneyMel",
    "weighting": "linear",
    "normalize": "unit_sum",
    "type": "power",
}


def frames(y):
    return es.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP, startFromZero=False)


def spectra():
    window = es.Windowing(type="hann", normalized=False, zeroPhase=False)
    spectrum = es.Spectrum(size=N_FFT)
    return lambda y: (spectrum(window(frame)) for frame in frames(y))


def log_mel():
    each, bands = spectra(), es.MelBands(inputSize=N_FFT // 2 + 1, **BANDS)

    def compute(y):
        mel = np.array([bands(spectrum) for spectrum in each(y)]).T
        levels = 10 * np.log10(np.maximum(mel, 1e-10))
        return np.maximum(levels, levels.max() - 80)

    return compute


def mfcc(n_mfcc):
    each = spectra()
    coefficients = es.MFCC(inputSize=N_FFT // 2 + 1, numberCoefficients=n_mfcc, logType="dbpow", **BANDS)
    return lambda y: np.array([coefficients(spectrum)[1] for spectrum in each(y)]).T


def chroma():
    each = spectra()
    peaks = es.SpectralPeaks(sampleRate=SR, minFrequency=40, magnitudeThreshold=1e-5)
    classes = es.HPCP(sampleRate=SR)
    return lambda y: np.array([classes(*peaks(spectrum)) for spectrum in each(y)]).T


def beat():
    up = es.Resample(inputSampleRate=SR, outputSampleRate=44100)
    track = es.RhythmExtractor2013(method="degara")
    sound = None

    def compute(y):
        nonlocal sound
        if sound is None:
            sound = up(y)  # In the first iteration, which is not timed.
        return track(sound)[1]

    return compute


FEATURES = {"log-mel": log_mel, "mfcc": mfcc, "chroma-stft": chroma, "beat": beat}


def build(spec):
    match spec["op"]:
        case "feature":
            if spec["name"] not in FEATURES:
                raise ValueError(f"no feature {spec['name']!r} here")
            compute, y = FEATURES[spec["name"]](**spec["settings"]), samples(spec)
            return lambda: compute(y)
        case "resample":
            y = samples(spec)
            resample = es.Resample(inputSampleRate=spec["from"], outputSampleRate=spec["to"])
            return lambda: resample(y)
        case "load":
            return lambda: es.MonoLoader(filename=path(spec), sampleRate=spec["rate"])()
        case other:
            raise ValueError(f"no op {other!r} here")


serve(f"essentia {version('essentia')}", build)

"""audioflux, for the suite `features`; its objects are made before."""

import sys

import numpy as np
from samples import missing, samples, serve

try:
    import audioflux as af
    from audioflux.spectrogram import Spectrogram
    from audioflux.type import (
        ResampleQualityType,
        SpectralDataType,
        SpectralFilterBankNormalType,
        SpectralFilterBankScaleType,
        SpectralFilterBankType,
        WaveletContinueType,
        WindowType,
    )
except (ImportError, OSError) as error:
    missing(error)
    sys.exit()

SR = 22050
FRAMES = {"radix2_exp": 11, "slide_length": 512, "window_type": WindowType.HANN}
LARGEST = 1 << 16
"""Samples that a wavelet transform takes; more end the process."""


def bands():
    return af.BFT(
        num=128,
        samplate=SR,
        low_fre=0.0,
        high_fre=SR / 2,
        scale_type=SpectralFilterBankScaleType.MEL,
        normal_type=SpectralFilterBankNormalType.AREA,
        data_type=SpectralDataType.POWER,
        **FRAMES,
    )


def log_mel():
    mel = bands()

    def compute(y):
        levels = 10 * np.log10(np.maximum(mel.bft(y, result_type=1), 1e-10))
        return np.maximum(levels, levels.max() - 80)

    return compute


def mfcc(n_mfcc):
    mel, cepstrum = bands(), af.XXCC(num=128)

    def compute(y):
        spectrum = mel.bft(y, result_type=1)
        cepstrum.set_time_length(spectrum.shape[-1])
        return cepstrum.xxcc(spectrum, cc_num=n_mfcc)

    return compute


def chroma_stft():
    transform = Spectrogram(
        num=12, samplate=SR, low_fre=0.0, high_fre=SR / 2, filter_bank_type=SpectralFilterBankType.CHROMA, **FRAMES
    )
    return transform.spectrogram


def constant_q():
    return af.CQT(num=84, samplate=SR, slide_length=512)


def cqt():
    transform = constant_q()
    return lambda y: np.abs(transform.cqt(y))


def chroma_cqt():
    transform = constant_q()
    return lambda y: transform.chroma(transform.cqt(y), data_type=SpectralDataType.POWER)


FEATURES = {"log-mel": log_mel, "mfcc": mfcc, "chroma-stft": chroma_stft, "cqt": cqt, "chroma-cqt": chroma_cqt}


def build(spec):
    y = samples(spec)
    match spec["op"]:
        case "feature":
            if spec["name"] not in FEATURES:
                raise ValueError(f"no feature {spec['name']!r} here")
            compute = FEATURES[spec["name"]](**spec["settings"])
            return lambda: compute(y)
        case "stft":
            options = FRAMES | {"radix2_exp": spec["n_fft"].bit_length() - 1, "slide_length": spec["hop_length"]}
            transform = af.STFT(**options)
            return lambda: transform.stft(y)
        case "cwt":
            y = y[: 1 << (y.size.bit_length() - 1)]
            if y.size > LARGEST:
                raise ValueError(f"takes no more than {LARGEST} samples")
            transform = af.CWT(
                num=spec["n_bins"],
                radix2_exp=y.size.bit_length() - 1,
                samplate=SR,
                low_fre=spec["fmin"],
                bin_per_octave=spec["bins_per_octave"],
                wavelet_type=WaveletContinueType.MORLET,
                is_padding=False,
            )
            return lambda: transform.cwt(y)
        case "resample":
            transform = af.Resample(ResampleQualityType.BEST)
            transform.set_samplate(spec["from"], spec["to"])
            return lambda: transform.resample(y)
        case other:
            raise ValueError(f"no op {other!r} here")


serve(f"audioflux {af.__version__}", build)

"""PyWavelets, for the suite `features`: by FFT, which is its faster way."""

import sys
from importlib.metadata import version

import numpy as np
from samples import missing, serve
from wavelets import SR, build_with

try:
    import pywt
except ImportError as error:
    missing(error)
    sys.exit()


def transform(y, frequencies):
    # exp(-t²/B) · exp(2πiCt), with B = 2 and C = w0 / 2π.
    centre = 6 / (2 * np.pi)
    scales = centre * SR / frequencies
    return lambda: pywt.cwt(y, scales, f"cmor2.0-{centre:.12f}", method="fft")[0]


serve(f"PyWavelets {version('PyWavelets')}", build_with(transform))

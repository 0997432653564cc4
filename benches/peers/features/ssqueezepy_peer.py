"""ssqueezepy, for the suite `features`."""

import os
import sys

import numpy as np
from samples import missing, serve
from wavelets import SR, build_with

os.environ["SSQ_PARALLEL"] = str(int(os.environ.get("OMP_NUM_THREADS", "1") != "1"))

try:
    import ssqueezepy
except ImportError as error:
    missing(error)
    sys.exit()


def transform(y, frequencies):
    scales = (6 * SR / (2 * np.pi * frequencies[::-1])).astype(np.float32)  # Ascending, as it wants them.
    wavelet = ssqueezepy.Wavelet(("morlet", {"mu": 6.0}), dtype="float32")
    return lambda: ssqueezepy.cwt(y, wavelet, scales=scales, fs=SR, astensor=False)[0][::-1]


serve(f"ssqueezepy {ssqueezepy.__version__}", build_with(transform))

"""What the workers of the wavelet libraries share."""

import numpy as np
from samples import samples

SR = 22050
SCALOGRAM = {"fmin": 32.703195662574829, "n_bins": 84, "bins_per_octave": 12}
HOP = 512


def build_with(transform):
    """Rows by `transform(y, frequencies)`, which gives back the function that transforms."""

    def build(spec):
        y = samples(spec)
        if spec["op"] == "cwt":
            return transform(y, frequencies(spec))
        if spec["op"] == "feature" and spec["name"] == "scalogram":
            full = transform(y, frequencies(SCALOGRAM))
            return lambda: decibels(full())
        raise ValueError("only wavelet transforms here")

    return build


def frequencies(spec):
    return spec["fmin"] * 2 ** (np.arange(spec["n_bins"]) / spec["bins_per_octave"])


def decibels(values):
    levels = 10 * np.log10(np.maximum(np.abs(values[:, ::HOP]) ** 2, 1e-10))
    return np.maximum(levels, levels.max() - 80)

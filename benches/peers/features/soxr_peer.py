"""soxr at its preset HQ, for the suite `features`."""

import sys

from samples import missing, samples, serve

try:
    import soxr
except ImportError as error:
    missing(error)
    sys.exit()


def build(spec):
    if spec["op"] != "resample":
        raise ValueError("only resample here")
    y = samples(spec)
    return lambda: soxr.resample(y, spec["from"], spec["to"], quality="HQ")


serve(f"soxr {soxr.__version__}", build)

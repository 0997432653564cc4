"""What the workers of the suite `features` share."""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))

from serving import missing, serve  # noqa: E402, F401


def samples(spec):
    """The sound of a row: a file of nothing but f32."""
    return np.fromfile(path(spec), "<f4")


def path(spec):
    return str(Path(spec["folder"]) / spec["sound"])


def feature(spec, features):
    """The function in a table of features that a row of the op `feature` names, with its settings."""
    if spec["name"] not in features:
        raise ValueError(f"no feature {spec['name']!r} here")
    return features[spec["name"]]

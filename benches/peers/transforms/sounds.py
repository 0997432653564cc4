"""What the workers of the suite `augment` share."""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))

from serving import missing, serve  # noqa: E402, F401


def builder(transforms):
    """What `serve` builds with: a table of functions of a rate and the settings, each of which makes the
    transform of a sound."""

    def build(spec):
        if spec["name"] not in transforms:
            raise ValueError(f"no transform {spec['name']!r} here")
        y = np.fromfile(Path(spec["folder"]) / spec["sound"], "<f4")
        change = transforms[spec["name"]](spec["rate"], **spec["settings"])
        return lambda: change(y)

    return build

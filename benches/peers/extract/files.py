"""What the programs of the suite `extract` share: how they are called and where they write."""

import json
import sys
from pathlib import Path

import numpy as np

SR = 22050


def main(name, run):
    """Says who this is, or calls `run(paths, out, workers)`."""
    if sys.argv[1:] == ["--hello"]:
        print(json.dumps({"name": name}))
        return
    source, out, workers = sys.argv[1:]
    run(sorted(Path(source).iterdir()), Path(out), int(workers))


def missing(error):
    print(json.dumps({"missing": str(error)}))


def save(out, path, values):
    np.save(out / f"{path.stem}.npy", values)

"""The suites: each file in this folder is one, and has it as `SUITE`."""

import importlib
from pathlib import Path


def names():
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def load(name):
    if name not in names():
        raise LookupError(f"unknown suite {name!r}; there is: {', '.join(names())}")
    return importlib.import_module(f"comparison.suites.{name}").SUITE

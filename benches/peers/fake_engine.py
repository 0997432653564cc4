"""A worker that only spends a millisecond, to try compare.py with `--ours`, building nothing."""

import time

from serving import serve


def build(spec):
    return spend


def spend():
    end = time.process_time() + 0.001
    while time.process_time() < end:
        pass
    return [1.0]


serve("fake", build)

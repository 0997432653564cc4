"""Stands in for our worker in the tests of augment_quality.py: it repeats or leaves out samples, with the
protocol of augment/commands.py, and takes no time worth naming."""

import sys

import numpy as np

timed, arguments = sys.argv[1] == "time", sys.argv[1:]
kind, value, rate = arguments[timed : timed + 3]
if kind not in ("stretch", "shift"):
    sys.exit(f"no change {kind!r}")
y = np.frombuffer(sys.stdin.buffer.read(), "<f4")
if timed:
    sys.stderr.write("0.5\n" * int(arguments[4]))
else:
    count = round(y.size / float(value)) if kind == "stretch" else y.size
    out = y[np.arange(count) * y.size // count]
    sys.stdout.buffer.write(out.tobytes())

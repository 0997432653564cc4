"""The worker's side of the protocol of comparison/worker.py, for workers in Python."""

import json
import sys
import time


def serve(name, build):
    """Answers requests until the input ends; `build(spec)` gives a function that runs one iteration
    and gives back what it computed."""
    answers, sys.stdout = sys.stdout, sys.stderr  # A library that prints must not answer for us.
    say = lambda message: print(json.dumps(message), file=answers, flush=True)
    say({"name": name})
    built, iteration, before = None, None, None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["id"] != built:
                iteration = None  # Freed before the next is built.
                before = peak_mb()
                iteration, built = build(request["spec"]), request["id"]
            for _ in range(request["warm_up"]):
                iteration()
            times = [timed(iteration) for _ in range(request["repeats"])]
            shape = request["values"] and write(iteration(), request["values"])
        except Exception as error:
            built = None
            say({"error": f"{type(error).__name__}: {error}"})
            continue
        now = peak_mb()
        cpu_ms, wall_ms = [cpu for cpu, _ in times], [wall for _, wall in times]
        risen = None if now is None else now - before
        say({"cpu_ms": cpu_ms, "wall_ms": wall_ms, "peak_mb": risen, "shape": shape})


def write(result, path):
    """Writes what an iteration computed; its shape."""
    import numpy as np  # Who writes no arrays does without it.

    values = np.ascontiguousarray(result)
    if np.iscomplexobj(values):
        values = np.stack([values.real, values.imag], axis=-1)
    values.astype("<f4").tofile(path)
    return values.shape


def missing(error):
    """Says that a package is not installed."""
    print(json.dumps({"missing": str(error)}), flush=True)


def timed(iteration):
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    iteration()
    return (time.process_time_ns() - cpu) / 1e6, (time.perf_counter_ns() - wall) / 1e6


def peak_mb():
    """The peak of this process's resident memory, where the system tells.

    `getrusage` would not do: its peak outlives exec, and so may be that of the program which
    started this one.
    """
    try:
        with open("/proc/self/status") as status:
            peak = next(line for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return None
    return int(peak.split()[1]) / 1024

"""A side of the comparison as a process, and how to talk with it.

One JSON object a line, on the worker's standard input and output; what it has to say to people goes
to standard error. It takes the number of threads and the instructions from its environment
(RAYON_NUM_THREADS, SARANGI_ISA, OMP_NUM_THREADS, …) and ends when its input ends.

First the worker loads what every row needs (code, kernels), then says who it is, or what it lacks:

    {"name": "torch 2.11.0"}
    {"missing": "No module named 'torch'"}

Then it answers each request with one line:

    {"id": "conv/…", "spec": {"op": "conv2d", …}, "warm_up": 1, "repeats": 3}
    {"cpu_ms": [3.1, 3.0, 3.1], "wall_ms": [3.1, 3.0, 3.1], "peak_mb": 25.1, "shape": null}
    {"error": "conv2d: groups must divide the channels"}

An `id` that differs from the last request's drops what that had built and builds anew from `spec`
(seeded inputs, parameters, optimiser); the same `id` goes on with what is there. `warm_up`
iterations are run untimed, then `repeats` are timed, each by the process's CPU time (all threads)
and the clock. `peak_mb` is how far the process's peak of resident memory (`VmHWM` of
/proc/self/status, in MiB) has risen since just before the row was built; null where that cannot be
read. It says something only of the first row of a fresh process.

A request may name a file in `values`: after all else one more iteration is run, what it computed is
written there (f32, low byte first, the last axis fastest), and `shape` is its shape. Complex numbers
have a last axis of two.
"""

import json
import os
import subprocess


class MissingPeer(Exception):
    """A package that the worker needs is not installed."""


class WorkerError(Exception):
    """The worker could not run a row."""


class WorkerEnded(WorkerError):
    """The worker has ended, which it should not."""


class Worker:
    def __init__(self, command, environment):
        self._command = command
        self._environment = environment
        self._start()

    def _start(self):
        self._process = subprocess.Popen(
            self._command,
            env=os.environ | self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        hello = self._answer()
        if "missing" in hello:
            self.close()
            raise MissingPeer(hello["missing"])
        self.name = hello["name"]

    def run(self, row, warm_up, repeats, values=None):
        """Runs a row; its times and peak memory as the protocol has them. A worker that had ended is
        started anew."""
        if self._process.poll() is not None:
            self._start()
        request = {"id": row.id, "spec": row.spec, "warm_up": warm_up, "repeats": repeats}
        request |= {"values": None if values is None else str(values)}
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended; reading its answer says how.
        answer = self._answer()
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def again(self, environment):
        """The same worker as a fresh process."""
        return Worker(self._command, environment)

    def close(self):
        self._process.communicate()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise WorkerEnded(f"{self._command[-1]} ended with status {self._process.wait()}")
        return json.loads(line)

"""Systems that are programs: one process for each sound."""

import resource
import shlex
import subprocess
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from .changes import STRETCH


class Failed(Exception):
    """A program ended badly or wrote what it should not."""


class Command:
    """A program that reads one WAV file of float32 samples and writes another.

    `arguments(source, out, change)` is its command line. Its time includes its start."""

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments

    def apply(self, y, sr, change):
        return self._run(y, sr, change)[0]

    def cpu_ms(self, y, sr, change):
        return self._run(y, sr, change)[1]

    def _run(self, y, sr, change):
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder) / "in.wav", Path(folder) / "out.wav"
            soundfile.write(source, y, sr, subtype="FLOAT")
            before = children_ms()
            call(self.arguments(str(source), str(out), change))
            took = children_ms() - before
            result, rate = soundfile.read(out, dtype="float32")
        if rate != sr or result.ndim != 1:
            raise Failed(f"{self.name} wrote {result.ndim} channels at {rate} Hz, not one at {sr} Hz")
        return result, took


def ours(command):
    """The program `sarangi`."""

    def arguments(source, out, change):
        name, key = ("time-stretch", "rate") if change.kind == STRETCH else ("pitch-shift", "semitones")
        return [*command, "augment", "--transform", name, "--set", f"{key}={change.value!r}", source, out]

    return Command("sarangi", arguments)


class Raw:
    """A worker: `COMMAND stretch|shift VALUE RATE`, float32 samples with the low byte first on its standard
    input and output; `COMMAND time stretch|shift VALUE RATE N` works N times on its input and prints the
    processor time of each in milliseconds, a line each on standard error."""

    RUNS = 3

    def __init__(self, name, command):
        self.name, self._command = name, command

    def apply(self, y, sr, change):
        return np.frombuffer(self._call([], y, sr, change, []).stdout, "<f4")

    def cpu_ms(self, y, sr, change):
        said = self._call(["time"], y, sr, change, [str(self.RUNS)]).stderr.decode()
        try:
            return median(float(line) for line in said.split())
        except ValueError as error:
            raise Failed(f"{shlex.join(self._command)} time: not milliseconds on standard error: {said!r}") from error

    def _call(self, before, y, sr, change, after):
        what = [*before, change.kind, repr(change.value), str(sr), *after]
        return call([*self._command, *what], np.ascontiguousarray(y, "<f4").tobytes())


def call(command, given=None):
    done = subprocess.run(command, check=False, input=given, capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise Failed(f"{shlex.join(command)} ended with status {done.returncode}: {said}")
    return done


def children_ms():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (usage.ru_utime + usage.ru_stime)

"""Programs that run once for each row, over a folder of files: how long each takes and how much memory.

A peer is called as `COMMAND… IN OUT THREADS` and writes what it computes of the files in IN to the folder
OUT, a .npy for each. Called with `--hello` instead it says who it is or what it lacks, as a worker does
(comparison/worker.py). Ours is called as the suite says.

Times are from the start of the program to its end, those of the processors with all its children's. Memory
is the largest sum over the program and its children of the proportional set sizes (what several share
counts once), sampled.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from comparison.rounds import Result, Side
from comparison.worker import MissingPeer, WorkerError

SAMPLES_A_SECOND = 10


class Program:
    """Ours: its arguments, with {source}, {out} and {threads} in them."""

    def __init__(self, command, arguments, environment):
        self._command = [*command, *arguments]
        self._environment = os.environ | environment
        self.name = "sarangi"

    def run(self, row, threads):
        """The milliseconds of the processors and of the clock, and the peak in MiB, of one call, which must
        leave a file for each it was given."""
        source = str(Path(row.spec["folder"]) / row.spec["sound"])
        with tempfile.TemporaryDirectory(dir=row.spec["folder"]) as out:
            cpu, start, peak = processors(), time.perf_counter(), 0
            call = [word.format(source=source, out=out, threads=threads) for word in self._command]
            process = subprocess.Popen(call, env=self._environment, stdout=subprocess.DEVNULL)
            while process.poll() is None:
                peak = max(peak, memory_mb(process.pid))
                time.sleep(1 / SAMPLES_A_SECOND)
            taken = [1e3 * (processors() - cpu), 1e3 * (time.perf_counter() - start)]
            made = sum(1 for _ in Path(out).rglob("*.npy"))
        if process.returncode != 0:
            raise WorkerError(f"ended with status {process.returncode}")
        if made != row.spec["files"]:
            raise WorkerError(f"made {made} of {row.spec['files']} files")
        return *taken, peak


class Peer(Program):
    def __init__(self, command, environment):
        super().__init__(command, ["{source}", "{out}", "{threads}"], environment)
        done = subprocess.run(
            [*command, "--hello"], check=False, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        if done.returncode != 0:
            raise WorkerError(f"{command[-1]} ended with status {done.returncode}")
        hello = json.loads(done.stdout)
        if "missing" in hello:
            raise MissingPeer(hello["missing"])
        self.name = hello["name"]


def measure(row, ours, peers, rounds, threads):
    """Runs a row on all sides in turn; a result for each peer, or one without any."""
    peers = {key: peers[key] for key in row.peers if key in peers}
    runs = {side: [] for side in [ours, *peers.values()]}
    for _ in range(rounds):
        for side in list(runs):
            try:
                runs[side].append(side.run(row, threads))
            except WorkerError as error:
                print(f"{row.id}: {side.name}: {error}", file=sys.stderr)
                del runs[side]
    sides = {side: summary(side, taken) for side, taken in runs.items()}
    results = [Result(sides.get(ours), sides.get(peer), key) for key, peer in peers.items()]
    return results or [Result(sides.get(ours), None, next(iter(row.peers), None))]


def summary(program, runs):
    cpu, wall, peaks = map(median, zip(*runs, strict=True))
    return Side(program.name, cpu, wall, peaks or None)


def processors():
    """The seconds that all processors have spent on programs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def memory_mb(pid):
    """What a process and its descendants hold now, in MiB; 0 where the system does not tell."""
    total = 0
    for one in family(pid):
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue  # It has ended meanwhile.
        total += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total / 1024


def family(pid):
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting.extend(map(int, tasks.read_text().split()))
            except OSError:
                continue
    return found

"""Taking turns, and what comes of it."""

import math
import sys
from dataclasses import dataclass
from statistics import median

from comparison import values
from comparison.worker import WorkerError

FIRST_WARM_UP = 3
"""Iterations before anything is timed: memory is claimed and kernels are made in the first ones."""
TURN_MS = 100.0
LEAST_STEPS = 3
LONG_MS = 1000.0
"""What takes longer than this outweighs what the caches held: one iteration makes its turn."""
MEMORY_STEPS = 3
MEMORY_RUNS = 3
"""Fresh processes whose median is taken: what the allocator keeps differs by a tenth between them."""


@dataclass
class Side:
    """What one side took for a row."""

    name: str
    cpu_ms: float
    wall_ms: float
    peak_mb: float | None


@dataclass
class Result:
    """A row by ours and one peer; None for a side that did not run it."""

    ours: Side | None
    peer: Side | None
    key: str | None = None
    """The peer's name in the suite."""
    difference: float | None = None
    """How far the peer's values lie from ours, where that is compared."""

    def entry(self, row, target, threads, isa):
        """The result as `--json` prints it."""
        clock = "cpu_ms" if threads == 1 else "wall_ms"
        ours, peer = (getattr(side, clock, None) for side in (self.ours, self.peer))
        return {
            "id": row.id,
            "threads": threads,
            "isa": isa,
            "ours_ms": ours,
            "peer": getattr(self.peer, "name", None),
            "peer_ms": peer,
            "ratio": ours / peer if ours and peer else None,
            "target": target,
            "ours_cpu_ms": getattr(self.ours, "cpu_ms", None),
            "ours_wall_ms": getattr(self.ours, "wall_ms", None),
            "peer_cpu_ms": getattr(self.peer, "cpu_ms", None),
            "peer_wall_ms": getattr(self.peer, "wall_ms", None),
            "ours_peak_mb": getattr(self.ours, "peak_mb", None),
            "peer_peak_mb": getattr(self.peer, "peak_mb", None),
            "difference": self.difference,
        }


def measure(row, ours, peers, rounds, steps, environment):
    """Runs a row on all sides in turn; a result for each peer, or one without any. The environment is
    that of the processes whose memory is measured."""
    peers = {key: peers[key] for key in row.peers if key in peers}
    able = {}
    for worker in [ours, *peers.values()]:
        try:
            able[worker] = plan(row, worker, steps)
        except WorkerError as error:
            print(f"{row.id}: {worker.name}: {error}", file=sys.stderr)
    differences = values.compare(row, ours, peers, able)
    turns = {worker: [] for worker in able}
    for _ in range(rounds):
        for worker in list(turns):
            try:
                turns[worker].append(worker.run(row, *able[worker]))
            except WorkerError as error:
                print(f"{row.id}: {worker.name}: {error}", file=sys.stderr)
                del turns[worker]
    sides = {worker: side(row, worker, taken, environment) for worker, taken in turns.items()}
    results = [
        Result(sides.get(ours), sides.get(worker), key, differences.get(key))
        for key, worker in peers.items()
    ]
    return results or [Result(sides.get(ours), None, next(iter(row.peers), None))]


def plan(row, worker, steps):
    """How many iterations of a worker's turn are not timed, and how many are."""
    first = worker.run(row, 0, 1)["wall_ms"][0]
    if first > LONG_MS:
        return 0, steps or 1
    worker.run(row, FIRST_WARM_UP - 1, 0)
    once = worker.run(row, 0, 1)["wall_ms"][0]
    # One that is not timed: the other sides have been at the caches meanwhile.
    return 1, steps or max(LEAST_STEPS, math.ceil(TURN_MS / max(once, 0.1)))


def side(row, worker, turns, environment):
    def times(clock):
        return median(time for turn in turns for time in turn[clock])

    peak = peak_memory(row, worker, environment) if row.memory else None
    return Side(worker.name, times("cpu_ms"), times("wall_ms"), peak)


def peak_memory(row, worker, environment):
    peaks = []
    for _ in range(MEMORY_RUNS):
        fresh = worker.again(environment)
        peaks.append(fresh.run(row, 0, MEMORY_STEPS)["peak_mb"])
        fresh.close()
    return None if None in peaks else median(peaks)

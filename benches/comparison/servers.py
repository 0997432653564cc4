"""Servers that answer uploads: how long an answer takes, how many there are in a second, how much memory is held.

The sides run one after the other, each alone on the machine with the clients (comparison/load.py). A row is run on
each side in turn, `--rounds` times, each time by a server that has answered before; the medians over the rounds count.

A row's `measure` says what its time is: `p50` and `p99` of the answers, or `each`, the time in which one more request
is answered (1,000 / requests a second). The peak is what the server's processes hold after the row, sampled as
programs' is (comparison/programs.py). A request that fails makes the side fail the row.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from comparison import load
from comparison.programs import Peer, memory_mb
from comparison.rounds import Result, Side
from comparison.worker import WorkerError

START_SECONDS = 120
WARM_UP = 8
"""Clients of the requests that are not timed, two each."""


class Service:
    """A server: its command with {model} and {port} in it, started anew for each row."""

    def __init__(self, name, command, model):
        self.name = name
        self._command, self._model = command, model
        self._process = None

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [word.format(model=self._model, port=self.port) for word in self._command]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    self.__exit__()
                    raise WorkerError("did not begin to listen") from None
                time.sleep(0.1)

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def run(self, file, clients, requests):
        done = load.run(f"http://127.0.0.1:{self.port}/predict", file, clients, requests)
        if done["failures"]:
            raise WorkerError(f"refused requests: {done['failures']}")
        return done, memory_mb(self._process.pid)


def peer(command, model):
    """A peer that says who it is when called with --hello."""
    return Service(Peer(command, {}).name, [*command, "{model}", "{port}"], model)


def measure(rows, ours, peers, rounds):
    """Pairs of a row and its result. Rows with the same load share its runs."""
    loads = {}
    for row in rows:
        key = (row.spec["sound"], row.spec["clients"], row.spec["requests"])
        loads.setdefault(key, []).append(row)
    for (sound, clients, requests), same in loads.items():
        file = Path(same[0].spec["folder"]) / sound
        sides = {side: repeated(side, file, clients, requests, rounds) for side in [ours, *peers.values()]}
        for row in same:
            key = row.spec["measure"]
            for name in row.peers:
                taken = sides.get(peers.get(name))
                yield row, Result(side(ours, sides[ours], key), side(peers.get(name), taken, key), name)


def repeated(service, file, clients, requests, rounds):
    """What the rounds of a load came to; None if the side failed."""
    try:
        with service:
            # What is made at first use is made before, in each process of a server that has several.
            service.run(file, WARM_UP, 2 * WARM_UP)
            return [service.run(file, clients, requests) for _ in range(rounds)]
    except WorkerError as error:
        print(f"{file.name}, {clients} clients: {service.name}: {error}", file=sys.stderr)
        return None


def side(service, runs, key):
    if not runs:
        return None
    values = {"p50": lambda done: done["p50_ms"], "p99": lambda done: done["p99_ms"]}
    value = values.get(key, lambda done: 1e3 / done["per_second"])
    taken = median(value(done) for done, _ in runs)
    return Side(service.name, taken, taken, median(memory for _, memory in runs))

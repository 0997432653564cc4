"""Times Sarangi and its peers side by side, in one run on one machine.

    pip install -r benches/peers/requirements.txt
    python benches/compare.py --suite engine                    # from the root of the repository
    python benches/compare.py --suite engine --threads 1 2 --only '^step/' --json > engine.json
    python benches/compare.py --suite engine --isa avx2
    python benches/compare.py --suite features
    python benches/compare.py --suite extract --threads 2
    python benches/compare.py --suite serve --rounds 1

A line per row and peer: what was run (`id`), our time, the peer and its time (medians, in milliseconds),
the ratio ours / peer, and the ratio that is aimed at. With one thread a time is the process's CPU time,
which other work on the machine disturbs least; with several it is the time on the clock, and says
something only where nothing else runs (threads that wait for one another suffer most). `--json`
prints a list of objects with both and, where they are measured, the growth of peak memory in MB and how
far the peer's values lie from ours, as a share of their peak.

Each side is a process of its own that stays (comparison/worker.py has the protocol). They take
turns: a round is a few iterations of ours, then of each peer's, and the medians are over all rounds.
Peak memory is measured after that, in fresh processes. In the suite `extract` a side is a program that is
run once in each round (comparison/programs.py), in the suite `serve` a server
to which clients send files (comparison/servers.py).

The Python that runs this must have the peers' packages. A peer that is missing is named and skipped,
and so is a row whose sound could not be made. The exit status is 1 if ours could not run a row, 2 for wrong usage.
"""

import argparse
import json
import re
import shlex
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from comparison import build, programs, rounds, servers, suites
from comparison.suite import KEEP_MEMORY
from comparison.table import Table
from comparison.worker import MissingPeer, Worker, WorkerError


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--suite", required=True, help=f"what to compare: {', '.join(suites.names())}")
    add("--threads", type=positive, nargs="+", default=[1], metavar="N", help="threads of each side (1)")
    add("--json", action="store_true", help="print one JSON list; the table goes to standard error")
    add("--only", type=pattern, default="", metavar="REGEX", help="only rows whose id this finds")
    add("--rounds", type=positive, default=5, metavar="N", help="turns that each side takes (5)")
    add("--steps", type=positive, metavar="N", help="iterations in a turn (0.1 s worth, at least 3)")
    add("--isa", metavar="NAME", help="keep both sides to narrower instructions, such as avx2")
    add("--keep-memory", action="store_true", help="let glibc keep what is freed, on all sides")
    add("--list", action="store_true", help="print the rows' ids and stop")
    add("--ours", type=shlex.split, metavar="COMMAND", help="our worker, if cargo should not build it")
    chosen = parser.parse_args()
    try:
        chosen.suite = suites.load(chosen.suite)
        chosen.suite.environment(1, chosen.isa)
    except LookupError as error:
        parser.error(error.args[0])
    chosen.rows = [row for row in chosen.suite.rows if re.search(chosen.only, row.id)]
    if not chosen.rows:
        parser.error(f"no row's id matches {chosen.only!r}")
    return chosen


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def pattern(text):
    try:
        return re.compile(text).pattern
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from error


def present(peers, start):
    """Starts the peers that some row wants; says on standard error which are missing."""
    found = {}
    for name, peer in peers.items():
        try:
            found[name] = start(peer.command())
        except (MissingPeer, WorkerError) as error:
            print(f"{name} skipped: {error}", file=sys.stderr)
    return found


def with_material(chosen, folder):
    """The rows with the folder of their files; says which are left out since a file could not be made."""
    if not chosen.suite.material:
        return chosen.rows
    try:
        lacking = chosen.suite.material(folder, chosen.rows)
    except ImportError as error:
        sys.exit(f"{error}: pip install -r benches/peers/requirements.txt")
    rows = []
    for row in chosen.rows:
        if row.spec["sound"] in lacking:
            print(f"{row.id} skipped: {lacking[row.spec['sound']]}", file=sys.stderr)
        else:
            rows.append(replace(row, spec=row.spec | {"folder": str(folder)}))
    return rows


def by_workers(chosen, rows, command, wanted, threads):
    environment = chosen.suite.environment(threads, chosen.isa)
    quick = environment | (KEEP_MEMORY if chosen.keep_memory else chosen.suite.quick)
    ours = Worker(command, quick)
    peers = present(wanted, lambda command: Worker(command, quick))
    for row in rows:
        for result in rounds.measure(row, ours, peers, chosen.rounds, chosen.steps, environment):
            yield row, result
    for worker in [ours, *peers.values()]:
        worker.close()


def by_programs(chosen, rows, command, wanted, threads):
    environment = chosen.suite.environment(1, chosen.isa)  # Of each of the processes that a peer has.
    ours = programs.Program(command, chosen.suite.call, environment)
    peers = present(wanted, lambda command: programs.Peer(command, environment))
    for row in rows:
        for result in programs.measure(row, ours, peers, chosen.rounds, threads):
            yield row, result


def by_servers(chosen, rows, command, wanted, _threads):
    ours = servers.Service("sarangi", [*command, *chosen.suite.serve], chosen.suite.model)
    peers = present(wanted, lambda command: servers.peer(command, chosen.suite.model))
    yield from servers.measure(rows, ours, peers, chosen.rounds)


def main():
    chosen = arguments()
    if chosen.list:
        print("\n".join(row.id for row in chosen.rows))
        return 0
    suite = chosen.suite
    command = chosen.ours or build.binary(suite.package, suite.ours)
    table = Table(chosen.rows, chosen.json)
    with tempfile.TemporaryDirectory() as folder:
        rows = with_material(chosen, Path(folder))
        wanted = {name: peer for name, peer in suite.peers.items() if any(name in row.peers for row in rows)}
        measure = by_servers if suite.serve else by_programs if suite.call else by_workers
        for threads in chosen.threads:
            try:
                for row, result in measure(chosen, rows, command, wanted, threads):
                    target = suite.target(row, result.key, chosen.isa) if result.key else None
                    table.add(result.entry(row, target, threads, chosen.isa))
            except WorkerError as error:
                sys.exit(f"ours: {error}")
    if chosen.json:
        print(json.dumps(table.entries, indent=1))
    return 1 if any(entry["ours_ms"] is None for entry in table.entries) else 0


if __name__ == "__main__":
    sys.exit(main())

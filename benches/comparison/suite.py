"""What a suite is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field

KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "-1"}
"""glibc gives a big block back to the system when it is freed, so that the next one is claimed page by page
anew; with these it keeps it."""


@dataclass(frozen=True)
class Aim:
    """What a row wants of one peer."""

    ratio: float | None = None
    """The ratio ours / peer that is aimed at, if any."""
    same: float | None = None
    """How far the peer's values may lie from ours, as a share of their peak; None if it is known to
    compute something else."""


@dataclass(frozen=True)
class Row:
    """One thing that every side runs."""

    id: str
    spec: dict
    """What to run: all that a worker is told about it."""
    peers: dict
    """Which peers run it, by their names in the suite, and the `Aim` of each."""
    memory: bool = False
    """Whether peak memory is measured too."""


@dataclass(frozen=True)
class Narrowed:
    """Instructions narrower than the machine's best, and the ratio that is aimed at with them."""

    environment: dict
    target: float


@dataclass(frozen=True)
class Suite:
    ours: str
    """The binary that is our side."""
    peers: dict
    """The peers by their names: what build.command makes a process of."""
    rows: list
    package: str = "sarangi-benches"
    """The package of our binary."""
    call: list | None = None
    """The arguments of our binary if the sides are programs that run once for each row
    (comparison/programs.py); None if they are workers that stay."""
    serve: list | None = None
    """The arguments of our binary if the sides are servers (comparison/servers.py), with {model} and {port}."""
    model: object = None
    """The model file that servers answer from."""
    isas: dict = field(default_factory=dict)
    """What `--isa` may name."""
    quick: dict = field(default_factory=dict)
    """Further environment variables while time is measured, not while memory is."""
    material: Callable | None = None
    """Makes the files that the rows read: `material(folder, rows)`. What of the files `sound` of the
    specs it could not make it gives back by their names, with the reasons."""

    def target(self, row, peer, isa):
        return self.isas[isa].target if isa else row.peers[peer].ratio

    def environment(self, threads, isa):
        """The environment variables that tell every side its threads and instructions."""
        counts = ["RAYON", "OMP", "MKL", "OPENBLAS", "NUMBA"]
        environment = {f"{name}_NUM_THREADS": str(threads) for name in counts}
        if isa and isa not in self.isas:
            known = ", ".join(self.isas) or "none"
            raise LookupError(f"unknown instructions {isa!r}; this suite knows: {known}")
        return environment | (self.isas[isa].environment if isa else {})

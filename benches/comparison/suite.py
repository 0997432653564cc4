"""What a suite is made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One thing that every side runs."""

    id: str
    spec: dict
    """What to run: all that a worker is told about it."""
    target: float
    """The ratio ours / peer that is aimed at."""
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
    """The binary of sarangi-benches that is our worker."""
    peers: list
    """The peers' workers, scripts in benches/peers."""
    rows: list
    isas: dict = field(default_factory=dict)
    """What `--isa` may name."""
    quick: dict = field(default_factory=dict)
    """Further environment variables while time is measured, not while memory is."""

    def target(self, row, isa):
        return self.isas[isa].target if isa else row.target

    def environment(self, threads, isa):
        """The environment variables that tell every worker its threads and instructions."""
        counts = ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
        environment = dict.fromkeys(counts, str(threads))
        if isa and isa not in self.isas:
            known = ", ".join(self.isas) or "none"
            raise LookupError(f"unknown instructions {isa!r}; this suite knows: {known}")
        return environment | (self.isas[isa].environment if isa else {})

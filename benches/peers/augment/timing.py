"""Processor time on one thread: the systems take turns on the same clip."""

from statistics import median

from comparison.sounds import piece

SECONDS = 30


def measure(systems, rates, changes, rounds, skip):
    """A row for each system, rate and change; `ratio` is the first system's time over this one's where the
    first is ours. `skip(system, error)` hears of those that fail."""
    for sr in rates:
        y = piece(SECONDS, sr)
        for change in changes:
            taken = {name: [] for name in systems}
            for turn in range(rounds + 1):
                for name in list(taken):
                    try:
                        took = systems[name].cpu_ms(y, sr, change)
                    except Exception as error:  # Whatever a peer raises, the others go on.
                        skip(name, error)
                        del taken[name]
                        continue
                    if turn:  # The first claims memory and compiles.
                        taken[name].append(took)
            middle = {name: median(times) for name, times in taken.items()}
            for name, cpu_ms in middle.items():
                yield {
                    "system": systems[name].name,
                    "sr": sr,
                    "change": change.kind,
                    "value": change.value,
                    "sound": f"{SECONDS} s at {sr:,} Hz",
                    "what": str(change),
                    "cpu_ms": cpu_ms,
                    "ratio": middle["ours"] / cpu_ms if "ours" in middle else None,
                }

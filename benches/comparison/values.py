"""Whether the sides compute the same: a ratio of times says little where they do not."""

import sys
import tempfile
from pathlib import Path

from comparison.worker import WorkerError


def compare(row, ours, peers, able):
    """How far each peer's values lie from ours, as a share of their peak, by the peers' names; for those
    whose aim has `same`. What is farther than that is said on standard error."""
    wanted = {key: aim.same for key, aim in row.peers.items() if aim.same is not None}
    wanted = {key: same for key, same in wanted.items() if peers.get(key) in able}
    if not wanted or ours not in able:
        return {}
    differences = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            mine = read(row, ours, Path(folder) / "ours")
            for key, same in wanted.items():
                apart = distance(mine, read(row, peers[key], Path(folder) / "theirs"))
                if apart > same:
                    print(f"{row.id}: {peers[key].name}: {apart:.1e} from ours, not {same:.0e}", file=sys.stderr)
                differences[key] = apart
        except WorkerError as error:
            print(f"{row.id}: values: {error}", file=sys.stderr)
    return differences


def read(row, worker, path):
    import numpy as np  # The suites that compare no values do without it.

    shape = worker.run(row, 0, 0, values=path)["shape"]
    return np.fromfile(path, "<f4").reshape(shape).squeeze()


def distance(ours, theirs):
    """The largest difference over the peak; infinite if the shapes differ."""
    import numpy as np

    if ours.shape != theirs.shape:
        return float("inf")
    peak = np.abs(theirs).max() or 1.0
    return float(np.abs(ours.astype(np.float64) - theirs).max() / peak)

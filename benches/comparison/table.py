"""What people read."""

import sys

COLUMNS = ["ours_ms", "peer_ms", "ratio", "target", "ours_peak_mb", "peer_peak_mb"]


class Table:
    """Collects the entries and prints a line for each as it comes: to standard output, or, when that
    is kept for JSON, to standard error."""

    def __init__(self, rows, json):
        self.entries = []
        self._file = sys.stderr if json else sys.stdout
        self._width = max(len(row.id) for row in rows)
        self._line("id", "threads", "peer", COLUMNS)

    def add(self, entry):
        self.entries.append(entry)
        digits = ["-" if entry[c] is None else f"{entry[c]:.2f}" for c in COLUMNS]
        self._line(entry["id"], entry["threads"], entry["peer"] or "-", digits)

    def _line(self, id, threads, peer, cells):
        cells = "".join(f"{cell:>14}" for cell in cells)
        print(f"{id:{self._width}} {threads:>7}  {peer:25}{cells}", file=self._file, flush=True)

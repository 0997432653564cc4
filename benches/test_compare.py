"""Tests compare.py with a worker that only spends a millisecond: `python benches/test_compare.py`."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
FAKE = f"{sys.executable} {BENCHES / 'peers' / 'fake_engine.py'}"


def compare(*arguments):
    command = [sys.executable, str(BENCHES / "compare.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


class Compare(unittest.TestCase):
    def test_every_row_is_an_object_with_a_ratio_or_no_peer(self):
        done = compare("--suite", "engine", "--json", "--only", "^conv/e-", "--rounds", "2", "--ours", FAKE)
        self.assertEqual(done.returncode, 0, done.stderr)
        entries = json.loads(done.stdout)
        self.assertEqual([entry["id"].split("/")[-1] for entry in entries], ["forward", "forward+backward"])
        for entry in entries:
            self.assertAlmostEqual(entry["ours_ms"], 1, delta=0.5)
            self.assertEqual(entry["target"], 1.1)
            if entry["peer"] is None:
                self.assertIsNone(entry["ratio"])
                self.assertIn("skipped", done.stderr)
            else:
                self.assertEqual(entry["ratio"], entry["ours_ms"] / entry["peer_ms"])

    def test_wrong_usage_is_named(self):
        for arguments, message in [
            (["--suite", "nothing"], "unknown suite 'nothing'"),
            (["--suite", "engine", "--only", "nothing"], "no row's id matches 'nothing'"),
            (["--suite", "engine", "--only", "("], "not a regular expression"),
            (["--suite", "engine", "--isa", "nothing"], "unknown instructions 'nothing'"),
            (["--suite", "engine", "--threads", "0"], "--threads"),
        ]:
            done = compare(*arguments, "--ours", FAKE)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(message, done.stderr)

    def test_a_worker_that_ends_fails_the_run(self):
        done = compare("--suite", "engine", "--only", "^conv/e-", "--ours", f"{sys.executable} -c pass")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ended with status 0", done.stderr)


if __name__ == "__main__":
    unittest.main()

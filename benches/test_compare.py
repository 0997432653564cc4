"""Tests compare.py with a worker that only spends a millisecond: `python benches/test_compare.py`."""

import contextlib
import io
import json
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

from comparison import rounds, suites
from comparison.suite import Aim, Row
from comparison.worker import WorkerEnded

try:
    import numpy as np
except ImportError:
    np = None

BENCHES = Path(__file__).resolve().parent
FAKE = f"{sys.executable} {BENCHES / 'peers' / 'fake_engine.py'}"
FAKE_EXTRACT = f"{sys.executable} {BENCHES / 'peers' / 'fake_extract.py'}"


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

    def test_every_row_of_every_suite_names_peers_of_the_suite(self):
        for name in suites.names():
            suite = suites.load(name)
            ids = [row.id for row in suite.rows]
            self.assertEqual(len(ids), len(set(ids)), name)
            for row in suite.rows:
                self.assertTrue(row.peers, row.id)
                self.assertLessEqual(set(row.peers), set(suite.peers), row.id)

    @unittest.skipUnless(find_spec("numpy"), "the sounds need numpy")
    def test_a_row_of_several_peers_has_an_object_for_each_and_what_they_lack_is_said(self):
        done = compare("--suite", "features", "--json", "--only", "^scalogram-84/3s", "--rounds", "1", "--ours", FAKE)
        self.assertEqual(done.returncode, 0, done.stderr)
        entries = json.loads(done.stdout)
        for name in ["PyWavelets", "ssqueezepy"]:
            ran = any((entry["peer"] or "").startswith(f"{name} ") for entry in entries)
            self.assertTrue(ran or f"{name} skipped" in done.stderr, done.stderr)

    @unittest.skipUnless(find_spec("numpy") and find_spec("soundfile"), "the clips need numpy and soundfile")
    def test_a_program_must_make_a_file_of_each_clip(self):
        done = compare("--suite", "extract", "--json", "--only", "wav-250", "--rounds", "1", "--ours", FAKE_EXTRACT)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(json.loads(done.stdout)[0]["ours_wall_ms"], 0)
        nothing = f"{sys.executable} -c pass"
        done = compare("--suite", "extract", "--only", "wav-250", "--rounds", "1", "--ours", nothing)
        self.assertEqual(done.returncode, 1)
        self.assertIn("made 0 of 250 files", done.stderr)


class Dying:
    """A worker that ends at each request, as a process that is killed does."""

    name = "dying"

    def run(self, row, warm_up, repeats, values=None):
        raise WorkerEnded("ended with status -11")


class Steady:
    name = "steady"

    def __init__(self, result=(1.0, 2.0)):
        self.result = np.array(result, "<f4") if np else None

    def run(self, row, warm_up, repeats, values=None):
        if values:
            self.result.tofile(values)
        return {"cpu_ms": [2.0] * repeats, "wall_ms": [3.0] * repeats, "shape": [len(self.result)] if values else None}


class Rounds(unittest.TestCase):
    def measured(self, aims, **peers):
        row = Row("row", {}, aims)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            results = rounds.measure(row, Steady(), peers, 1, 1, {})
        return {result.key: result for result in results}, said.getvalue()

    def test_a_peer_that_dies_costs_no_other_its_time(self):
        results, said = self.measured({"bad": Aim(), "good": Aim()}, bad=Dying(), good=Steady())
        self.assertIsNone(results["bad"].peer)
        self.assertEqual(results["good"].peer.cpu_ms, 2.0)
        self.assertIn("ended with status -11", said)

    @unittest.skipUnless(np, "comparing values needs numpy")
    def test_values_that_differ_are_said(self):
        peers = {"same": Steady(), "other": Steady((1.0, 2.5)), "longer": Steady((1.0, 2.0, 3.0))}
        results, said = self.measured(dict.fromkeys(peers, Aim(same=1e-3)), **peers)
        self.assertEqual(results["same"].difference, 0)
        self.assertAlmostEqual(results["other"].difference, 0.2)
        self.assertEqual(results["longer"].difference, float("inf"))
        self.assertEqual(said.count("from ours"), 2)


if __name__ == "__main__":
    unittest.main()

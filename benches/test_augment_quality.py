"""Tests augment_quality.py and what it measures with: `python benches/test_augment_quality.py`.

Each measure is given sounds whose fault is known. Needs NumPy."""

import json
import subprocess
import sys
import unittest
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from peers.augment import clicks, commands, material, quality, report, spectra, tones
from peers.augment.changes import SHIFT, STRETCH, Change

BENCHES = Path(__file__).resolve().parent
FAKE = [sys.executable, str(BENCHES / "peers" / "fake_stretch.py")]
SR = 22050
SAME = Change(STRETCH, 1.0)
FASTER = Change(STRETCH, 1.25)


def run(*arguments):
    command = [sys.executable, str(BENCHES / "augment_quality.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


class Exact:
    """A system that knows the answers: it makes the sounds as they should come out."""

    name = "exact"

    def apply(self, y, sr, change):
        known = [material.clicks, material.glide, material.mix]
        for make in known:
            if np.array_equal(y, make(sr)):
                return make(sr, change)
        for hz in material.TONES:
            if np.array_equal(y, material.tone(hz, sr)):
                return material.tone(hz * change.pitch, sr)[: change.length(len(y))]
        return np.resize(y, change.length(len(y)))


class Changes(unittest.TestCase):
    def test_lengths_follow_the_rate_alone(self):
        self.assertEqual([Change(STRETCH, r).length(1000) for r in (0.8, 1.1)], [1250, 909])
        self.assertEqual(Change(SHIFT, 12.0).length(1000), 1000)
        self.assertEqual(Change(SHIFT, 12.0).pitch, 2)

    def test_undoing_leads_back(self):
        for change in [FASTER, Change(SHIFT, 3.0)]:
            self.assertAlmostEqual(change.rate * change.undone.rate, 1)
            self.assertAlmostEqual(change.pitch * change.undone.pitch, 1)


class Tones(unittest.TestCase):
    def test_a_tone_that_is_out_of_tune_is_so_by_its_cents(self):
        for hz in material.TONES:
            for cents in (-40.0, -0.3, 0.0, 7.0):
                y = material.tone(hz * 2 ** (cents / 1200), SR)
                self.assertAlmostEqual(tones.measure(y, SR, hz)[0], cents, places=4)

    def test_noise_lowers_the_ratio_to_its_level(self):
        y = material.tone(440.0, SR)
        noise = np.random.default_rng(1).standard_normal(y.size)
        for snr in (20, 50):
            mixed = y + noise * np.sqrt(0.125 / 10 ** (snr / 10))
            self.assertAlmostEqual(tones.measure(mixed, SR, 440.0)[1], snr, delta=0.2)
        self.assertGreater(tones.measure(y, SR, 440.0)[1], 120)


class Clicks(unittest.TestCase):
    def test_clicks_as_made_are_in_time_and_sharp(self):
        for change in (SAME, FASTER, Change(SHIFT, 2.0)):
            found = clicks.measure(material.clicks(SR, change), SR, change)
            self.assertLess(found.width_ms, 1.3)
            self.assertLess(abs(found.offset_ms), 0.05)
            self.assertLess(found.jitter_ms, 0.05)
            self.assertLess(found.pre_echo_db, -100)

    def test_late_clicks_are_late(self):
        late = np.concatenate([np.zeros(round(0.010 * SR), np.float32), material.clicks(SR)])
        self.assertAlmostEqual(clicks.measure(late, SR, SAME).offset_ms, 10, delta=0.05)

    def test_a_smear_is_wide_and_an_echo_ahead_is_heard(self):
        smeared = np.convolve(material.clicks(SR), np.ones(round(0.02 * SR)), "same")
        self.assertGreater(clicks.measure(smeared, SR, SAME).width_ms, 10)
        y = material.clicks(SR)
        ahead = y + 0.1 * np.roll(y, -round(0.02 * SR))
        self.assertAlmostEqual(clicks.measure(ahead, SR, SAME).pre_echo_db, -20, delta=0.2)


class Spectra(unittest.TestCase):
    def test_a_gain_is_a_distance_and_a_delay_is_none(self):
        exact = material.mix(SR, FASTER)
        convergence, mel = spectra.distance(0.9 * exact, exact, SR)
        self.assertAlmostEqual(convergence, -20, places=2)
        self.assertTrue(0 < mel < 0.92)
        late = np.concatenate([np.zeros(330, np.float32), exact])
        self.assertLess(spectra.distance(late, exact, SR)[0], -40)
        self.assertLess(spectra.distance(exact[330:], exact, SR)[0], -25)  # The first 15 ms are gone.

    def test_another_pitch_is_far(self):
        convergence, mel = spectra.distance(material.glide(SR, Change(SHIFT, 1.0)), material.glide(SR), SR)
        self.assertGreater(convergence, -10)
        self.assertGreater(mel, 1)

    @unittest.skipUnless(find_spec("librosa"), "librosa is not installed")
    def test_the_mel_bands_are_librosas(self):
        import librosa

        theirs = librosa.filters.mel(sr=SR, n_fft=spectra.N_FFT, n_mels=spectra.MELS).T
        np.testing.assert_allclose(spectra.mel_filters(SR), theirs, rtol=1e-4, atol=1e-7)


class Quality(unittest.TestCase):
    def test_the_right_answer_has_no_fault(self):
        rows = [quality.measure(Exact(), SR, Change(STRETCH, r), [material.mix(SR)]) for r in (1.1, 1.25)]
        found = quality.summary(rows)
        self.assertLess(found["max_cents"], 1e-3)
        self.assertGreater(found["tone_snr_db"], 120)
        self.assertLess(found["mix_convergence_db"], -200)
        lengths = [found[f"{what}length_error"] for what in ("", "back_", "music_")]
        self.assertEqual(lengths, [0, 0, 0])

    def test_a_short_answer_is_short(self):
        class Short(Exact):
            def apply(self, y, sr, change):
                return super().apply(y, sr, change)[:-3]

        found = quality.summary([quality.measure(Short(), SR, SAME)])
        self.assertEqual((found["length_error"], found["back_length_error"]), (-3, -6))
        self.assertIsNone(found["music_length_error"])
        self.assertIn("| -3 |", report.quality([found]))


class Worker(unittest.TestCase):
    def test_a_worker_gets_samples_and_gives_samples(self):
        worker = commands.Raw("fake", FAKE)
        self.assertEqual(worker.apply(material.glide(SR), SR, FASTER).size, material.glide(SR, FASTER).size)
        self.assertEqual(worker.cpu_ms(material.glide(SR), SR, FASTER), 0.5)

    def test_what_a_failing_worker_said_is_passed_on(self):
        worker = commands.Raw("fake", [*FAKE, "nonsense"])
        with self.assertRaisesRegex(commands.Failed, "no change 'nonsense'"):
            worker.apply(material.glide(SR), SR, FASTER)


class Program(unittest.TestCase):
    FAKE = ["--ours", " ".join(FAKE), "--raw", "--systems", "ours", "--rates", str(SR)]

    def test_our_program_is_called_by_its_surface(self):
        arguments = commands.ours(["sarangi"]).arguments
        self.assertEqual(
            " ".join(arguments("in.wav", "out.wav", Change(STRETCH, 0.9))),
            "sarangi augment --transform time-stretch --set rate=0.9 in.wav out.wav",
        )
        self.assertEqual(
            " ".join(arguments("in.wav", "out.wav", Change(SHIFT, -2.0))),
            "sarangi augment --transform pitch-shift --set semitones=-2.0 in.wav out.wav",
        )

    def test_tables_and_figures(self):
        done = run(*self.FAKE, "--stretch", "1.1", "--shift", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = json.loads(done.stdout)
        self.assertEqual(len(figures["changes"]), 1)
        self.assertGreater(figures["summaries"][0]["max_cents"], 100)  # It is a resampling.
        self.assertIn("### Time stretch × 1.1 at 22,050 Hz", done.stderr)

    def test_each_change_has_a_table(self):
        done = run(*self.FAKE, "--stretch", "0.9", "1.1", "--shift", "--each")
        titles = [line for line in done.stdout.splitlines() if line.startswith("###")]
        self.assertEqual(titles, [f"### Time stretch × {r} at 22,050 Hz" for r in (0.9, 1.1)])

    def test_timing(self):
        done = run(*self.FAKE, "--stretch", "0.9", "--shift", "--timing", "--rounds", "1", "--json")
        row = json.loads(done.stdout)[0]
        self.assertEqual((row["cpu_ms"], row["ratio"]), (0.5, 1))

    def test_wrong_usage_is_named(self):
        for arguments, message in [
            (["--systems", "nothing"], "nothing"),
            (["--systems", "ours"], "--ours COMMAND"),
            (["--stretch", "0"], "--stretch"),
            (["--rates", "-1"], "--rates"),
            (["--stretch", "--shift"], "something to do"),
        ]:
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(message, done.stderr)

    def test_ours_that_fails_fails_the_run(self):
        done = run("--ours", f"{sys.executable} -c 1/0", "--systems", "ours", "--rates", str(SR), "--stretch", "0.9")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ours failed", done.stderr)


if __name__ == "__main__":
    unittest.main()

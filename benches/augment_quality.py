"""Measures time stretches and pitch shifts: ours beside the peers, on the same material.

    pip install -r benches/peers/requirements-augment.txt
    python benches/augment_quality.py --ours target/release/sarangi      # from the root of the repository
    python benches/augment_quality.py --systems librosa,signalsmith --rates 22050 --stretch 0.9 1.1 --shift
    python benches/augment_quality.py --ours WORKER --raw --systems ours --music FOLDER --json > ours.json
    python benches/augment_quality.py --ours WORKER --raw --timing

Prints a Markdown table for each kind of change and each rate; `--json` prints the figures of every single
change too. What each column is:

- cents, tone SNR: six sines from 110 to 4186 Hz of 4 s. The pitch's distance from the ideal one, largest and
  mean; and the level of the best constant sinusoid over all else in the middle half,
  the tones' median.
- length: samples too many (the largest error).
- click: bursts of noise every 0.5 s. Milliseconds that hold 90 % of the energy (as made: 1.2), the mean
  distance of half the energy from its ideal time, the deviation of that, and the energy more than 3 ms
  before the peak.
- glide, mix: twelve harmonics that rise from 110 to 440 Hz in 8 s, and the same with the clicks, against what
  should have come, made directly. SC is the spectral convergence 20 log10(||R| - |O|| / ||R||) of spectra of
  2048 samples every 512; mel is the mean difference of log-mel spectra (128 bands, 60 dB). A constant delay
  of up to 40 ms is taken out.
- back: music changed and changed back (rate r, then 1/r; s semitones, then -s), against itself.
- music: length and level of the files in `--music` after the change; they have no exact reference.

A column holds the mean over the changes, where nothing else is said. `--timing` measures the processor time
of one thread instead, for 30 s of music, systems taking turns; programs count with their start, the raw worker
times itself.

Ours is a program called as `PATH augment --transform time-stretch --set rate=0.9 IN OUT.wav`, or with `--raw`
a worker (peers/augment/commands.py has its protocol). A system that is not installed is named and skipped.
The exit status is 1 if ours failed, 2 for wrong usage.
"""

import argparse
import json
import shlex
import sys

from peers.augment import commands, quality, report, systems, timing
from peers.augment.changes import SHIFT, STRETCH, Change


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--ours", type=shlex.split, metavar="COMMAND", help="our program; without it only the peers are measured")
    add("--raw", action="store_true", help="ours is a worker for raw samples")
    add("--systems", type=known, metavar="NAMES", help=f"some of ours,{','.join(systems.PEERS)} (all)")
    add("--rates", type=positive, nargs="+", default=[22050, 44100], metavar="HZ")
    add("--stretch", type=ratio, nargs="*", default=[0.8, 0.9, 1.1, 1.2], metavar="RATE")
    add("--shift", type=float, nargs="*", default=[2.0, -2.0], metavar="SEMITONES")
    add("--music", metavar="FOLDER", help="real music, for length and level")
    add("--music-files", type=positive, default=10, metavar="N", help="how many of its files (10)")
    add("--each", action="store_true", help="a table for each change, not for all of a kind")
    add("--timing", action="store_true", help="measure time instead")
    add("--rounds", type=positive, default=5, metavar="N", help="turns that are timed (5)")
    add("--json", action="store_true", help="print JSON; the tables go to standard error")
    chosen = parser.parse_args()
    chosen.systems = chosen.systems or [*(["ours"] if chosen.ours else []), *systems.PEERS]
    if "ours" in chosen.systems and not chosen.ours:
        parser.error("the system ours needs --ours COMMAND")
    if not chosen.stretch and not chosen.shift:
        parser.error("--stretch or --shift has to name something to do")
    return chosen


def known(text):
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name != "ours" and name not in systems.PEERS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown systems {unknown}: ours or {', '.join(systems.PEERS)}")
    return names


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def ratio(text):
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def present(chosen):
    found = {}
    for name in chosen.systems:
        try:
            found[name] = own(chosen) if name == "ours" else systems.PEERS[name]()
        except systems.Missing as error:
            print(f"{name} skipped: {error}", file=sys.stderr)
    return found


def own(chosen):
    return commands.Raw("ours", chosen.ours) if chosen.raw else commands.ours(chosen.ours)


def measured(chosen, found, changes, failed):
    """The figures of every change, and their summaries by kind."""
    every, summaries = [], []
    for sr in chosen.rates:
        music = quality.read_music(chosen.music, sr, chosen.music_files) if chosen.music else []
        for group in changes:
            for name in list(found):
                try:
                    rows = [quality.measure(found[name], sr, change, music) for change in group]
                except Exception as error:  # Whatever a peer raises, the others go on.
                    failed(name, error)
                    del found[name]
                    continue
                every += rows
                summaries.append(quality.summary(rows))
    return every, summaries


def main():
    chosen = arguments()
    found, failures = present(chosen), []
    kinds = [[Change(STRETCH, r) for r in chosen.stretch], [Change(SHIFT, s) for s in chosen.shift]]
    single = [change for group in kinds for change in group]
    groups = [[change] for change in single] if chosen.each else [group for group in kinds if group]

    def failed(name, error):
        print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
        failures.append(name)

    if chosen.timing:
        rows = list(timing.measure(found, chosen.rates, single, chosen.rounds, failed))
        figures, text = rows, report.timing(rows)
    else:
        every, rows = measured(chosen, found, groups, failed)
        figures, text = {"changes": every, "summaries": rows}, report.quality(rows)
    print(text, file=sys.stderr if chosen.json else sys.stdout)
    if chosen.json:
        print(json.dumps(figures, indent=1))
    return 1 if "ours" in failures else 0


if __name__ == "__main__":
    sys.exit(main())

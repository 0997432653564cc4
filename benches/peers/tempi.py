"""Tempi and beats of librosa or essentia on the tracks that `tempo_report` writes.

    cargo run --release -p sarangi-features --example tempo_report -- FOLDER
    python benches/peers/tempi.py FOLDER librosa degara multifeature

A tempo is right within 4 %, a beat within 70 ms. Needs librosa 0.11.0, essentia 2.1b6.dev1389;
essentia is given the sound at 44,100 Hz, as it asks for, by its own resampling.
"""

import json
import sys
from pathlib import Path

import numpy as np

RATE = 22_050


def tracker(name):
    if name == "librosa":
        import librosa

        def track(y):
            tempo, beats = librosa.beat.beat_track(y=y, sr=RATE, units="time")
            return float(np.atleast_1d(tempo)[0]), beats

        return track
    import essentia.standard as es

    double = es.Resample(inputSampleRate=RATE, outputSampleRate=2 * RATE)
    extractor = es.RhythmExtractor2013(method=name)
    return lambda y: extractor(double(y))[:2]


def f_measure(beats, found):
    matched, i, j = 0, 0, 0
    while i < len(beats) and j < len(found):
        if abs(beats[i] - found[j]) <= 0.07:
            matched, i, j = matched + 1, i + 1, j + 1
        elif beats[i] < found[j]:
            i += 1
        else:
            j += 1
    return 2 * matched / max(1, len(beats) + len(found))


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    tracks = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    for name in names:
        track, sets = tracker(name), {}
        for row in tracks:
            tempo, beats = track(np.fromfile(folder / f"{row['n']:03d}.f32", dtype="<f4"))
            ratio = tempo / row["bpm"]
            right = abs(ratio - 1) <= 0.04
            octave = abs(ratio / 2 - 1) <= 0.04 or abs(ratio * 2 - 1) <= 0.04
            sets.setdefault(row["set"], []).append((right, octave, f_measure(row["beats"], beats)))
        for key, rows in sets.items():
            right, octave, f = np.sum(rows, axis=0)
            print(f"{key}, {name}: {right:.0f} of {len(rows)}, {octave:.0f}, {len(rows) - right - octave:.0f}; {f / len(rows):.3f}", flush=True)


if __name__ == "__main__":
    main()

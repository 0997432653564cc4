"""Beats and onsets of the files of a folder beside librosa's, from the same samples.

    python benches/peers/real_beats.py FOLDER [--program target/release/sarangi] [--json FILE]

The program decodes each file, librosa is given what it decoded. A beat or onset is found if the
other side has one within a frame; F is the mean of both shares' harmonic mean, over files. The
files that differ are named with their tempi. Needs librosa 0.11.0.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import librosa
import numpy as np

RATE, HOP = 22_050, 512


def f_measure(ours, theirs, tolerance=1):
    """Each of one side is matched with one of the other at most."""
    if len(ours) == 0 and len(theirs) == 0:
        return 1.0
    matched, i, j = 0, 0, 0
    while i < len(ours) and j < len(theirs):
        if abs(int(ours[i]) - int(theirs[j])) <= tolerance:
            matched, i, j = matched + 1, i + 1, j + 1
        elif ours[i] < theirs[j]:
            i += 1
        else:
            j += 1
    return 2.0 * matched / (len(ours) + len(theirs))


def extract(program, feature, source, folder):
    out = folder / feature
    subprocess.run([program, "-q", "extract", "--feature", feature, source, out], check=True)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", default="target/release/sarangi")
    parser.add_argument("--json", type=Path, help="write what each file gave")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        waves = extract(args.program, "waveform", args.folder, work)
        beats = extract(args.program, "beat", args.folder, work)
        onsets = extract(args.program, "onset-detect", args.folder, work)
        for path in sorted(waves.rglob("*.npy")):
            name = path.relative_to(waves)
            y = np.load(path).reshape(-1)
            row = {"file": str(name.with_suffix(""))}
            tempo, frames = librosa.beat.beat_track(y=y, sr=RATE)
            row["tempo"] = float(np.atleast_1d(tempo)[0])
            marks = {"beats": (beats, frames), "onsets": (onsets, librosa.onset.onset_detect(y=y, sr=RATE))}
            for kind, (folder, theirs) in marks.items():
                ours = np.flatnonzero(np.load(folder / name).reshape(-1))
                row[kind] = {
                    "f": f_measure(ours, theirs),
                    "same": bool(np.array_equal(ours, theirs)),
                    "ours": ours.tolist(),
                    "theirs": np.asarray(theirs).tolist(),
                }
            rows.append(row)
    for kind in ("beats", "onsets"):
        f = np.array([row[kind]["f"] for row in rows])
        same = sum(row[kind]["same"] for row in rows)
        print(f"{kind}: {len(rows)} files, F {f.mean():.5f}, least {f.min():.4f}, the same in {same}")
        for row in rows:
            if not row[kind]["same"]:
                x = row[kind]
                print(f"  {row['file']}: F {x['f']:.4f}, {len(x['ours'])} and {len(x['theirs'])}, tempo {row['tempo']:.3f}")
    if args.json:
        args.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()

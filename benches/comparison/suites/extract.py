"""A folder of clips to log-mel files: `sarangi extract` against the loops that people write in Python.

Each clip lasts 10 s. `mp3` clips are 44,100 Hz stereo, which all sides average to one channel and resample to
22,050 Hz; `wav` clips are 22,050 Hz mono, 16 bits. The files of a folder are links to a few clips. A side gets
as many threads or processes as `--threads` says, and its time is that of the whole program, start and all.
The rows of 250 and of 1,000 files show whether memory grows with their number.

librosa is a pool of processes, each of one thread. torchaudio is a DataLoader whose workers write what they
computed; they read with soundfile, since `torchaudio.load` needs torchcodec and FFmpeg.
"""

from comparison.build import Script
from comparison.suite import Aim, Row, Suite

CLIPS = 8
SECONDS = 10
RATES = {"mp3": 44100, "wav": 22050}


def rows():
    for kind in RATES:
        for files in [250, 1000]:
            spec = {"sound": f"{kind}-{files}", "kind": kind, "files": files}
            yield Row(f"extract/log-mel-{kind}-{files}", spec, {"librosa": Aim(), "torchaudio": Aim()})


def material(folder, rows):
    from comparison import sounds  # It needs numpy, which naming the rows does not.

    lacking = {}
    for kind in {row.spec["kind"]: None for row in rows}:
        make = sounds.stereo if kind == "mp3" else sounds.piece
        clips = [folder / f"{seed}.{kind}" for seed in range(CLIPS)]
        reasons = [
            sounds.encode(clip, make(SECONDS, RATES[kind], seed), RATES[kind]) for seed, clip in enumerate(clips)
        ]
        for row in rows:
            if row.spec["kind"] != kind:
                continue
            if any(reasons):
                lacking[row.spec["sound"]] = next(filter(None, reasons))
                continue
            links = folder / row.spec["sound"]
            links.mkdir()
            for index in range(row.spec["files"]):
                (links / f"{index:04}.{kind}").hardlink_to(clips[index % CLIPS])
    return lacking


SUITE = Suite(
    ours="sarangi",
    package="sarangi-cli",
    call=["extract", "--quiet", "--feature", "log-mel", "--threads", "{threads}", "{source}", "{out}"],
    peers={
        "librosa": Script("extract/librosa_pool.py"),
        "torchaudio": Script("extract/torchaudio_loader.py"),
    },
    rows=list(rows()),
    material=material,
)

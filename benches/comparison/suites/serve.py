"""`sarangi serve` against a Flask server in the manner of system 001: uploads of MP3 files of 3 and of 30 s.

Both run the same model, that of the quickstart. The Flask server has a process for each core, ours a worker; both have
the whole machine, also with `--threads 1`, and times are those of the clock. The files are 44,100 Hz stereo.
"""

from comparison.build import ROOT, Script
from comparison.suite import Aim, Row, Suite

MODEL = ROOT / "fixtures" / "checkpoints" / "v1" / "quickstart.safetensors"
REQUESTS = {3: {1: 120, 8: 400, 64: 800}, 30: {1: 24, 8: 64, 64: 128}}
"""Of each length, by the number of clients."""
RATE = 44100


def rows():
    for seconds, loads in REQUESTS.items():
        for clients, requests in loads.items():
            for measure in ["each", "p50", "p99"]:
                spec = {"sound": f"{seconds}s.mp3", "clients": clients, "requests": requests, "measure": measure}
                yield Row(f"serve/{seconds}s/{clients}-clients/{measure}", spec, {"flask": Aim(0.5)})


def material(folder, rows):
    from comparison import sounds  # It needs numpy, which naming the rows does not.

    lacking = {}
    for seconds in REQUESTS:
        file = folder / f"{seconds}s.mp3"
        if reason := sounds.encode(file, sounds.stereo(seconds, RATE), RATE):
            lacking[file.name] = reason
    return lacking


SUITE = Suite(
    ours="sarangi",
    package="sarangi-cli",
    serve=["serve", "--quiet", "--device", "cpu", "--addr", "127.0.0.1:{port}", "{model}"],
    model=MODEL,
    peers={"flask": Script("serve/flask_server.py")},
    rows=list(rows()),
    material=material,
)

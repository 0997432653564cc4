"""A Flask server in the manner of system 001: librosa's features, a network of torch, `POST /predict`.

    flask_server.py --hello                     says who it is, or what it lacks
    flask_server.py MODEL.safetensors PORT      serves, by gunicorn with a process for each core

The upload is decoded to 22,050 Hz mono and cut into chunks of 3 s. Each becomes five channels of 40 × 130: MFCC,
their first and second differences, MFCC averaged between beats, and chroma. One forward pass over all chunks, and the
genre that most of them say. Unlike 001 it begins with the first chunk, so that a sound of 3 s has an answer, and scales
the features as the model file says, so that both sides run the same model.
"""

import io
import json
import os
import struct
import sys
from importlib.metadata import version

try:
    import flask
    import gunicorn.app.base
    import librosa
    import numpy as np
    import torch
    from safetensors.torch import load_file
except ImportError as error:
    print(json.dumps({"missing": str(error)}), flush=True)
    sys.exit()

RATE, CHUNK, BANDS, FRAMES = 22050, 66150, 40, 130


class Network(torch.nn.Module):
    def __init__(self, classes):
        super().__init__()
        nn = torch.nn
        block = lambda a, b: nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(b), nn.MaxPool2d(2))
        self.block1, self.block2 = block(5, 32), block(32, 64)
        self.fc1, self.bn_fc, self.out = nn.Linear(64, 128), nn.BatchNorm1d(128), nn.Linear(128, classes)

    def forward(self, x):
        x = self.block2(self.block1(x)).mean(dim=(2, 3))
        return self.out(self.bn_fc(torch.relu(self.fc1(x))))


def card(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(length))["__metadata__"]["sarangi.recipe"])


def resized(rows):
    x = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))[None, None]
    return torch.nn.functional.interpolate(x, (BANDS, FRAMES), mode="bilinear", align_corners=False)[0, 0].numpy()


def features(y):
    mfcc = librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=BANDS)
    _, beats = librosa.beat.beat_track(y=y, sr=RATE)
    beats = librosa.util.fix_frames(beats, x_min=0, x_max=mfcc.shape[1])
    between = librosa.util.sync(mfcc, beats, aggregate=np.mean)
    chroma = librosa.feature.chroma_stft(y=y, sr=RATE)
    deltas = [librosa.feature.delta(mfcc, order=order) for order in (1, 2)]
    return np.stack([mfcc, *deltas, resized(between), resized(chroma)]).astype(np.float32)


def application(path):
    about = card(path)
    labels, scale = about["labels"], about["normalisation"]
    mean, deviation = (np.array(scale[key], np.float32)[:, None, None] for key in ("mean", "deviation"))
    torch.set_num_threads(1)
    network = Network(len(labels))
    network.load_state_dict(load_file(path), strict=False)
    network.eval()
    app = flask.Flask("peer")

    @app.post("/predict")
    def predict():
        if "file" not in flask.request.files:
            return {"error": "No file uploaded"}, 400
        try:
            y, _ = librosa.load(io.BytesIO(flask.request.files["file"].read()), sr=RATE, mono=True)
            chunks = [y[start : start + CHUNK] for start in range(0, max(len(y) - CHUNK + 1, 1), CHUNK)]
            chunks = [np.pad(chunk, (0, CHUNK - len(chunk))) for chunk in chunks]
            x = (np.stack([features(chunk) for chunk in chunks]) - mean) / deviation
            with torch.inference_mode():
                classes = network(torch.from_numpy(x)).argmax(1).numpy()
            return {"genre": labels[np.bincount(classes).argmax()]}
        except Exception as error:  # As 001 has it.
            return {"error": str(error)}, 500

    return app


class Server(gunicorn.app.base.BaseApplication):
    def __init__(self, path, port):
        self._path, self._port = path, port
        super().__init__()

    def load_config(self):
        settings = {"bind": f"127.0.0.1:{self._port}", "workers": os.cpu_count(), "worker_class": "gthread"}
        settings |= {"threads": 4, "timeout": 300, "backlog": 256, "loglevel": "warning", "preload_app": False}
        for key, value in settings.items():
            self.cfg.set(key, value)

    def load(self):
        return application(self._path)


if __name__ == "__main__":
    if sys.argv[1] == "--hello":
        names = ["flask", "gunicorn", "librosa", "torch"]
        print(json.dumps({"name": ", ".join(f"{name} {version(name)}" for name in names)}), flush=True)
    else:
        Server(sys.argv[1], int(sys.argv[2])).run()

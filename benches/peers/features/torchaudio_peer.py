"""torch and torchaudio, for the suite `features`; transforms are made before."""

import os
import sys

from samples import missing, samples, serve

try:
    import torch
    import torchaudio
    from torchaudio import transforms
except (ImportError, OSError) as error:
    missing(error)
    sys.exit()

SR = 22050
MEL = {"n_fft": 2048, "hop_length": 512, "n_mels": 128, "norm": "slaney", "mel_scale": "slaney", "pad_mode": "constant"}


def log_mel():
    mel = transforms.MelSpectrogram(SR, **MEL)
    scale = transforms.AmplitudeToDB("power", top_db=80)
    return lambda y: scale(mel(y))


def mfcc(n_mfcc):
    return transforms.MFCC(SR, n_mfcc, melkwargs=MEL)


FEATURES = {
    "log-mel": log_mel,
    "mfcc": mfcc,
    "spectral-centroid": lambda: transforms.SpectralCentroid(SR, n_fft=2048, hop_length=512),
}


def compute(spec):
    match spec["op"]:
        case "feature":
            if spec["name"] not in FEATURES:
                raise ValueError(f"no feature {spec['name']!r} here")
            return FEATURES[spec["name"]](**spec["settings"])
        case "stft":
            window = torch.hann_window(spec["n_fft"])
            options = {"window": window, "pad_mode": "constant", "return_complex": True}
            return lambda y: torch.stft(y, spec["n_fft"], spec["hop_length"], **options)
        case "resample":
            return transforms.Resample(spec["from"], spec["to"])
        case other:
            raise ValueError(f"no op {other!r} here")


def build(spec):
    y, transform = torch.from_numpy(samples(spec)), compute(spec)

    @torch.inference_mode()
    def iteration():
        return transform(y)

    return iteration


torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
serve(f"torchaudio {torchaudio.__version__.split('+')[0]}", build)

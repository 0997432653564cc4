"""torchaudio, for the suite `augment`."""

import os
import sys

from sounds import builder, missing, serve

try:
    import torch
    import torchaudio
except ImportError as error:
    missing(error)
    sys.exit()

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
N_FFT, HOP = 2048, 512


def time_stretch(sr, rate):
    vocoder = torchaudio.transforms.TimeStretch(hop_length=HOP, n_freq=N_FFT // 2 + 1)
    window = torch.hann_window(N_FFT)

    def stretch(y):
        spectrum = torch.stft(torch.from_numpy(y), N_FFT, HOP, window=window, return_complex=True)
        return torch.istft(vocoder(spectrum, rate), N_FFT, HOP, window=window, length=round(y.size / rate)).numpy()

    return stretch


def pitch_shift(sr, semitones):
    shift = torchaudio.functional.pitch_shift
    return lambda y: shift(torch.from_numpy(y), sr, semitones, n_fft=N_FFT, hop_length=HOP).numpy()


def low_pass(sr, cutoff_freq, rolloff):
    return lambda y: torchaudio.functional.lowpass_biquad(torch.from_numpy(y), sr, cutoff_freq).numpy()


TRANSFORMS = {"time-stretch": time_stretch, "pitch-shift": pitch_shift, "low-pass": low_pass}

serve(f"torchaudio {torchaudio.__version__.split('+')[0]}", builder(TRANSFORMS))

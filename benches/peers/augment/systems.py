"""The systems that are measured: mono float32 samples, rate or semitones in, samples out.

A package or program that is missing raises `Missing` when its system is made.
"""

import shutil
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version

import numpy as np

from .changes import STRETCH
from .commands import Command, children_ms


class Missing(Exception):
    """What a system needs is not installed."""


class Library:
    """A system within this process."""

    def __init__(self, name, stretch: Callable, shift: Callable):
        self.name, self._stretch, self._shift = name, stretch, shift

    def apply(self, y, sr, change):
        call = self._stretch if change.kind == STRETCH else self._shift
        return np.ascontiguousarray(call(y, sr, change.value), np.float32).reshape(-1)

    def cpu_ms(self, y, sr, change):
        before = time.process_time()
        self.apply(y, sr, change)
        return 1000 * (time.process_time() - before)


def librosa():
    effects = needed("librosa").effects
    return Library(
        label("librosa"),
        lambda y, sr, rate: effects.time_stretch(y, rate=rate),
        lambda y, sr, semitones: effects.pitch_shift(y, sr=sr, n_steps=semitones),
    )


def torchaudio(n_fft=2048, hop=512):
    """With librosa's frames, which its `pitch_shift` does not take by default."""
    torch, audio = needed("torch"), needed("torchaudio")
    torch.set_num_threads(1)
    window = torch.hann_window(n_fft)

    def stretch(y, sr, rate):
        vocoder = audio.transforms.TimeStretch(hop_length=hop, n_freq=n_fft // 2 + 1)
        spectrum = torch.stft(torch.from_numpy(y), n_fft, hop, window=window, return_complex=True)
        return torch.istft(vocoder(spectrum, rate), n_fft, hop, window=window, length=round(len(y) / rate))

    def shift(y, sr, semitones):
        return audio.functional.pitch_shift(torch.from_numpy(y), sr, semitones, n_fft=n_fft, hop_length=hop)

    return Library(label("torchaudio"), stretch, shift)


def signalsmith():
    make = needed("python_stretch").Signalsmith.Stretch

    def run(y, sr, tell):
        stretcher = make()
        stretcher.preset(1, sr)
        tell(stretcher)
        return stretcher.process(y[None])

    return Library(
        label("python-stretch"),
        lambda y, sr, rate: run(y, sr, lambda s: s.setTimeFactor(rate)),
        lambda y, sr, semitones: run(y, sr, lambda s: s.setTransposeSemitones(semitones)),
    )


def audiomentations():
    module = needed("audiomentations")

    def stretch(y, sr, rate):
        return module.TimeStretch(rate, rate, leave_length_unchanged=False, p=1.0)(y, sr)

    return Library(
        label("audiomentations"),
        stretch,
        lambda y, sr, semitones: module.PitchShift(semitones, semitones, p=1.0)(y, sr),
    )


def pedalboard():
    """Rubber Band's R3; formants are left to move with the pitch, as in all the others."""
    run = needed("pedalboard").time_stretch
    return Library(
        label("pedalboard"),
        lambda y, sr, rate: run(y, sr, stretch_factor=rate),
        lambda y, sr, semitones: run(y, sr, pitch_shift_in_semitones=semitones, preserve_formants=False),
    )


def pyrubberband():
    module = needed("pyrubberband")
    program("rubberband")
    return ByPrograms(label("pyrubberband"), module.time_stretch, module.pitch_shift)


class ByPrograms(Library):
    """A library that starts programs: their time counts."""

    def cpu_ms(self, y, sr, change):
        own, children = time.process_time(), children_ms()
        self.apply(y, sr, change)
        return 1000 * (time.process_time() - own) + children_ms() - children


def rubberband(engine):
    path = program("rubberband")

    def arguments(source, out, change):
        how = ["--tempo", str(change.value)] if change.kind == STRETCH else ["--pitch", str(change.value)]
        return [path, "-q", f"-{engine}", *how, source, out]

    return Command(f"rubberband R{engine}", arguments)


def sox():
    """`tempo -m`, its settings for music, and `pitch`, which counts in cents."""
    path = program("sox")

    def arguments(source, out, change):
        how = ["tempo", "-m", str(change.value)] if change.kind == STRETCH else ["pitch", str(100 * change.value)]
        return [path, "-D", source, "-e", "float", "-b", "32", out, *how]

    return Command("sox", arguments)


PEERS = {
    "librosa": librosa,
    "torchaudio": torchaudio,
    "rubberband-r2": lambda: rubberband(2),
    "rubberband-r3": lambda: rubberband(3),
    "pedalboard": pedalboard,
    "pyrubberband": pyrubberband,
    "signalsmith": signalsmith,
    "audiomentations": audiomentations,
    "sox": sox,
}


def needed(module):
    try:
        return import_module(module)
    except (ImportError, OSError) as error:
        raise Missing(str(error)) from error


def program(name):
    path = shutil.which(name)
    if path is None:
        raise Missing(f"no program {name} on the path")
    return path


def label(package):
    return f"{package} {version(package)}"

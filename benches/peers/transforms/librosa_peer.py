"""librosa, for the suite `augment`."""

import sys

from sounds import builder, missing, serve

try:
    import librosa
except ImportError as error:
    missing(error)
    sys.exit()

TRANSFORMS = {
    "time-stretch": lambda sr, rate: lambda y: librosa.effects.time_stretch(y, rate=rate),
    "pitch-shift": lambda sr, semitones: lambda y: librosa.effects.pitch_shift(y, sr=sr, n_steps=semitones),
}

serve(f"librosa {librosa.__version__}", builder(TRANSFORMS))

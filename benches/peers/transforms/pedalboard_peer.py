"""pedalboard, for the suite `augment`."""

import sys
from importlib.metadata import version

from sounds import builder, missing, serve

try:
    import pedalboard
except ImportError as error:
    missing(error)
    sys.exit()


def time_stretch(sr, rate):
    return lambda y: pedalboard.time_stretch(y, sr, stretch_factor=rate)[0]


def plugin(make):
    """A plug-in, which forgets what was before."""

    def of(sr, **settings):
        effect = make(**settings)
        return lambda y: effect.process(y, sr, reset=True)

    return of


TRANSFORMS = {
    "time-stretch": time_stretch,
    "pitch-shift": plugin(lambda semitones: pedalboard.PitchShift(semitones)),
    "reverb": plugin(lambda **_: pedalboard.Reverb()),
    "low-pass": plugin(lambda cutoff_freq, **_: pedalboard.LowpassFilter(cutoff_freq)),
    "limiter": plugin(lambda threshold_db, release, **_: pedalboard.Limiter(threshold_db, 1e3 * release)),
    "bit-crush": plugin(lambda bit_depth: pedalboard.Bitcrush(bit_depth)),
}

serve(f"pedalboard {version('pedalboard')}", builder(TRANSFORMS))

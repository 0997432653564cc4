"""Transforms of 30 s of sound against the libraries that have them: plans made before, one thread.

Specs: `name` and `settings` of `sarangi augment`, `rate` in Hz, and `sound`, a file of f32 samples in `folder`.
Every number is given, so that nothing is drawn but noise, and the places of the equaliser's bands.

What the peers compute where it is not what the row says:

- audiomentations' stretch and shift are Signalsmith's (python-stretch); its noise comes from numpy's generator,
  its `Resample` goes to the lower rate and does not come back.
- pedalboard's stretch and shift are Rubber Band's, its reverb is Freeverb with its defaults, its low-pass has
  one pole, its limiter is JUCE's.
- torchaudio's shift is a plain phase vocoder, its low-pass one biquad.

Values are not compared here: the golden files of `sarangi-augment` do that for what is meant to be the same.
"""

from comparison.build import Script
from comparison.suite import Aim, Row, Suite

SOUNDS = {22050: "clip-30s.f32", 44100: "clip-30s-44100.f32"}

PEERS = {name: Script(f"transforms/{name}_peer.py") for name in ["librosa", "audiomentations", "pedalboard", "torchaudio"]}

BEAT, MEASURE = Aim(1.0), Aim()


def row(name, peers, settings, hz=22050, label=None):
    spec = {"name": name, "settings": settings, "rate": hz, "sound": SOUNDS[hz]}
    return Row("/".join(filter(None, [name, label])), spec, peers)


def rows():
    vocoders = {"librosa": Aim(0.4), "audiomentations": BEAT, "pedalboard": BEAT, "torchaudio": MEASURE}
    for hz in SOUNDS:
        for rate in [0.8, 1.2]:
            yield row("time-stretch", vocoders, {"rate": rate}, hz, f"{rate}-{hz}")
        for semitones in [2, -2]:
            yield row("pitch-shift", vocoders, {"semitones": semitones}, hz, f"{semitones:+d}-{hz}")
    both = {"audiomentations": BEAT, "pedalboard": MEASURE}
    one = {"audiomentations": BEAT}
    yield row("gaussian-noise", one, {"amplitude": 0.01})
    yield row("color-noise", one, {"snr_db": 15, "f_decay": -3})
    yield row("reverb", {"pedalboard": MEASURE}, {"decay": 1.0, "pre_delay": 0.02, "wet_db": -6, "damping": 5000})
    yield row("air-absorption", one, {"temperature": 20, "humidity": 50, "distance": 50})
    yield row("low-pass", both | {"torchaudio": MEASURE}, {"cutoff_freq": 2000, "rolloff": 12})
    yield row("seven-band-parametric-eq", one, {"gain_db": [6, -6, 3, -3, 6, -6, 3]})
    yield row("limiter", both, {"threshold_db": -12, "attack": 0.005, "release": 0.2})
    yield row("loudness-normalization", one, {"lufs": -20})
    yield row("resample-jitter", one, {"sample_rate": 11025})
    yield row("aliasing", one, {"sample_rate": 11025})
    yield row("clipping-distortion", one, {"percentile_threshold": 20})
    yield row("tanh-distortion", one, {"distortion": 0.4})
    yield row("bit-crush", both, {"bit_depth": 8})


def material(folder, rows):
    from comparison import sounds  # It needs numpy, which naming the rows does not.

    for rate in {row.spec["rate"] for row in rows}:
        sounds.piece(30, rate).tofile(folder / SOUNDS[rate])
    return {}


SUITE = Suite(ours="augment-worker", peers=PEERS, rows=list(rows()), material=material)

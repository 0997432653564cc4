"""All that is measured of one system with one change at one rate."""

import sys
from functools import cache
from pathlib import Path

import numpy as np

from comparison.sounds import piece

from . import clicks, material, spectra, tones

MUSIC_SECONDS = 10
DIVIDED = 396
"""The least common multiple of the numerators of 4/5, 9/10, 11/10 and 6/5."""


def measure(system, sr, change, music=()):
    """A dictionary of figures; lists hold one for each tone or file."""
    return {
        "system": system.name,
        "sr": sr,
        "change": change.kind,
        "value": change.value,
        **on_tones(system, sr, change),
        **on_clicks(system, sr, change),
        **on_spectra(system, sr, change),
        **there_and_back(system, sr, change),
        **on_music(system, sr, change, music),
    }


def on_tones(system, sr, change):
    cents, snr, errors = [], [], []
    for hz in material.TONES:
        y = material.tone(hz, sr)
        out = system.apply(y, sr, change)
        off, over = tones.measure(out, sr, hz * change.pitch)
        cents.append(off)
        snr.append(over)
        errors.append(len(out) - change.length(len(y)))
    return {"cents": cents, "tone_snr_db": snr, "length_error": max(errors, key=abs)}


def on_clicks(system, sr, change):
    found = clicks.measure(system.apply(material.clicks(sr), sr, change), sr, change)
    return {f"click_{key}": value for key, value in vars(found).items()}


def on_spectra(system, sr, change):
    figures = {}
    for name, make in [("glide", material.glide), ("mix", material.mix)]:
        out = system.apply(make(sr), sr, change)
        convergence, mel = spectra.distance(out, make(sr, change), sr)
        figures |= {f"{name}_convergence_db": convergence, f"{name}_mel_db": mel}
    return figures


def there_and_back(system, sr, change):
    """Changed and changed back, a piece of music should be what it was."""
    y = polyphonic(sr)
    back = system.apply(system.apply(y, sr, change), sr, change.undone)
    convergence, mel = spectra.distance(back, y, sr)
    return {"back_length_error": len(back) - len(y), "back_convergence_db": convergence, "back_mel_db": mel}


@cache
def polyphonic(sr):
    """As long as the usual rates divide without a rest, so that the way back can be exact."""
    y = piece(MUSIC_SECONDS, sr)
    return y[: y.size // DIVIDED * DIVIDED]


def on_music(system, sr, change, music):
    """Without anything to compare with: the length, and how much louder it becomes."""
    errors, gains = [], []
    for y in music:
        out = system.apply(y, sr, change)
        errors.append(len(out) - change.length(len(y)))
        gains.append(level(out) - level(y))
    return {"music_length_error": errors, "music_gain_db": gains}


def level(y):
    return float(10 * np.log10(np.mean(np.square(y, dtype=np.float64)) + 1e-12))


def read_music(folder, sr, most):
    """The first seconds of files of a folder, evenly chosen, mono at the rate."""
    import soundfile
    import soxr

    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in {".wav", ".flac", ".ogg", ".mp3"})
    music = []
    for path in paths[:: max(1, -(-len(paths) // most))]:
        try:
            with soundfile.SoundFile(path) as file:
                y = file.read(MUSIC_SECONDS * file.samplerate, dtype="float32", always_2d=True).mean(axis=1)
                music.append(soxr.resample(y, file.samplerate, sr))
        except soundfile.LibsndfileError as error:
            print(f"{path} skipped: {error}", file=sys.stderr)
    return music


def summary(rows):
    """Rows of one system, kind and rate as one: the worst of what must be exact, the mean of the rest."""

    def gather(key):
        return np.hstack([row[key] for row in rows])

    def mean(key):
        return float(np.mean(gather(key)))

    def worst(key):
        values = gather(key)
        return float(values[np.abs(values).argmax()]) if values.size else None

    heard = {"music_gain_db": None, "music_gain_worst_db": None}
    if gather("music_gain_db").size:
        heard = {"music_gain_db": mean("music_gain_db"), "music_gain_worst_db": worst("music_gain_db")}
    means = [
        "click_width_ms", "click_offset_ms", "click_jitter_ms", "click_pre_echo_db",
        "glide_convergence_db", "glide_mel_db", "mix_convergence_db", "mix_mel_db",
        "back_convergence_db", "back_mel_db",
    ]  # fmt: skip
    return {
        "system": rows[0]["system"],
        "change": rows[0]["change"],
        "sr": rows[0]["sr"],
        "values": [row["value"] for row in rows],
        "max_cents": abs(worst("cents")),
        "mean_cents": float(np.mean(np.abs(gather("cents")))),
        "tone_snr_db": float(np.mean([np.median(row["tone_snr_db"]) for row in rows])),
        "length_error": int(worst("length_error")),
        "back_length_error": int(worst("back_length_error")),
        "music_length_error": None if (error := worst("music_length_error")) is None else int(error),
        **{key: mean(key) for key in means},
        **heard,
    }

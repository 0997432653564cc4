"""The sounds that the suites measure with: a seeded piece of chords, bass, drums and a melody.

All sides read them from files that are made once in a run, so that all have the same: f32 samples and
nothing else (`.f32`), or encoded by libsndfile, through the package soundfile.
"""

import numpy as np

BPM = 112.0
CHORDS = [(0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)]
"""In semitones above C; two beats each."""
SCALE = [0, 2, 4, 7, 9, 12, 14, 16]


def piece(seconds, rate, seed=1):
    """Mono, float32, within ±1; 12 cents sharp, so that there is a tuning to be estimated."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    y = 0.001 * rng.standard_normal(t.size)
    beat = 60 / BPM
    for index in range(int(seconds / beat) + 1):
        chord = CHORDS[index // 2 % len(CHORDS)]
        for step in chord:
            add(y, t, rate, index * beat, beat, 0.05, note(48 + step), partials=6, decay=2.0)
        add(y, t, rate, index * beat, beat, 0.15, note(36 + chord[0]), partials=4, decay=4.0)
        for half in range(2):
            melody = note(72 + rng.choice(SCALE))
            add(y, t, rate, (index + half / 2) * beat, beat / 2, 0.08, melody, partials=5, decay=5.0)
            burst(y, rate, (index + half / 2) * beat, 0.05, 0.08, 60.0, rng)
        kick(y, rate, index * beat)
        if index % 2:
            burst(y, rate, index * beat, 0.2, 0.2, 20.0, rng)
    return (0.9 * y / np.abs(y).max()).astype(np.float32)


def note(midi):
    return 440.0 * 2 ** ((midi - 69 + 0.12) / 12)


def span(y, rate, start, length):
    first = int(start * rate)
    part = y[first : first + int(length * rate)]
    return part, np.arange(part.size) / rate


def add(y, t, rate, start, length, level, hz, partials, decay):
    part, since = span(y, rate, start, length)
    envelope = level * np.exp(-decay * since) * np.minimum(1, since / 0.005)
    for k in range(1, partials + 1):
        if k * hz < 0.45 * rate:
            part += envelope / k * np.sin(2 * np.pi * k * hz * since)


def burst(y, rate, start, length, level, decay, rng):
    part, since = span(y, rate, start, length)
    part += level * np.exp(-decay * since) * rng.standard_normal(part.size)


def kick(y, rate, start):
    part, since = span(y, rate, start, 0.25)
    part += 0.4 * np.exp(-18 * since) * np.sin(2 * np.pi * (45 * since + 3 * (1 - np.exp(-40 * since))))


def stereo(seconds, rate, seed=1):
    left = piece(seconds, rate, seed)
    return np.stack([left, 0.7 * left + 0.3 * np.roll(left, rate // 100)], axis=1)


def encode(path, samples, rate):
    """Writes a file in the format that its name ends in; the reason if that cannot be."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        return f"{path.name} is made with soundfile: {error}"
    options = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    try:
        with soundfile.SoundFile(path, "w", rate, channels, options[path.suffix[1:]]) as file:
            for start in range(0, len(samples), rate):  # All of it at once overflows Vorbis' stack.
                file.write(samples[start : start + rate])
    except soundfile.LibsndfileError as error:
        path.unlink(missing_ok=True)
        return f"{path.name} could not be made: {error}"
    return None

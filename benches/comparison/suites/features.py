"""Features against the libraries that compute them: one clip, plans made before, one thread.

Specs, by their `op`; `sound` is a file in `folder`, f32 samples at 22,050 Hz unless it says otherwise.

- `feature`: `name` and `settings` of `sarangi extract`; all else as librosa 0.11 has it.
- `stft`: complex, `n_fft`, `hop_length`, Hann, centred, zeros beyond the ends.
- `hpss`: the harmonic and the percussive sound, two rows.
- `cwt`: Morlet with w0 = 6, `n_bins` scales, `bins_per_octave`, from `fmin`; a complex value at each sample.
- `resample`: mono, `from` one rate `to` another.
- `load`: decode, average the channels, resample to `rate`.
- `decode`: all channels as they are.

What the peers compute where it is not what the row says:

- torchaudio resamples by its default, a short windowed sinc that lets far more alias than the others.
  Its mel features have librosa's settings.
- essentia goes frame by frame in Python, as its own examples do: `MelBands` and `MFCC` with librosa's bands,
  `HPCP` of the spectral peaks as chroma, without tuning, and `RhythmExtractor2013` with the method `degara`
  as beats, given the sound at 44,100 Hz, which it wants. It resamples at its default quality.
- kaldi-native-fbank has kaldi's frames (none reaches beyond the ends) and natural logarithms.
- audioflux does not centre its frames and estimates no tuning; its chroma from the CQT has 12 bins per
  octave. Its wavelet transform takes powers of two: 65,536 of the samples of 3 s. More end its process, so
  that 30 s are not asked of it.
- mel_spec gives natural logarithms without a floor below the maximum, frame after frame.
- spectrograms has a fixed floor instead of one below the maximum, and a chroma without tuning.
- rosa is double precision and keeps no plans.
- scalet chooses its scales itself; with the voices per octave that come nearest to 84 it has 86.
- fastcwt transforms powers of two, so that the sound gets zeros up to one; it filters one buffer again and
  again, in double precision, and gives back what is left after the last scale. Its time is that of one
  transform for each scale all the same.
- rubato is called on the whole clip at once.

In librosa's five channels what needs a mel spectrogram shares one, as its interface allows. `scalogram`
of the wavelet libraries is their transform, then the power of every 512th value in dB.

What a peer lacks is not in its rows. The values are compared where a row has a tolerance for it: librosa's
and torchaudio's with librosa's settings within that of the golden files, decoded samples to the bit, and
resampled ones within a tenth of the peak, since filters differ near the Nyquist frequency.
"""

from comparison.build import Crate, Script
from comparison.suite import Aim, Row, Suite

CLIP, CHUNK, CLIP_44 = "clip-30s.f32", "clip-3s.f32", "clip-30s-44100.f32"
CLOSE = 1e-4
"""What librosa and Sarangi may differ by: the tolerance of the golden files, of the peak."""


def script(name):
    return Script(f"features/{name}_peer.py")


PEERS = {
    "librosa": script("librosa"),
    "torchaudio": script("torchaudio"),
    "essentia": script("essentia"),
    "kaldi-native-fbank": script("kaldi"),
    "audioflux": script("audioflux"),
    "soxr": script("soxr"),
    "soundfile": script("soundfile"),
    "PyWavelets": script("pywavelets"),
    "ssqueezepy": script("ssqueezepy"),
    **{name: Crate(name) for name in ["mel_spec", "spectrograms", "rosa", "fastcwt", "scalet", "rubato"]},
}


def librosa(speedup, same=CLOSE):
    return {"librosa": Aim(1 / speedup, same)}


def others(*names, **speedups):
    """Peers that are measured with no aim, or with one."""
    return {name: Aim() for name in names} | {name: Aim(1 / speedup) for name, speedup in speedups.items()}


def feature(id, name, peers, sound=CLIP, **settings):
    return Row(id, {"op": "feature", "name": name, "settings": settings, "sound": sound}, peers)


def wavelets(id, sound, peers):
    spec = {"op": "cwt", "fmin": 32.703195662574829, "n_bins": 84, "bins_per_octave": 12, "sound": sound}
    return Row(id, spec, peers)


def load(kind, speedup):
    spec = {"op": "load", "rate": 22050, "sound": f"clip.{kind}"}
    # Resamplers differ above 0.94 of the Nyquist frequency; what lies there is quiet.
    return Row(f"load-{kind}-44100-stereo", spec, librosa(speedup, same=0.1) | others("essentia", "rosa"))


def rows():
    yield feature(
        "log-mel-128",
        "log-mel",
        librosa(5)
        | {"torchaudio": Aim(1 / 3.5, CLOSE), "mel_spec": Aim(1 / 1.3)}
        | others("essentia", "kaldi-native-fbank", "audioflux", "spectrograms", "rosa"),
    )
    yield feature(
        "mfcc-40",
        "mfcc",
        librosa(5)
        | {"torchaudio": Aim(None, CLOSE)}
        | others("essentia", "kaldi-native-fbank", "audioflux", "spectrograms", "rosa"),
        n_mfcc=40,
    )
    yield Row(
        "stft-2048-512",
        {"op": "stft", "n_fft": 2048, "hop_length": 512, "sound": CLIP},
        librosa(4) | {"torchaudio": Aim(None, CLOSE)} | others("audioflux", "spectrograms", "rosa"),
    )
    chroma = others("essentia", "audioflux", "spectrograms", "rosa")
    yield feature("chroma-stft", "chroma-stft", librosa(6) | chroma)
    yield feature("chroma-cqt", "chroma-cqt", librosa(4) | others("audioflux", "rosa"))
    yield feature("cqt-84", "cqt", librosa(4) | others("audioflux", "rosa"))
    yield feature("beat", "beat", librosa(6, same=0) | others("essentia", "rosa"))
    yield feature("tempogram", "tempogram", librosa(6) | others("rosa"))
    yield Row("hpss", {"op": "hpss", "sound": CLIP}, librosa(10))
    faster = others("ssqueezepy", PyWavelets=20, fastcwt=1, scalet=1)
    yield wavelets("cwt-morlet-84/3s", CHUNK, faster | others(audioflux=1))
    yield wavelets("cwt-morlet-84/30s", CLIP, faster)
    for length, sound in [("3s", CHUNK), ("30s", CLIP)]:
        yield feature(f"scalogram-84/{length}", "scalogram", others("PyWavelets", "ssqueezepy"), sound)
    yield feature("five-channel/3s", "five-channel", librosa(9), CHUNK)
    yield feature("spectral-centroid", "spectral-centroid", {"librosa": Aim(None, CLOSE)} | others("torchaudio", "rosa"))
    yield feature("spectral-contrast", "spectral-contrast", {"librosa": Aim(None, CLOSE)} | others("rosa"))
    yield feature("spectral-flatness", "spectral-flatness", {"librosa": Aim(None, CLOSE)} | others("rosa"))
    yield Row(
        "resample-44100-to-22050",
        {"op": "resample", "from": 44100, "to": 22050, "sound": CLIP_44},
        {"soxr": Aim(1.5, 0.1)} | others("librosa", "torchaudio", "essentia", "audioflux", "rubato", "rosa"),
    )
    yield load("mp3", 1.3)
    yield load("flac", 2)
    yield load("ogg", 2)
    spec = {"op": "decode", "sound": "clip.wav"}
    yield Row("decode-wav-44100-stereo", spec, {"soundfile": Aim(1.0, 0)})


def material(folder, rows):
    from comparison import sounds  # It needs numpy, which naming the rows does not.

    lacking = {}
    wanted = {row.spec["sound"] for row in rows}
    for name, seconds, rate in [(CLIP, 30, 22050), (CHUNK, 3, 22050), (CLIP_44, 30, 44100)]:
        if name in wanted:
            sounds.piece(seconds, rate).tofile(folder / name)
    encoded = sorted(name for name in wanted if not name.endswith(".f32"))
    both = sounds.stereo(30, 44100) if encoded else None
    for name in encoded:
        if reason := sounds.encode(folder / name, both, 44100):
            lacking[name] = reason
    return lacking


SUITE = Suite(ours="features-worker", peers=PEERS, rows=list(rows()), material=material)

//! What the page says of each feature that its code does not say already.

/// A feature of the catalogue, or a plan beside it.
pub(crate) struct Entry {
    /// The name in the catalogue; for a plan that of its picture.
    pub(crate) name: &'static str,
    /// The specification's type, and the file below `src` that it is in.
    pub(crate) spec: &'static str,
    pub(crate) file: &'static str,
    /// What the values are.
    pub(crate) unit: &'static str,
    /// The same elsewhere.
    pub(crate) like: &'static str,
    /// A setting that changes it, as for `--set`; empty if there is none.
    pub(crate) set: &'static str,
}

const fn entry(
    name: &'static str,
    [spec, file]: [&'static str; 2],
    unit: &'static str,
    like: &'static str,
    set: &'static str,
) -> Entry {
    Entry {
        name,
        spec,
        file,
        unit,
        like,
        set,
    }
}

/// Every feature of the catalogue, in the order in which the page has them, under headings.
pub(crate) const FEATURES: &[(&str, &[Entry])] = &[
    (
        "Sound and spectra",
        &[
            entry(
                "waveform",
                ["SamplesSpec", "samples.rs"],
                "amplitude, ±1",
                "`librosa.display.waveshow` draws it",
                "",
            ),
            entry(
                "stft-magnitude",
                ["StftMagnitudeSpec", "spectrogram.rs"],
                "amplitude; drawn in dB below the largest",
                "`abs(librosa.stft(y))`",
                "n_fft=4096",
            ),
            entry(
                "power",
                ["PowerSpec", "spectrogram.rs"],
                "power; drawn in dB below the largest",
                "`abs(librosa.stft(y)) ** 2`",
                "hop_length=256",
            ),
            entry(
                "log-spectrogram",
                ["LogSpectrogramSpec", "log_spectrogram.rs"],
                "dB",
                "`librosa.amplitude_to_db(abs(librosa.stft(y)))`",
                "ref=max",
            ),
            entry(
                "mel",
                ["MelSpec", "mel.rs"],
                "power; drawn in dB below the largest",
                "`librosa.feature.melspectrogram`",
                "n_mels=64",
            ),
            entry(
                "log-mel",
                ["LogMelSpec", "log_mel.rs"],
                "dB",
                "`librosa.power_to_db(librosa.feature.melspectrogram(…))`",
                "ref=max",
            ),
            entry(
                "pcen",
                ["PcenSpec", "pcen.rs"],
                "none",
                "`librosa.pcen` of a mel spectrogram",
                "gain=0.8",
            ),
            entry(
                "harmonic",
                ["HarmonicSpec", "hpss/feature.rs"],
                "amplitude; drawn in dB below the largest",
                "`librosa.decompose.hpss(abs(librosa.stft(y)))[0]`",
                "margin=2.0",
            ),
            entry(
                "percussive",
                ["PercussiveSpec", "hpss/feature.rs"],
                "amplitude; drawn in dB below the largest",
                "`librosa.decompose.hpss(abs(librosa.stft(y)))[1]`",
                "margin=2.0",
            ),
            entry(
                "kaldi-fbank",
                ["KaldiFbankSpec", "kaldi/fbank.rs"],
                "natural logarithm of power",
                "`torchaudio.compliance.kaldi.fbank` without dither",
                "num_mel_bins=80",
            ),
        ],
    ),
    (
        "Cepstra",
        &[
            entry(
                "mfcc",
                ["MfccSpec", "mfcc.rs"],
                "dB, transformed",
                "`librosa.feature.mfcc`",
                "n_mfcc=40",
            ),
            entry(
                "delta",
                ["DeltaSpec", "delta.rs"],
                "dB per frame, transformed",
                "`librosa.feature.delta` of MFCC",
                "width=5",
            ),
            entry(
                "delta2",
                ["DeltaSpec", "delta.rs"],
                "dB per frame², transformed",
                "`librosa.feature.delta(…, order=2)` of MFCC",
                "width=5",
            ),
            entry(
                "kaldi-mfcc",
                ["KaldiMfccSpec", "kaldi/mfcc.rs"],
                "logarithm of power, transformed",
                "`torchaudio.compliance.kaldi.mfcc` without dither",
                "num_ceps=20",
            ),
        ],
    ),
    (
        "Pitch and harmony",
        &[
            entry(
                "cqt",
                ["CqtSpec", "constant_q/cqt.rs"],
                "amplitude; drawn in dB below the largest",
                "`abs(librosa.cqt(y))`",
                "bins_per_octave=24",
            ),
            entry(
                "vqt",
                ["VqtSpec", "constant_q/vqt.rs"],
                "amplitude; drawn in dB below the largest",
                "`abs(librosa.vqt(y))`",
                "gamma=20.0",
            ),
            entry(
                "hybrid-cqt",
                ["HybridCqtSpec", "constant_q/hybrid_cqt.rs"],
                "amplitude; drawn in dB below the largest",
                "`abs(librosa.hybrid_cqt(y))`",
                "n_bins=72",
            ),
            entry(
                "scalogram",
                ["ScalogramSpec", "wavelet/scalogram.rs"],
                "dB",
                "power of ssqueezepy's and PyWavelets' `cwt`",
                "bins_per_octave=24",
            ),
            entry(
                "chroma-stft",
                ["ChromaStftSpec", "chroma_stft.rs"],
                "share of the largest class",
                "`librosa.feature.chroma_stft`",
                "tuning=0.0",
            ),
            entry(
                "chroma-cqt",
                ["ChromaCqtSpec", "chroma_cqt.rs"],
                "share of the largest class",
                "`librosa.feature.chroma_cqt`",
                "n_octaves=6",
            ),
            entry(
                "chroma-cens",
                ["ChromaCensSpec", "chroma_cens.rs"],
                "none, of length 1",
                "`librosa.feature.chroma_cens`",
                "win_len_smooth=21",
            ),
            entry(
                "tonnetz",
                ["TonnetzSpec", "tonnetz.rs"],
                "none",
                "`librosa.feature.tonnetz`",
                "n_octaves=6",
            ),
            entry(
                "yin",
                ["YinSpec", "pitch/yin.rs"],
                "Hz",
                "`librosa.yin`",
                "fmin=80",
            ),
            entry(
                "pyin",
                ["PyinSpec", "pitch/pyin.rs"],
                "Hz; 0 or 1; probability",
                "`librosa.pyin`, whose three arrays are the rows",
                "fmin=80",
            ),
        ],
    ),
    (
        "Shape of spectra, and levels",
        &[
            entry(
                "spectral-centroid",
                ["SpectralCentroidSpec", "spectral/centroid.rs"],
                "Hz",
                "`librosa.feature.spectral_centroid`",
                "n_fft=4096",
            ),
            entry(
                "spectral-bandwidth",
                ["SpectralBandwidthSpec", "spectral/bandwidth.rs"],
                "Hz",
                "`librosa.feature.spectral_bandwidth`",
                "p=3.0",
            ),
            entry(
                "spectral-rolloff",
                ["SpectralRolloffSpec", "spectral/rolloff.rs"],
                "Hz",
                "`librosa.feature.spectral_rolloff`",
                "roll_percent=0.95",
            ),
            entry(
                "spectral-contrast",
                ["SpectralContrastSpec", "spectral/contrast.rs"],
                "dB",
                "`librosa.feature.spectral_contrast`",
                "n_bands=5",
            ),
            entry(
                "spectral-flatness",
                ["SpectralFlatnessSpec", "spectral/flatness.rs"],
                "1 for noise, 0 for a tone",
                "`librosa.feature.spectral_flatness`",
                "n_fft=1024",
            ),
            entry(
                "spectral-flux",
                ["SpectralFluxSpec", "spectral/flux.rs"],
                "amplitude",
                "essentia's `Flux`; not in librosa",
                "rectify=true",
            ),
            entry(
                "zero-crossing-rate",
                ["ZeroCrossingRateSpec", "zero_crossing_rate.rs"],
                "share of the samples",
                "`librosa.feature.zero_crossing_rate`",
                "threshold=0.001",
            ),
            entry(
                "rms",
                ["RmsSpec", "rms.rs"],
                "amplitude",
                "`librosa.feature.rms`",
                "frame_length=4096",
            ),
        ],
    ),
    (
        "Rhythm",
        &[
            entry(
                "onset",
                ["OnsetSpec", "rhythm/onset.rs"],
                "dB per frame",
                "`librosa.onset.onset_strength`",
                "aggregate=median",
            ),
            entry(
                "onset-detect",
                ["OnsetDetectSpec", "rhythm/onset_detect.rs"],
                "1 on an onset",
                "`librosa.onset.onset_detect`",
                "delta=0.1",
            ),
            entry(
                "tempogram",
                ["TempogramSpec", "rhythm/tempogram.rs"],
                "share of the largest",
                "`librosa.feature.tempogram`",
                "win_length=192",
            ),
            entry(
                "fourier-tempogram",
                ["FourierTempogramSpec", "rhythm/fourier_tempogram.rs"],
                "magnitude; drawn in dB below the largest",
                "`abs(librosa.feature.fourier_tempogram(…))`",
                "win_length=192",
            ),
            entry(
                "plp",
                ["PlpSpec", "rhythm/plp.rs"],
                "share of the largest",
                "`librosa.beat.plp`",
                "tempo_max=180",
            ),
            entry(
                "beat",
                ["BeatSpec", "rhythm/beat.rs"],
                "1 on a beat",
                "`librosa.beat.beat_track`",
                "method=metrical",
            ),
            entry(
                "beat-mfcc",
                ["BeatMfccSpec", "rhythm/beat_mfcc.rs"],
                "dB, transformed",
                "`librosa.util.sync(mfcc, beats)`, stretched back",
                "n_mfcc=40",
            ),
            entry(
                "beat-sync",
                ["BeatSyncSpec", "rhythm/beat_sync.rs"],
                "those of the feature",
                "`librosa.util.sync(feature, beats)`, stretched back",
                "of=cqt",
            ),
        ],
    ),
    (
        "Features of features",
        &[
            entry(
                "derivative",
                ["DerivativeSpec", "derivative.rs"],
                "those of the feature, per frame",
                "`librosa.feature.delta`",
                "of=chroma-stft",
            ),
            entry(
                "stack",
                ["StackSpec", "stack.rs"],
                "those of the features",
                "`numpy.stack`, after resizing",
                "n_bins=64",
            ),
            entry(
                "five-channel",
                ["FiveChannelSpec", "five_channel.rs"],
                "those of the parts",
                "MFCC, `delta` twice, `util.sync` and `chroma_stft`, stacked",
                "n_mfcc=20",
            ),
            entry(
                "image",
                ["ImageSpec", "image.rs"],
                "0 to 1 in red, green and blue",
                "`matplotlib.image.imsave`, resized",
                "cmap=magma",
            ),
            entry(
                "waveform-image",
                ["WaveformImageSpec", "waveform_image.rs"],
                "0 to 1 in red, green and blue",
                "`librosa.display.waveshow` without axes, but for its symmetry",
                "height=128",
            ),
            entry(
                "join",
                ["JoinSpec", "join.rs"],
                "those of the features",
                "`numpy.concatenate` along the channels",
                "",
            ),
        ],
    ),
];

/// What is not a map of a sound.
pub(crate) const PLANS: &[(&str, Entry)] = &[
    (
        "harmonic and percussive parts as sounds",
        entry(
            "hpss",
            ["HpssSpec", "hpss/separate.rs"],
            "amplitude",
            "`librosa.effects.hpss`",
            "",
        ),
    ),
    (
        "the continuous wavelet transform with its inverse; between the lines the ends are not felt",
        entry(
            "cwt",
            ["CwtSpec", "wavelet/cwt.rs"],
            "amplitude, complex",
            "ssqueezepy's and PyWavelets' `cwt`",
            "",
        ),
    ),
    (
        "discrete wavelets: each level halves the frequencies and the rate",
        entry(
            "dwt",
            ["DwtSpec", "discrete_wavelet/dwt.rs"],
            "amplitude",
            "`pywt.wavedec`, `pywt.waverec`",
            "",
        ),
    ),
    (
        "wavelet packets: both halves are halved again",
        entry(
            "wavelet-packets",
            ["DwtSpec", "discrete_wavelet/dwt.rs"],
            "amplitude",
            "`pywt.WaveletPacket`",
            "",
        ),
    ),
    (
        "a spectrogram whose energy is moved to where it was",
        entry(
            "reassigned",
            ["ReassignedSpec", "reassigned.rs"],
            "amplitude at Hz and seconds",
            "`librosa.reassigned_spectrogram`",
            "",
        ),
    ),
    (
        "the tempo that people tap, with the next best",
        entry(
            "tempo",
            ["TempoSpec", "rhythm/tempo_spec.rs"],
            "beats per minute",
            "not librosa's, which is `Beats::tempo`",
            "",
        ),
    ),
    (
        "a sound of magnitudes alone, by Griffin and Lim's search for phases",
        entry(
            "griffin-lim",
            ["GriffinLimSpec", "inverse/griffin_lim.rs"],
            "amplitude",
            "`librosa.griffinlim`",
            "",
        ),
    ),
    (
        "a magnitude spectrogram of a mel spectrogram",
        entry(
            "mel-to-stft",
            ["MelToStftSpec", "inverse/mel.rs"],
            "amplitude",
            "`librosa.feature.inverse.mel_to_stft`",
            "",
        ),
    ),
    (
        "a sound of a mel spectrogram",
        entry(
            "mel-to-audio",
            ["MelToAudioSpec", "inverse/mel.rs"],
            "amplitude",
            "`librosa.feature.inverse.mel_to_audio`",
            "",
        ),
    ),
    (
        "a mel spectrogram of cepstral coefficients",
        entry(
            "mfcc-to-mel",
            ["MfccToMelSpec", "inverse/mfcc.rs"],
            "power",
            "`librosa.feature.inverse.mfcc_to_mel`",
            "",
        ),
    ),
    (
        "a sound of cepstral coefficients",
        entry(
            "mfcc-to-audio",
            ["MfccToAudioSpec", "inverse/mfcc.rs"],
            "amplitude",
            "`librosa.feature.inverse.mfcc_to_audio`",
            "",
        ),
    ),
];

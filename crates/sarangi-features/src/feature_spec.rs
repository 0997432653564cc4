//! Any feature, by name.

use sarangi_core::{Entry, Error, Feature, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    BeatMfccSpec, BeatSpec, BeatSyncSpec, ChannelFeature, ChromaCensSpec, ChromaCqtSpec,
    ChromaStftSpec, CqtSpec, DeltaSpec, DerivativeSpec, FeatureStream, FiveChannelSpec,
    FourierTempogramSpec, HarmonicSpec, HybridCqtSpec, ImageSpec, JoinSpec, KaldiFbankSpec,
    KaldiMfccSpec, LogMelSpec, LogSpectrogramSpec, MelSpec, MfccSpec, OnsetDetectSpec, OnsetSpec,
    PcenSpec, PercussiveSpec, PlpSpec, PowerSpec, PyinSpec, RmsSpec, SamplesSpec, ScalogramSpec,
    SpectralBandwidthSpec, SpectralCentroidSpec, SpectralContrastSpec, SpectralFlatnessSpec,
    SpectralFluxSpec, SpectralRolloffSpec, StackSpec, StftMagnitudeSpec, Streaming, TempogramSpec,
    TonnetzSpec, VqtSpec, WaveformImageSpec, YinSpec, ZeroCrossingRateSpec,
};

/// Writes the table of features out as [`FeatureSpec`], what builds each, and the catalogue, which
/// therefore cannot disagree.
macro_rules! features {
    (
        one map of each channel:
        $($name:literal, $summary:literal: $variant:ident($spec:ty);)+
        several maps of mono sound:
        $($many_name:literal, $many_summary:literal: $many_variant:ident($many_spec:ty);)+
        and $($also:literal, $also_summary:literal: $also_spec:expr;)+
    ) => {
        /// Any feature of this crate: what a model file stores and a program is asked for.
        ///
        /// Serialised as the fields of the feature with `type` beside them, for example
        /// `{"type": "mfcc", "n_mfcc": 40}`; what is left out has librosa's default.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum FeatureSpec {
            $(#[doc = concat!("`", $name, "`: ", $summary, ".")] $variant($spec),)+
            $(#[doc = concat!("`", $many_name, "`: ", $many_summary, ".")]
              $many_variant($many_spec),)+
        }

        impl FeatureSpec {
            /// All features by the names under which programs know them.
            pub fn catalogue() -> Vec<FeatureEntry> {
                vec![
                    $(Entry {
                        name: $name,
                        summary: $summary,
                        spec: Self::$variant(<$spec>::default()),
                    },)+
                    $(Entry {
                        name: $many_name,
                        summary: $many_summary,
                        spec: Self::$many_variant(<$many_spec>::default()),
                    },)+
                    $(Entry {
                        name: $also,
                        summary: $also_summary,
                        spec: $also_spec,
                    },)+
                ]
            }

            /// The name under which programs know it. Both derivatives of MFCC are `delta`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                    $(Self::$many_variant(_) => $many_name,)+
                }
            }

            /// Builds a feature that makes one map of each channel, and can therefore be a part of
            /// another.
            ///
            /// # Errors
            /// [`Error::Config`] as [`build`](Spec::build), and if the feature makes several maps.
            pub fn build_channel(&self, rate: SampleRate) -> Result<Box<dyn ChannelFeature>> {
                Ok(match self {
                    $(Self::$variant(spec) => Box::new(spec.build(rate)?),)+
                    $(Self::$many_variant(_) => {
                        let reason = "must make one map of a channel to be a part of another \
                            feature; this makes several";
                        return Err(Error::config($many_name, "type", reason));
                    })+
                })
            }
        }

        impl Streaming for FeatureSpec {
            fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
                match self {
                    $(Self::$variant(spec) => spec.stream(rate),)+
                    $(Self::$many_variant(spec) => spec.stream(rate),)+
                }
            }
        }

        impl Spec<SampleRate> for FeatureSpec {
            type Built = Box<dyn Feature>;

            fn build(&self, rate: SampleRate) -> Result<Self::Built> {
                Ok(match self {
                    $(Self::$variant(spec) => Box::new(spec.build(rate)?),)+
                    $(Self::$many_variant(spec) => Box::new(spec.build(rate)?),)+
                })
            }
        }
    };
}

features! {
    one map of each channel:
    "stft-magnitude", "magnitude spectrogram": StftMagnitude(StftMagnitudeSpec);
    "power", "power spectrogram": Power(PowerSpec);
    "log-spectrogram", "magnitude spectrogram in decibels": LogSpectrogram(LogSpectrogramSpec);
    "mel", "mel spectrogram": Mel(MelSpec);
    "log-mel", "mel spectrogram in decibels": LogMel(LogMelSpec);
    "mfcc", "mel-frequency cepstral coefficients": Mfcc(MfccSpec);
    "delta", "first derivative of MFCC along time": Delta(DeltaSpec);
    "chroma-stft", "power of each pitch class": ChromaStft(ChromaStftSpec);
    "onset", "onset strength": Onset(OnsetSpec);
    "onset-detect", "1 on frames with an onset, else 0": OnsetDetect(OnsetDetectSpec);
    "tempogram", "local autocorrelation of onsets": Tempogram(TempogramSpec);
    "fourier-tempogram", "local spectrum of onsets": FourierTempogram(FourierTempogramSpec);
    "plp", "predominant local pulse": Plp(PlpSpec);
    "beat", "1 on frames with a beat, else 0": Beat(BeatSpec);
    "beat-mfcc", "MFCC averaged between beats": BeatMfcc(BeatMfccSpec);
    "chroma-cqt", "magnitude of each pitch class, from the constant-Q transform": ChromaCqt(ChromaCqtSpec);
    "chroma-cens", "chroma of the harmony without the dynamics": ChromaCens(ChromaCensSpec);
    "tonnetz", "tonal centroids: fifths, minor and major thirds": Tonnetz(TonnetzSpec);
    "cqt", "magnitude of the constant-Q transform": Cqt(CqtSpec);
    "vqt", "magnitude of the variable-Q transform": Vqt(VqtSpec);
    "hybrid-cqt", "magnitude of the hybrid constant-Q transform": HybridCqt(HybridCqtSpec);
    "scalogram", "power of the continuous wavelet transform in decibels": Scalogram(ScalogramSpec);
    "harmonic", "magnitude spectrogram of what lasts": Harmonic(HarmonicSpec);
    "percussive", "magnitude spectrogram of what strikes": Percussive(PercussiveSpec);
    "spectral-centroid", "centre of gravity of each spectrum in Hz": SpectralCentroid(SpectralCentroidSpec);
    "spectral-bandwidth", "spread of each spectrum around its centroid in Hz": SpectralBandwidth(SpectralBandwidthSpec);
    "spectral-rolloff", "frequency below which 85 % of each spectrum lies": SpectralRolloff(SpectralRolloffSpec);
    "spectral-contrast", "peaks above valleys of each octave in decibels": SpectralContrast(SpectralContrastSpec);
    "spectral-flatness", "likeness of each spectrum to noise": SpectralFlatness(SpectralFlatnessSpec);
    "spectral-flux", "difference of each spectrum from the one before": SpectralFlux(SpectralFluxSpec);
    "zero-crossing-rate", "share of samples at which the sign changes": ZeroCrossingRate(ZeroCrossingRateSpec);
    "pcen", "mel spectrogram with per-channel energy normalisation": Pcen(PcenSpec);
    "kaldi-fbank", "Kaldi's logarithmic mel filter bank": KaldiFbank(KaldiFbankSpec);
    "kaldi-mfcc", "Kaldi's mel-frequency cepstral coefficients": KaldiMfcc(KaldiMfccSpec);
    "rms", "root-mean-square level": Rms(RmsSpec);
    "yin", "fundamental frequency in Hz": Yin(YinSpec);
    "pyin", "fundamental frequency in Hz, whether there is one, and how probable that is": Pyin(PyinSpec);
    "waveform", "the samples themselves": Waveform(SamplesSpec);
    "derivative", "derivative of a feature along time": Derivative(DerivativeSpec);
    "beat-sync", "a feature joined between beats": BeatSync(BeatSyncSpec);
    several maps of mono sound:
    "five-channel", "MFCC, two derivatives, beat-synchronous MFCC and chroma, stacked": FiveChannel(FiveChannelSpec);
    "stack", "features as the channels of one map": Stack(StackSpec);
    "image", "a feature as a picture in colour": Image(ImageSpec);
    "waveform-image", "the waveform as a picture in colour": WaveformImage(WaveformImageSpec);
    "join", "the channels of features one after another": Join(JoinSpec);
    and
    "delta2", "second derivative of MFCC along time":
        FeatureSpec::Delta(DeltaSpec { order: 2, ..DeltaSpec::default() });
}

/// A named feature with its parameters, as [`FeatureSpec::catalogue`] lists it.
pub type FeatureEntry = Entry<FeatureSpec>;

impl FeatureSpec {
    /// The feature called `name`, its defaults changed by `settings`.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no such feature (all are named), if it has no such setting
    /// (those it has are named), or if a value is not of the setting's kind. Whether the values
    /// make sense is only known when the feature is built.
    pub fn from_name(name: &str, settings: Map<String, Value>) -> Result<Self> {
        Entry::find(Self::catalogue(), "feature", name)?.with(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sarangi_core::{Transform, Waveform};
    use serde_json::json;

    fn settings(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_entry_survives_json_refuses_strangers_and_keeps_its_shape() {
        let rate = SampleRate::HZ_22050;
        let wave = Waveform::mono(vec![0.1; 9000], rate);
        for entry in FeatureSpec::catalogue() {
            let json = serde_json::to_string(&entry.spec).unwrap();
            let back: FeatureSpec = serde_json::from_str(&json).unwrap();
            assert_eq!(back, entry.spec);
            let toml_like = json.replacen('{', r#"{"stranger":1,"#, 1);
            assert!(
                serde_json::from_str::<FeatureSpec>(&toml_like).is_err(),
                "{json}"
            );
            assert_eq!(
                FeatureSpec::from_name(entry.name, Map::new()).unwrap(),
                entry.spec
            );
            assert!(entry.name.starts_with(entry.spec.name()));
            let plan = entry.spec.build(rate).unwrap();
            let map = plan.apply(&wave).unwrap();
            assert_eq!(map.shape(), plan.shape(9000), "{}", entry.name);
        }
    }

    #[test]
    fn a_type_alone_is_the_defaults() {
        let spec: FeatureSpec = serde_json::from_value(json!({"type": "mfcc"})).unwrap();
        assert_eq!(spec, FeatureSpec::Mfcc(MfccSpec::default()));
        assert!(serde_json::from_value::<FeatureSpec>(json!({"type": "mfc"})).is_err());
    }

    #[test]
    fn settings_change_the_defaults() {
        let given = settings(json!({"n_mfcc": 13, "fmax": 8000, "top_db": null, "ref": "max"}));
        let FeatureSpec::Mfcc(spec) = FeatureSpec::from_name("mfcc", given).unwrap() else {
            panic!("not an mfcc");
        };
        assert_eq!((spec.n_mfcc, spec.bands.fmax), (13, Some(8000.0)));
        assert_eq!(spec.decibels.top_db, None);
        assert_eq!(spec.decibels.reference, crate::Reference::MAX);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |name, value| {
            FeatureSpec::from_name(name, settings(value))
                .unwrap_err()
                .to_string()
        };
        let unknown = error("mffc", json!({}));
        assert!(
            unknown.contains("`mffc`") && unknown.contains("five-channel"),
            "{unknown}"
        );
        let key = error("mfcc", json!({"n_mel": 3}));
        assert!(
            key.starts_with("mfcc: n_mel: unknown; known are n_mfcc, lifter"),
            "{key}"
        );
        let kind = error("mfcc", json!({"n_mels": 64, "n_mfcc": "many"}));
        assert!(kind.starts_with("mfcc: n_mfcc: invalid type"), "{kind}");
        assert!(error("waveform", json!({"x": 1})).contains("no settings"));
        assert!(error("rms", json!({"type": "mel"})).starts_with("rms: type: unknown"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_setting_makes_a_feature_panic(
            entry in 0usize..FeatureSpec::catalogue().len(),
            key in 0usize..20,
            value in prop::sample::select(vec![
                json!(0), json!(1), json!(2), json!(3), json!(-1), json!(0.5), json!(1e300),
                json!(u64::MAX), json!(null), json!(true), json!("max"), json!("none"), json!(17),
            ]),
            len in prop::sample::select(vec![0usize, 1, 100, 5000]),
        ) {
            let entry = &FeatureSpec::catalogue()[entry];
            let keys = entry.parameters();
            if let Some((key, _)) = keys.iter().nth(key) {
                let given = [(key.clone(), value)].into_iter().collect();
                let rate = SampleRate::HZ_22050;
                if let Ok(plan) = FeatureSpec::from_name(entry.name, given).and_then(|s| s.build(rate)) {
                    // Any outcome but a panic; a map has the promised shape.
                    if let Ok(map) = plan.apply(&Waveform::mono(vec![0.25; len], rate)) {
                        prop_assert_eq!(map.shape(), plan.shape(len));
                    }
                }
            }
        }
    }
}

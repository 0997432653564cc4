//! Which features can follow a sound as it comes, and why the others cannot.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Padding, StftSpec};

use super::{FeatureStream, FrameSource, Recursive, Streaming, Windowed, refusal};
use crate::delta::{delta_filter, filter_rows};
use crate::{
    BeatMfccSpec, BeatSpec, BeatSyncSpec, ChannelFeature, ChromaCensSpec, ChromaCqtSpec,
    ChromaStftSpec, CqtSpec, Decibels, DeltaSpec, DerivativeSpec, FiveChannelSpec,
    FourierTempogramSpec, HarmonicSpec, HybridCqtSpec, ImageSpec, JoinSpec, KaldiFbankSpec,
    KaldiMfccSpec, LogMelSpec, LogSpectrogramSpec, MelSpec, MfccSpec, OnsetDetectSpec, PcenSpec,
    PercussiveSpec, PlpSpec, PowerSpec, PyinSpec, Reference, RmsSpec, SamplesSpec, ScalogramSpec,
    SpectralBandwidthSpec, SpectralCentroidSpec, SpectralContrastSpec, SpectralFlatnessSpec,
    SpectralFluxSpec, SpectralRolloffSpec, StackSpec, StftMagnitudeSpec, TempogramSpec,
    TonnetzSpec, VqtSpec, WaveformImageSpec, YinSpec, ZeroCrossingRateSpec,
};

/// Refuses a scale that depends on the loudest of the whole sound.
fn of_its_own(decibels: &Decibels, name: &'static str) -> Result<()> {
    if decibels.top_db.is_some() {
        let reason = "the range lies below the loudest of the whole sound; set it to none";
        return Err(refusal(name, "top_db", reason));
    }
    if decibels.reference == Reference::MAX {
        let reason = "the loudest of the whole sound is known at its end; give a power";
        return Err(refusal(name, "ref", reason));
    }
    Ok(())
}

/// Features each of whose frames is made of its own samples, or of few frames before it as well.
macro_rules! frame_by_frame {
    ($($spec:ty $(, context $context:literal)? $(, checked by $check:expr)?;)+) => {$(
        impl Streaming for $spec {
            fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
                $(let check: fn(&Self) -> Result<()> = $check;
                check(self)?;)?
                let mut plan = self.clone();
                plan.analysis = self.analysis.uncentred();
                let source = self.analysis.source(Box::new(plan.build(rate)?));
                $(let source = source.with_context($context);)?
                Ok(FeatureStream::new(source))
            }
        }
    )+};
}

frame_by_frame! {
    MelSpec;
    LogMelSpec, checked by |spec| of_its_own(&spec.decibels, "log_mel");
    MfccSpec, checked by |spec| of_its_own(&spec.decibels, "mfcc");
    ChromaStftSpec, checked by |spec| match spec.tuning {
        Some(_) => Ok(()),
        None => {
            let reason = "the tuning is estimated from the whole sound; give it";
            Err(refusal("chroma_stft", "tuning", reason))
        }
    };
    SpectralCentroidSpec;
    SpectralBandwidthSpec;
    SpectralRolloffSpec;
    SpectralFlatnessSpec;
    SpectralContrastSpec, checked by |spec| match (spec.linear, spec.top_db) {
        (false, Some(_)) => {
            let reason = "the range lies below the loudest of the whole sound; set it to none";
            Err(refusal("spectral_contrast", "top_db", reason))
        }
        _ => Ok(()),
    };
    SpectralFluxSpec, context 1;
}

/// The frames of a transform, computed by a plan that is not centred.
fn stream_of(stft: &StftSpec, plan: Box<dyn ChannelFeature>) -> Result<FeatureStream> {
    let built = stft.build(())?;
    let padding = stft.center.then_some(stft.pad_mode);
    let source = FrameSource::new(plan, built.n_fft(), built.hop_length(), padding);
    Ok(FeatureStream::new(source))
}

/// Spectrograms, whose specification is that of the transform.
macro_rules! of_a_transform {
    ($($spec:ident),+) => {$(
        impl Streaming for $spec {
            fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
                let mut plain = self.clone();
                plain.0.center = false;
                stream_of(&self.0, Box::new(plain.build(rate)?))
            }
        }
    )+};
}

of_a_transform!(StftMagnitudeSpec, PowerSpec);

impl Streaming for LogSpectrogramSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        of_its_own(&self.decibels.of_power()?, "log_spectrogram")?;
        let mut plain = self.clone();
        plain.stft.center = false;
        stream_of(&self.stft, Box::new(plain.build(rate)?))
    }
}

impl Streaming for RmsSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        let plan = Self {
            center: false,
            ..self.clone()
        };
        let padding = self.center.then_some(self.pad_mode);
        let plan = Box::new(plan.build(rate)?);
        let source = FrameSource::new(plan, self.frame_length, self.hop_length, padding);
        Ok(FeatureStream::new(source))
    }
}

impl Streaming for ZeroCrossingRateSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        let plan = Self {
            center: false,
            ..self.clone()
        };
        let padding = self.center.then_some(Padding::Edge);
        let plan = Box::new(plan.build(rate)?);
        let source = FrameSource::new(plan, self.frame_length, self.hop_length, padding);
        Ok(FeatureStream::new(source))
    }
}

impl Streaming for YinSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        let mut plan = self.clone();
        plan.frames.center = false;
        let padding = self.frames.center.then_some(self.frames.pad_mode);
        let (length, hop) = (self.frames.frame_length, self.frames.hop());
        let plan = Box::new(plan.build(rate)?);
        Ok(FeatureStream::new(FrameSource::new(
            plan, length, hop, padding,
        )))
    }
}

impl Streaming for SamplesSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        let plan = Box::new(self.build(rate)?);
        Ok(FeatureStream::new(FrameSource::new(plan, 1, 1, None)))
    }
}

/// Kaldi's features; where its frames do not go beyond the ends, they are whole frames of the sound.
macro_rules! of_kaldi {
    ($($spec:ident: $name:literal),+) => {$(
        impl Streaming for $spec {
            fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
                if !self.frames.snip_edges {
                    let reason = "mirrored ends are for sound that is there whole; set it to true";
                    return Err(refusal($name, "snip_edges", reason));
                }
                let (length, shift) = self.frames.plan($name, rate)?.size();
                let plan = Box::new(self.build(rate)?);
                Ok(FeatureStream::new(FrameSource::new(plan, length, shift, None)))
            }
        }
    )+};
}

of_kaldi!(KaldiFbankSpec: "kaldi_fbank", KaldiMfccSpec: "kaldi_mfcc");

impl Streaming for DeltaSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        DerivativeSpec {
            of: Box::new(crate::FeatureSpec::Mfcc(self.mfcc())),
            width: self.width,
            order: self.order,
            mode: self.mode,
        }
        .stream(rate)
    }
}

impl Streaming for DerivativeSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        if self.mode == sarangi_dsp::Ends::Wrap {
            let reason = "the beginning sees the end; choose another";
            return Err(refusal("derivative", "mode", reason));
        }
        let filter = delta_filter("derivative", self.width, self.order, self.mode)?;
        let of = self.of.stream(rate)?;
        let (bins, half) = (of.bins(), self.width / 2);
        // One frame more than a window needs, so that the last fit is held at the end.
        let slopes = Windowed::new(
            bins,
            (half + 1, half),
            self.width,
            move |map, frames, out| filter_rows(&filter, map, frames, out),
        );
        Ok(of.then(slopes, bins))
    }
}

impl Streaming for PcenSpec {
    fn stream(&self, rate: SampleRate) -> Result<FeatureStream> {
        let plan = Self {
            analysis: self.analysis.uncentred(),
            ..self.clone()
        };
        let (mel, step) = plan.build(rate)?.into_parts();
        let source = FeatureStream::new(self.analysis.source(Box::new(mel)));
        let bins = source.bins();
        let smoothed = Recursive::new(bins, 1.0, move |x, past| step.next(x, past));
        Ok(source.then(smoothed, bins))
    }
}

/// Features that must have heard the whole sound.
macro_rules! refused {
    ($($spec:ty: $name:literal, $reason:expr;)+) => {$(
        impl Streaming for $spec {
            fn stream(&self, _: SampleRate) -> Result<FeatureStream> {
                Err(refusal($name, "type", $reason))
            }
        }
    )+};
}

const PATH: &str = "beats are chosen by the best path through the whole sound";
const MEDIANS: &str =
    "what lasts is told by frames that come after, and at the ends by mirrored ones";
const BELOW: &str = "its onsets lie below the loudest of the whole sound";
const LONG: &str =
    "the filters of low notes hear seconds of sound, and the rate is halved for all of it";

refused! {
    BeatSpec: "beat", PATH;
    BeatMfccSpec: "beat_mfcc", PATH;
    BeatSyncSpec: "beat_sync", PATH;
    FiveChannelSpec: "five_channel", PATH;
    OnsetDetectSpec: "onset_detect", "peaks are measured against the largest of the whole sound";
    FourierTempogramSpec: "fourier_tempogram", BELOW;
    PlpSpec: "plp", BELOW;
    TempogramSpec: "tempogram", BELOW;
    HarmonicSpec: "harmonic", MEDIANS;
    PercussiveSpec: "percussive", MEDIANS;
    PyinSpec: "pyin", "the pitch is the best path through the whole sound";
    CqtSpec: "cqt", LONG;
    VqtSpec: "vqt", LONG;
    HybridCqtSpec: "hybrid_cqt", LONG;
    ChromaCqtSpec: "chroma_cqt", LONG;
    ChromaCensSpec: "chroma_cens", LONG;
    TonnetzSpec: "tonnetz", LONG;
    ScalogramSpec: "scalogram", "wavelets of low notes hear the whole sound";
    StackSpec: "stack", "features are resized to one shape; take a stream of each";
    ImageSpec: "image", "a picture shows the whole sound";
    WaveformImageSpec: "waveform_image", "a picture shows the whole sound";
    JoinSpec: "join", "features are joined when all are whole; take a stream of each";
}

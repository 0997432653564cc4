//! When frames are.

use sarangi_core::SampleRate;

use crate::{Analysis, FeatureSpec};

/// Where frames lie in time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    /// The middle of the first frame.
    first: f64,
    /// From one frame to the next.
    hop: f64,
}

impl Times {
    /// The frames of a feature; `None` if they are stretched over the whole sound.
    pub(super) fn of(spec: &FeatureSpec, rate: SampleRate) -> Option<Self> {
        use FeatureSpec as F;
        let framed = |hop: usize, size: usize, center: bool| {
            let first = if center { 0.0 } else { size as f64 / 2.0 };
            Self {
                first: first / rate.as_f64(),
                hop: hop as f64 / rate.as_f64(),
            }
        };
        let centred = |hop: usize| framed(hop, 0, true);
        let analysed = |a: &Analysis| framed(a.hop_length, a.n_fft, a.center);
        Some(match spec {
            F::StftMagnitude(crate::StftMagnitudeSpec(stft))
            | F::Power(crate::PowerSpec(stft))
            | F::LogSpectrogram(crate::LogSpectrogramSpec { stft, .. }) => {
                let hop = stft.win_length.unwrap_or(stft.n_fft) / 4;
                framed(stft.hop_length.unwrap_or(hop), stft.n_fft, stft.center)
            }
            F::Mel(spec) => analysed(&spec.analysis),
            F::LogMel(spec) => analysed(&spec.analysis),
            F::Mfcc(spec) => analysed(&spec.analysis),
            F::Delta(spec) => analysed(&spec.analysis),
            F::ChromaStft(spec) => analysed(&spec.analysis),
            F::Onset(spec) => analysed(&spec.analysis),
            F::OnsetDetect(spec) => analysed(&spec.analysis),
            F::Beat(spec) => analysed(&spec.analysis),
            F::BeatMfcc(spec) => analysed(&spec.analysis),
            F::Harmonic(spec) => analysed(&spec.analysis),
            F::Percussive(spec) => analysed(&spec.analysis),
            F::SpectralCentroid(spec) => analysed(&spec.analysis),
            F::SpectralBandwidth(spec) => analysed(&spec.analysis),
            F::SpectralRolloff(spec) => analysed(&spec.analysis),
            F::SpectralContrast(spec) => analysed(&spec.analysis),
            F::SpectralFlatness(spec) => analysed(&spec.analysis),
            F::SpectralFlux(spec) => analysed(&spec.analysis),
            F::Pcen(spec) => analysed(&spec.analysis),
            F::FiveChannel(spec) => analysed(&spec.analysis),
            F::Tempogram(spec) => centred(spec.hop_length),
            F::FourierTempogram(spec) => {
                let size = spec.win_length * spec.hop_length;
                framed(spec.hop_length, size, spec.center)
            }
            F::Plp(spec) => centred(spec.hop_length),
            F::ChromaCqt(spec) => centred(spec.hop_length),
            F::ChromaCens(spec) => centred(spec.hop_length),
            F::Tonnetz(spec) => centred(spec.0.hop_length),
            F::Cqt(spec) => centred(spec.hop_length),
            F::Vqt(spec) => centred(spec.cqt.hop_length),
            F::HybridCqt(spec) => centred(spec.0.hop_length),
            F::Scalogram(spec) => centred(spec.hop_length),
            F::ZeroCrossingRate(spec) => framed(spec.hop_length, spec.frame_length, spec.center),
            F::Rms(spec) => framed(spec.hop_length, spec.frame_length, spec.center),
            F::KaldiFbank(spec) => Self::kaldi(&spec.frames),
            F::KaldiMfcc(spec) => Self::kaldi(&spec.frames),
            F::Yin(spec) => Self::pitch(&spec.frames, framed),
            F::Pyin(spec) => Self::pitch(&spec.frames, framed),
            F::Waveform(_) => centred(1),
            F::Derivative(spec) => return Self::of(&spec.of, rate),
            F::BeatSync(spec) => return Self::of(&spec.of, rate),
            F::Stack(spec) if spec.n_frames.is_none() => {
                return spec.features.first().and_then(|spec| Self::of(spec, rate));
            }
            F::Join(spec) => return spec.features.first().and_then(|spec| Self::of(spec, rate)),
            F::Stack(_) | F::Image(_) | F::WaveformImage(_) => return None,
        })
    }

    /// So many frames, stretched over a sound.
    pub(super) fn stretched(seconds: f64, frames: usize) -> Self {
        let hop = seconds / frames as f64;
        Self {
            first: hop / 2.0,
            hop,
        }
    }

    fn kaldi(frames: &crate::KaldiFrames) -> Self {
        let hop = frames.frame_shift / 1000.0;
        let first = if frames.snip_edges {
            frames.frame_length / 2000.0
        } else {
            hop / 2.0
        };
        Self { first, hop }
    }

    fn pitch(frames: &crate::PitchFrames, framed: impl Fn(usize, usize, bool) -> Self) -> Self {
        framed(frames.hop(), frames.frame_length, frames.center)
    }

    /// The middle of a frame.
    pub(super) fn middle(self, frame: usize) -> f64 {
        self.first + frame as f64 * self.hop
    }

    /// The middles of frames.
    pub(super) fn middles(self, frames: usize) -> Vec<f64> {
        (0..frames).map(|frame| self.middle(frame)).collect()
    }

    /// The edges of frames: halfway between their middles.
    pub(super) fn edges(self, frames: usize) -> Vec<f64> {
        let edge = |frame: usize| self.first + (frame as f64 - 0.5) * self.hop;
        (0..=frames).map(edge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KaldiFbankSpec, MfccSpec, StackSpec};

    const RATE: SampleRate = SampleRate::HZ_22050;

    #[test]
    fn frames_are_where_they_were_taken() {
        let mut spec = MfccSpec::default();
        let times = Times::of(&FeatureSpec::Mfcc(spec.clone()), RATE).unwrap();
        assert_eq!(times.middle(0), 0.0);
        assert_eq!(times.middle(43), 43.0 * 512.0 / 22_050.0);
        spec.analysis.center = false;
        let times = Times::of(&FeatureSpec::Mfcc(spec), RATE).unwrap();
        assert_eq!(times.middle(0), 1024.0 / 22_050.0);
        let kaldi = FeatureSpec::KaldiFbank(KaldiFbankSpec::default());
        let times = Times::of(&kaldi, RATE).unwrap();
        assert!((times.middle(1) - 0.0225).abs() < 1e-12);
    }

    #[test]
    fn what_is_stretched_fills_the_sound() {
        let stack = StackSpec {
            n_frames: Some(10),
            ..StackSpec::default()
        };
        assert_eq!(Times::of(&FeatureSpec::Stack(stack), RATE), None);
        let edges = Times::stretched(5.0, 10).edges(10);
        assert_eq!((edges[0], edges[10]), (0.0, 5.0));
    }
}

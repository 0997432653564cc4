//! The five-channel stack.

use ndarray::{Array3, ArrayView2};
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Transform, Waveform};
use sarangi_dsp::{Ends, Pool, SavitzkyGolay, StftScratch, resize_bilinear};
use serde::{Deserialize, Serialize};

use crate::channels::mono;
use crate::chroma_stft::ChromaProjection;
use crate::delta::{delta_filter, filter_rows};
use crate::rhythm::beat_mfcc::BeatMeans;
use crate::{
    Analysis, ChannelFeature, ChromaStftSpec, Decibels, MelBands, Mfcc, MfccSpec, OfPower, Tracking,
};

/// Five maps of one sound, of the same shape, stacked as channels of an image.
///
/// 0 MFCC; 1 its first and 2 its second derivative (each one Savitzky–Golay filter); 3 the MFCC
/// averaged between beats and stretched back; 4 chroma from the power spectrogram, stretched from
/// pitch classes to `n_mfcc` rows. Both stretches are bilinear with half-pixel centres. With the
/// defaults, three seconds at 22,050 Hz give (5, 40, 130), each channel as librosa computes it by
/// itself; beats are found in the mel spectrogram of the MFCC, which is the tracker's own as long as
/// the scale and the filters are the defaults. Proved by `five_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/five-channel.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FiveChannelSpec {
    /// Rows: MFCC coefficients. Default 40.
    pub n_mfcc: usize,
    /// Frames in a fit of the derivatives, odd, at least 3. A sound must have as many frames.
    /// Default 9.
    pub width: usize,
    /// Beats: the most likely tempo in beats per minute. Default 120.
    pub start_bpm: f64,
    /// Beats: how strictly they keep to the tempo. Default 100.
    pub tightness: f64,
    /// Beats: whether weak ones at the ends are left out. Default true.
    pub trim: bool,
    /// Chroma: pitch classes. Default 12.
    pub n_chroma: usize,
    /// Chroma: tuning in classes; `None` to estimate it. Default `None`.
    pub tuning: Option<f64>,
    /// MFCC: the scale.
    #[serde(flatten)]
    pub decibels: Decibels,
    /// MFCC: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for FiveChannelSpec {
    fn default() -> Self {
        let chroma = ChromaStftSpec::default();
        let beats = Tracking::default();
        Self {
            n_mfcc: 40,
            width: 9,
            start_bpm: beats.start_bpm,
            tightness: beats.tightness,
            trim: beats.trim,
            n_chroma: chroma.n_chroma,
            tuning: chroma.tuning,
            decibels: Decibels::default(),
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for FiveChannelSpec {
    type Built = FiveChannel;

    fn build(&self, rate: SampleRate) -> Result<FiveChannel> {
        let mfcc = MfccSpec {
            n_mfcc: self.n_mfcc,
            decibels: self.decibels.clone(),
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..MfccSpec::default()
        }
        .build(rate)?;
        let tracking = Tracking {
            start_bpm: self.start_bpm,
            tightness: self.tightness,
            trim: self.trim,
            ..Tracking::default()
        };
        let chroma = ChromaStftSpec {
            n_chroma: self.n_chroma,
            tuning: self.tuning,
            analysis: self.analysis.clone(),
            ..ChromaStftSpec::default()
        };
        let deltas = [
            delta_filter("five_channel", self.width, 1, Ends::Interp)?,
            delta_filter("five_channel", self.width, 2, Ends::Interp)?,
        ];
        let stft = mfcc.log_mel().mel().stft().scratch();
        Ok(FiveChannel {
            mfcc,
            deltas,
            sync: BeatMeans::new(&tracking, &self.analysis, self.bands.n_mels, rate)?,
            chroma: ChromaProjection::new(&chroma, rate)?,
            scratch: Pool::new(move || Scratch {
                stft: stft.clone(),
                power: Vec::new(),
                log_mel: Vec::new(),
                chroma: Vec::new(),
            }),
        })
    }
}

/// A planned five-channel stack: (5, n_mfcc, frames) of mono sound.
#[derive(Debug)]
pub struct FiveChannel {
    mfcc: Mfcc,
    deltas: [SavitzkyGolay; 2],
    sync: BeatMeans,
    chroma: ChromaProjection,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    stft: StftScratch,
    power: Vec<f32>,
    log_mel: Vec<f32>,
    chroma: Vec<f32>,
}

impl FiveChannel {
    /// Computes the stack of mono samples.
    ///
    /// # Shapes
    /// `out` is row-major (5, n_mfcc, frames).
    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let log_mel = self.mfcc.log_mel();
        let stft = log_mel.mel().stft();
        let (rows, frames) = (self.mfcc.bins(), self.mfcc.frames(samples.len()));
        let (mfcc, rest) = out.split_at_mut(rows * frames);
        let mut rest = rest.chunks_exact_mut(rows * frames);
        self.scratch.with(|scratch| {
            scratch.power.resize(stft.bins() * frames, 0.0);
            scratch.log_mel.resize(log_mel.bins() * frames, 0.0);
            scratch.chroma.resize(self.chroma.classes() * frames, 0.0);
            stft.power_into(samples, 0..frames, &mut scratch.power, &mut scratch.stft)?;
            log_mel.compute_of_power(&scratch.power, &mut scratch.log_mel)?;
            self.mfcc.of_log_mel(&scratch.log_mel, frames, mfcc)?;
            for (filter, out) in self.deltas.iter().zip(&mut rest) {
                filter_rows(filter, mfcc, frames, out)?;
            }
            if let Some(out) = rest.next() {
                out.copy_from_slice(mfcc);
                self.sync.in_place(&scratch.log_mel, out, frames)?;
            }
            if let Some(out) = rest.next() {
                let classes = self.chroma.classes();
                self.chroma
                    .of_power(&scratch.power, frames, &mut scratch.chroma)?;
                let chroma = ArrayView2::from_shape((classes, frames), &scratch.chroma)
                    .map_err(|e| Error::backend("five_channel", e))?;
                let resized = resize_bilinear(chroma, (rows, frames))?;
                for (y, &x) in out.iter_mut().zip(&resized) {
                    *y = x;
                }
            }
            Ok(())
        })
    }
}

impl Transform<Waveform> for FiveChannel {
    type Out = FeatureMap;

    fn apply(&self, wave: &Waveform) -> Result<FeatureMap> {
        let samples = mono("five_channel", self.mfcc.rate(), wave)?;
        let [channels, rows, frames] = self.shape(wave.len());
        let least = self.deltas[0].width();
        if frames < least {
            return Err(Error::shape(
                "five_channel",
                format_args!("at least {least} frames (the width of the derivatives)"),
                format_args!("{frames} frames of {} samples", wave.len()),
            ));
        }
        let mut map = Array3::zeros((channels, rows, frames));
        if let Some(out) = map.as_slice_mut() {
            self.compute_into(samples, out)?;
        }
        Ok(map)
    }
}

impl Feature for FiveChannel {
    fn shape(&self, samples: usize) -> [usize; 3] {
        [5, self.mfcc.bins(), self.mfcc.frames(samples)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;

    #[test]
    fn the_maps_are_those_of_the_features_by_themselves() {
        let samples: Vec<f32> = (0..66_150)
            .map(|n| {
                let t = n as f32 / 22_050.0;
                let strike = (-8.0 * (t % 0.5)).exp();
                strike * ((1400.0 * t).sin() + 0.5 * (2799.0 * t).sin())
            })
            .collect();
        let wave = Waveform::mono(samples, SampleRate::HZ_22050);
        let rate = wave.rate();
        let map = FiveChannelSpec::default()
            .build(rate)
            .unwrap()
            .apply(&wave)
            .unwrap();
        assert_eq!(map.dim(), (5, 40, 130));
        let alone = [
            crate::FeatureSpec::from_name("mfcc", settings()),
            crate::FeatureSpec::from_name("delta", settings()),
            crate::FeatureSpec::from_name("delta2", settings()),
            crate::FeatureSpec::from_name("beat-mfcc", settings()),
        ];
        for (spec, channel) in alone.into_iter().zip(map.axis_iter(Axis(0))) {
            let spec = spec.unwrap();
            let want = spec.build(rate).unwrap().apply(&wave).unwrap();
            let peak = want.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            let close = want.index_axis(Axis(0), 0);
            for (a, b) in close.iter().zip(channel) {
                assert!((a - b).abs() <= 1e-5 * peak, "{spec:?}: {a} {b}");
            }
        }
    }

    fn settings() -> serde_json::Map<String, serde_json::Value> {
        [("n_mfcc".to_owned(), 40.into())].into_iter().collect()
    }

    #[test]
    fn silence_is_a_map_and_too_little_sound_an_error() {
        let plan = FiveChannelSpec::default()
            .build(SampleRate::HZ_22050)
            .unwrap();
        let silent = |len| plan.apply(&Waveform::mono(vec![0.0; len], SampleRate::HZ_22050));
        assert!(silent(66_150).unwrap().iter().all(|x| x.is_finite()));
        assert_eq!(silent(8 * 512).unwrap().dim(), (5, 40, 9));
        for len in [0, 1, 8 * 512 - 1] {
            let error = silent(len).unwrap_err().to_string();
            assert!(error.contains("at least 9 frames"), "{error}");
        }
    }

    #[test]
    fn stereo_and_other_rates_are_refused() {
        let plan = FiveChannelSpec::default()
            .build(SampleRate::HZ_22050)
            .unwrap();
        let stereo = Waveform::new(ndarray::Array2::zeros((2, 66_150)), SampleRate::HZ_22050);
        let error = plan.apply(&stereo.unwrap()).unwrap_err().to_string();
        assert!(error.contains("downmix"), "{error}");
        let other = Waveform::mono(vec![0.0; 66_150], SampleRate::HZ_44100);
        assert!(
            plan.apply(&other)
                .unwrap_err()
                .to_string()
                .contains("resample")
        );
    }
}

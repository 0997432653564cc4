//! MFCC averaged between beats.

use ndarray::ArrayView2;
use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft, resize_bilinear};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::of_power;
use crate::rhythm::beat_finder::BeatFinder;
use crate::{
    Analysis, ChannelFeature, MelBands, Mfcc, MfccSpec, OfPower, SyncAggregate, Tracking, sync,
};

/// Beat-synchronous MFCC, stretched back to the number of frames.
///
/// `librosa.util.sync(mfcc, beats)`, the mean between neighbouring beats with the first and last
/// frame as boundaries, then bilinear interpolation to the shape of the MFCC. Beats come from the
/// same mel spectrogram. Proved by `rhythm_*` in the golden files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatMfccSpec {
    /// MFCC: coefficients. Default 20.
    pub n_mfcc: usize,
    /// MFCC: lifter. Default 0.
    pub lifter: f64,
    /// How beats are searched for.
    #[serde(flatten)]
    pub tracking: Tracking,
    /// The mel filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for BeatMfccSpec {
    fn default() -> Self {
        let mfcc = MfccSpec::default();
        Self {
            n_mfcc: mfcc.n_mfcc,
            lifter: mfcc.lifter,
            tracking: Tracking::default(),
            bands: mfcc.bands,
            analysis: mfcc.analysis,
        }
    }
}

impl Spec<SampleRate> for BeatMfccSpec {
    type Built = BeatMfcc;

    fn build(&self, rate: SampleRate) -> Result<BeatMfcc> {
        let mfcc = MfccSpec {
            n_mfcc: self.n_mfcc,
            lifter: self.lifter,
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..MfccSpec::default()
        };
        Ok(BeatMfcc {
            mfcc: mfcc.build(rate)?,
            sync: BeatMeans::new(&self.tracking, &self.analysis, self.bands.n_mels, rate)?,
            scratch: Pool::new(Default::default),
        })
    }
}

/// Planned beat-synchronous MFCC: (n_mfcc, frames).
#[derive(Debug)]
pub struct BeatMfcc {
    mfcc: Mfcc,
    sync: BeatMeans,
    /// The log-mel map and the MFCC.
    scratch: Pool<(Vec<f32>, Vec<f32>)>,
}

impl BeatMfcc {
    fn of_log_mel(
        &self,
        log_mel: &[f32],
        mfcc: &mut Vec<f32>,
        frames: usize,
        out: &mut [f32],
    ) -> Result<()> {
        mfcc.resize(out.len(), 0.0);
        self.mfcc.of_log_mel(log_mel, frames, mfcc)?;
        self.sync.of_maps(log_mel, mfcc, frames, out)
    }
}

impl ChannelFeature for BeatMfcc {
    fn name(&self) -> &'static str {
        "beat_mfcc"
    }

    fn rate(&self) -> SampleRate {
        self.mfcc.rate()
    }

    fn bins(&self) -> usize {
        self.mfcc.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.mfcc.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.scratch.with(|(log_mel, mfcc)| {
            log_mel.resize(self.mfcc.log_mel().bins() * frames, 0.0);
            self.mfcc.log_mel().compute_into(samples, log_mel)?;
            self.of_log_mel(log_mel, mfcc, frames, out)
        })
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for BeatMfcc {
    fn stft(&self) -> &Stft {
        self.mfcc.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        self.scratch.with(|(log_mel, mfcc)| {
            log_mel.resize(self.mfcc.log_mel().bins() * frames, 0.0);
            self.mfcc.log_mel().compute_of_power(power, log_mel)?;
            self.of_log_mel(log_mel, mfcc, frames, out)
        })
    }
}

features_of_channels!(BeatMfcc);

/// The step from a log-mel map, in which beats are found, and a map of the same frames to the
/// latter's means between beats.
#[derive(Debug)]
pub(crate) struct BeatMeans {
    finder: BeatFinder,
}

impl BeatMeans {
    /// Means between the beats that are found in a log-mel map of so many bands.
    pub(crate) fn new(
        tracking: &Tracking,
        analysis: &Analysis,
        bands: usize,
        rate: SampleRate,
    ) -> Result<Self> {
        Ok(Self {
            finder: BeatFinder::new(tracking, analysis, bands, rate)?,
        })
    }

    /// # Shapes
    /// `log_mel`, `map` and `out` are row-major with `frames` columns, the last two alike.
    pub(crate) fn of_maps(
        &self,
        log_mel: &[f32],
        map: &[f32],
        frames: usize,
        out: &mut [f32],
    ) -> Result<()> {
        let beats = self.finder.of_log_mel(log_mel, frames)?.frames;
        let rows = map.len() / frames;
        let map = ArrayView2::from_shape((rows, frames), map)
            .map_err(|_| Error::shape("beat_mfcc", "whole rows", map.len()))?;
        let means = sync(map, &beats, SyncAggregate::Mean);
        let resized = resize_bilinear(means.view(), (rows, frames))?;
        for (y, &x) in out.iter_mut().zip(&resized) {
            *y = x;
        }
        Ok(())
    }
}

//! MFCC averaged between beats.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Pool, Stft};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::of_power;
use crate::rhythm::beat_finder::BeatFinder;
use crate::sync::sync_in_place;
use crate::{Analysis, ChannelFeature, MelBands, Mfcc, MfccSpec, OfPower, SyncAggregate, Tracking};

/// Beat-synchronous MFCC, stretched back to the number of frames.
///
/// `librosa.util.sync(mfcc, beats)`, the mean between neighbouring beats with the first and last
/// frame as boundaries, then bilinear interpolation to the shape of the MFCC. Beats come from the
/// same mel spectrogram. Proved by `rhythm_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/beat-mfcc.html"))]
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
            scratch: Pool::new(Vec::new),
        })
    }
}

/// Planned beat-synchronous MFCC: (n_mfcc, frames).
#[derive(Debug)]
pub struct BeatMfcc {
    mfcc: Mfcc,
    sync: BeatMeans,
    /// The log-mel map.
    scratch: Pool<Vec<f32>>,
}

impl BeatMfcc {
    fn of_log_mel(&self, log_mel: &[f32], frames: usize, out: &mut [f32]) -> Result<()> {
        self.mfcc.of_log_mel(log_mel, frames, out)?;
        self.sync.in_place(log_mel, out, frames)
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
        self.scratch.with(|log_mel| {
            log_mel.resize(self.mfcc.log_mel().bins() * frames, 0.0);
            self.mfcc.log_mel().compute_into(samples, log_mel)?;
            self.of_log_mel(log_mel, frames, out)
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
        self.scratch.with(|log_mel| {
            log_mel.resize(self.mfcc.log_mel().bins() * frames, 0.0);
            self.mfcc.log_mel().compute_of_power(power, log_mel)?;
            self.of_log_mel(log_mel, frames, out)
        })
    }
}

features_of_channels!(BeatMfcc);

/// The step from a map to its means between beats, which are found in a log-mel map of the same
/// frames.
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
    /// `log_mel` and `map` are row-major with `frames` columns; the means are written over `map`.
    pub(crate) fn in_place(&self, log_mel: &[f32], map: &mut [f32], frames: usize) -> Result<()> {
        let beats = self.finder.of_log_mel(log_mel, frames)?.frames;
        sync_in_place(map, frames, &beats, SyncAggregate::Mean)
    }
}

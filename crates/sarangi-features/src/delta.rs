//! Derivatives of MFCC along time.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Ends, Pool, SavitzkyGolay, Stft};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::{output, within};
use crate::of_power;
use crate::{Analysis, ChannelFeature, Decibels, MelBands, Mfcc, MfccSpec, OfPower};

/// The derivative of MFCC along time: `librosa.feature.delta(librosa.feature.mfcc(…), …)`.
///
/// A Savitzky–Golay filter whose polynomial has the order of the derivative; order 2 is one filter,
/// not order 1 twice. Proved by `cepstra_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/delta.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeltaSpec {
    /// Frames in a fit, odd, at least 3. Default 9.
    pub width: usize,
    /// Order of the derivative, at least 1 and less than `width`. Default 1.
    pub order: usize,
    /// What the fit sees at the ends; with [`Ends::Interp`] a sound must have `width` frames.
    /// Default `interp`.
    pub mode: Ends,
    /// MFCC: coefficients.
    pub n_mfcc: usize,
    /// MFCC: lifter.
    pub lifter: f64,
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

impl Default for DeltaSpec {
    fn default() -> Self {
        let mfcc = MfccSpec::default();
        Self {
            width: 9,
            order: 1,
            mode: Ends::Interp,
            n_mfcc: mfcc.n_mfcc,
            lifter: mfcc.lifter,
            decibels: mfcc.decibels,
            bands: mfcc.bands,
            analysis: mfcc.analysis,
        }
    }
}

impl DeltaSpec {
    pub(crate) fn mfcc(&self) -> MfccSpec {
        MfccSpec {
            n_mfcc: self.n_mfcc,
            lifter: self.lifter,
            decibels: self.decibels.clone(),
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
        }
    }
}

impl Spec<SampleRate> for DeltaSpec {
    type Built = Delta;

    fn build(&self, rate: SampleRate) -> Result<Delta> {
        Ok(Delta {
            filter: delta_filter("delta", self.width, self.order, self.mode)?,
            mfcc: self.mfcc().build(rate)?,
            scratch: Pool::new(Vec::new),
        })
    }
}

/// The filter of a derivative; its width and order are checked.
pub(crate) fn delta_filter(
    spec: &'static str,
    width: usize,
    order: usize,
    ends: Ends,
) -> Result<SavitzkyGolay> {
    within(spec, "width", width, 3..=4095)?;
    within(spec, "order", order, 1..=width - 1)?;
    Ok(SavitzkyGolay::new(width, order, order)?.with_ends(ends))
}

/// Filters each row of a matrix with `frames` columns.
pub(crate) fn filter_rows(
    filter: &SavitzkyGolay,
    rows: &[f32],
    frames: usize,
    out: &mut [f32],
) -> Result<()> {
    let rows = rows.chunks_exact(frames);
    rows.zip(out.chunks_exact_mut(frames))
        .try_for_each(|(row, out)| filter.process_into(row, out))
}

/// A planned derivative of MFCC: (n_mfcc, frames).
#[derive(Debug)]
pub struct Delta {
    mfcc: Mfcc,
    filter: SavitzkyGolay,
    scratch: Pool<Vec<f32>>,
}

impl ChannelFeature for Delta {
    fn name(&self) -> &'static str {
        "delta"
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
        self.scratch.with(|mfcc| {
            mfcc.resize(out.len(), 0.0);
            self.mfcc.compute_into(samples, mfcc)?;
            filter_rows(&self.filter, mfcc, frames, out)
        })
    }

    fn of_power(&self) -> Option<&dyn OfPower> {
        Some(self)
    }
}

impl OfPower for Delta {
    fn stft(&self) -> &Stft {
        self.mfcc.stft()
    }

    fn compute_of_power(&self, power: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = of_power::frames(self, power, out)?;
        self.scratch.with(|mfcc| {
            mfcc.resize(out.len(), 0.0);
            self.mfcc.compute_of_power(power, mfcc)?;
            filter_rows(&self.filter, mfcc, frames, out)
        })
    }
}

features_of_channels!(Delta);

//! Derivatives along time of any feature.

use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::{Ends, Pool, SavitzkyGolay};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::delta::{delta_filter, filter_rows};
use crate::{ChannelFeature, FeatureSpec};

/// The derivative of a feature along time: `librosa.feature.delta` of it.
///
/// A Savitzky–Golay filter whose polynomial has the order of the derivative; order 2 is one filter,
/// not order 1 twice. Proved by `compositions_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/derivative.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DerivativeSpec {
    /// The feature, by name or with its fields; any that makes one map of a channel. Default MFCC.
    #[serde(deserialize_with = "crate::named::one")]
    pub of: Box<FeatureSpec>,
    /// Frames in a fit, odd, at least 3. Default 9.
    pub width: usize,
    /// Order of the derivative, at least 1 and less than `width`. Default 1.
    pub order: usize,
    /// What the fit sees at the ends; with [`Ends::Interp`] a sound must have `width` frames.
    /// Default `interp`.
    pub mode: Ends,
}

impl Default for DerivativeSpec {
    fn default() -> Self {
        Self {
            of: Box::new(FeatureSpec::Mfcc(Default::default())),
            width: 9,
            order: 1,
            mode: Ends::Interp,
        }
    }
}

impl DerivativeSpec {
    /// librosa's defaults.
    pub fn librosa() -> Self {
        Self::default()
    }

    /// `torchaudio.transforms.ComputeDeltas` of its MFCC, with the defaults of both.
    pub fn torchaudio() -> Self {
        Self {
            of: Box::new(FeatureSpec::Mfcc(crate::MfccSpec::torchaudio())),
            width: 5,
            mode: Ends::Nearest,
            ..Self::default()
        }
    }
}

impl Spec<SampleRate> for DerivativeSpec {
    type Built = Derivative;

    fn build(&self, rate: SampleRate) -> Result<Derivative> {
        Ok(Derivative {
            of: self.of.build_channel(rate)?,
            filter: delta_filter("derivative", self.width, self.order, self.mode)?,
            scratch: Pool::new(Vec::new),
        })
    }
}

/// A planned derivative: as many bins and frames as what it is taken of.
#[derive(Debug)]
pub struct Derivative {
    of: Box<dyn ChannelFeature>,
    filter: SavitzkyGolay,
    scratch: Pool<Vec<f32>>,
}

impl ChannelFeature for Derivative {
    fn name(&self) -> &'static str {
        "derivative"
    }

    fn rate(&self) -> SampleRate {
        self.of.rate()
    }

    fn bins(&self) -> usize {
        self.of.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.of.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(self.name(), out, self.bins(), frames)?;
        self.scratch.with(|map| {
            map.resize(out.len(), 0.0);
            self.of.compute_into(samples, map)?;
            filter_rows(&self.filter, map, frames, out)
        })
    }
}

features_of_channels!(Derivative);

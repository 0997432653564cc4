//! The hybrid constant-Q transform.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use super::ConstantQ;
use super::tuned::Tuned;
use crate::channels::features_of_channels;
use crate::check::output;
use crate::{ChannelFeature, CqtSpec};

/// The magnitude of the hybrid constant-Q transform, `librosa.hybrid_cqt`: as [`CqtSpec`], but
/// filters shorter than two hops weigh the magnitudes of one spectrum. Proved by `constant_q_*` in
/// the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/hybrid-cqt.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HybridCqtSpec(pub CqtSpec);

impl Spec<SampleRate> for HybridCqtSpec {
    type Built = HybridCqt;

    fn build(&self, rate: SampleRate) -> Result<HybridCqt> {
        let design = self.0.design("hybrid_cqt");
        Tuned::new(design, self.0.tuning, rate, ConstantQ::hybrid).map(HybridCqt)
    }
}

/// A planned hybrid constant-Q transform: (n_bins, frames).
#[derive(Debug)]
pub struct HybridCqt(Tuned);

super::features_of_constant_q!(HybridCqt, "hybrid_cqt");

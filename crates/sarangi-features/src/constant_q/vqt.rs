//! The variable-Q transform.

use ndarray::Array2;
use sarangi_core::{Result, SampleRate, Spec};
use sarangi_dsp::Complex32;
use serde::{Deserialize, Serialize};

use super::ConstantQ;
use super::design::Design;
use super::tuned::Tuned;
use crate::channels::features_of_channels;
use crate::check::output;
use crate::{ChannelFeature, CqtSpec};

/// The magnitude of the variable-Q transform, `abs(librosa.vqt(y, …))`: as [`CqtSpec`], but every
/// filter is `gamma` Hz wider, which shortens the low ones most. Proved by `constant_q_*` in the
/// golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/vqt.html"))]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VqtSpec {
    /// Hz by which each filter is wider; `None` follows the ear's equivalent rectangular bandwidth
    /// (Glasberg and Moore 1990). Default `None`.
    pub gamma: Option<f64>,
    /// Everything else.
    #[serde(flatten)]
    pub cqt: CqtSpec,
}

impl Spec<SampleRate> for VqtSpec {
    type Built = Vqt;

    fn build(&self, rate: SampleRate) -> Result<Vqt> {
        let design = Design {
            gamma: self.gamma,
            ..self.cqt.design("vqt")
        };
        Tuned::new(design, self.cqt.tuning, rate, ConstantQ::new).map(Vqt)
    }
}

/// A planned variable-Q transform: (n_bins, frames).
#[derive(Debug)]
pub struct Vqt(Tuned);

impl Vqt {
    /// The complex transform of one channel, (n_bins, frames), as `librosa.vqt`.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound is empty.
    pub fn complex(&self, samples: &[f32]) -> Result<Array2<Complex32>> {
        self.0.of(samples)?.complex(self.name(), samples)
    }
}

super::features_of_constant_q!(Vqt, "vqt");

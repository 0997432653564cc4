//! Bringing feature channels to one scale.

use ndarray::{ArrayViewMut4, Axis};
use sarangi_core::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use crate::Chunks;

/// How features are scaled before the network sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormaliseSpec {
    /// Not at all.
    #[default]
    None,
    /// Each channel to mean 0 and standard deviation 1 over the *training* chunks.
    Standardise,
    /// From 0 … 1 to −1 … 1: torchvision's `Normalize` with 0.5 and 0.5.
    Half,
    /// Red, green and blue by the means and deviations of ImageNet, as torchvision's weights
    /// want it.
    Imagenet,
}

/// ImageNet's means and standard deviations of red, green and blue, from torchvision's documentation.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// The scaling itself, with its numbers; stored in the model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Normalisation {
    /// Features stay as they are.
    None,
    /// (x − mean) / deviation, channel by channel.
    Standardise {
        /// Each channel's mean.
        mean: Vec<f32>,
        /// Each channel's standard deviation; 1 where a channel never changes.
        deviation: Vec<f32>,
    },
}

impl NormaliseSpec {
    /// Finds the numbers on the training chunks.
    ///
    /// # Errors
    /// Whatever keeps a chunk from being read; [`Error::Config`] if ImageNet's numbers are asked for
    /// and the channels are not red, green and blue, once or several times.
    pub fn fit(self, train: &Chunks<'_>) -> Result<Normalisation> {
        let channels = train.shape()[0];
        match self {
            Self::None => return Ok(Normalisation::None),
            Self::Half => {
                return Ok(Normalisation::Standardise {
                    mean: vec![0.5; channels],
                    deviation: vec![0.5; channels],
                });
            }
            Self::Imagenet => {
                if !channels.is_multiple_of(3) {
                    let reason =
                        format!("`imagenet` is for red, green and blue, not {channels} channels");
                    return Err(Error::config("recipe", "normalise", reason));
                }
                return Ok(Normalisation::Standardise {
                    mean: IMAGENET.0.repeat(channels / 3),
                    deviation: IMAGENET.1.repeat(channels / 3),
                });
            }
            Self::Standardise => {}
        }
        let mut sums = vec![(0.0f64, 0.0f64); channels];
        let mut count = 0.0f64;
        for index in 0..train.len() {
            let features = train.get(index)?.features;
            count += features.len() as f64 / channels as f64;
            for ((sum, squares), channel) in sums.iter_mut().zip(features.outer_iter()) {
                for &value in channel {
                    *sum += f64::from(value);
                    *squares += f64::from(value).powi(2);
                }
            }
        }
        let count = count.max(1.0);
        let mean = |&(sum, _): &(f64, f64)| sum / count;
        let deviation = |pair: &(f64, f64)| {
            let variance = (pair.1 / count - mean(pair).powi(2)).max(0.0);
            if variance.sqrt() > 1e-6 {
                variance.sqrt() as f32
            } else {
                1.0
            }
        };
        Ok(Normalisation::Standardise {
            mean: sums.iter().map(|pair| mean(pair) as f32).collect(),
            deviation: sums.iter().map(deviation).collect(),
        })
    }
}

impl Normalisation {
    /// Scales a batch (batch, channels, bins, frames) in place.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of channels is not that of the numbers.
    pub fn apply(&self, mut batch: ArrayViewMut4<'_, f32>) -> Result<()> {
        let Self::Standardise { mean, deviation } = self else {
            return Ok(());
        };
        let channels = batch.dim().1;
        if mean.len() != channels || deviation.len() != channels {
            return Err(Error::shape("normalisation", mean.len(), channels));
        }
        for (c, mut channel) in batch.axis_iter_mut(Axis(1)).enumerate() {
            let (mean, scale) = (mean[c], 1.0 / deviation[c]);
            channel.mapv_inplace(|value| (value - mean) * scale);
        }
        Ok(())
    }
}

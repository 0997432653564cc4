//! What covers a part of a map.

use std::fmt;
use std::ops::Range;

use ndarray::{Axis, s};
use sarangi_core::{Error, FeatureMap, Result};
use serde::{Deserialize, Serialize};

use crate::noise::generator_of_part;

/// What covers a part of a map.
///
/// Serialised as a number or as a name: `0`, `"mean"`, `"min"`, `"random"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Fill {
    /// This value. 0 is the mean of a map that was standardised, but the loudest value of one in decibels
    /// below its maximum: use [`Min`](Self::Min) there.
    Value(f32),
    /// The mean of the channel, as it was before.
    Mean,
    /// The least value of the channel, as it was before: silence.
    Min,
    /// Normal noise of mean 0 and standard deviation 1, for maps that were standardised.
    Random,
}

#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, \"mean\", \"min\" or \"random\""
)]
enum Written {
    Value(f32),
    Name(Name),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Mean,
    Min,
    Random,
}

impl From<Written> for Fill {
    fn from(written: Written) -> Self {
        match written {
            Written::Value(value) => Self::Value(value),
            Written::Name(Name::Mean) => Self::Mean,
            Written::Name(Name::Min) => Self::Min,
            Written::Name(Name::Random) => Self::Random,
        }
    }
}

impl From<Fill> for Written {
    fn from(fill: Fill) -> Self {
        match fill {
            Fill::Value(value) => Self::Value(value),
            Fill::Mean => Self::Name(Name::Mean),
            Fill::Min => Self::Name(Name::Min),
            Fill::Random => Self::Name(Name::Random),
        }
    }
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::Random => f.write_str("random"),
        }
    }
}

/// A part of a map: bins and frames.
pub(super) type Part = (Range<usize>, Range<usize>);

impl Fill {
    pub(super) fn check(self, spec: &'static str, field: &'static str) -> Result<()> {
        match self {
            Self::Value(value) if !value.is_finite() => {
                let reason = format!("must be a finite number, got {self}");
                Err(Error::config(spec, field, reason))
            }
            _ => Ok(()),
        }
    }

    /// The seed, where one is needed.
    pub(super) fn seeded(self, seed: impl FnOnce() -> Option<u64>) -> Option<u64> {
        match self {
            Self::Random => seed(),
            _ => None,
        }
    }

    /// Covers the parts of every channel, the later above the earlier.
    pub(super) fn cover(self, map: &mut FeatureMap, parts: &[Part], seed: Option<u64>) {
        for (channel, mut plane) in map.axis_iter_mut(Axis(0)).enumerate() {
            let level = match self {
                Self::Value(value) => value,
                Self::Mean => mean(plane.iter()),
                Self::Min => plane.iter().copied().reduce(f32::min).unwrap_or(0.0),
                Self::Random => 0.0,
            };
            for (index, (bins, frames)) in parts.iter().enumerate() {
                let mut part = plane.slice_mut(s![bins.clone(), frames.clone()]);
                if self == Self::Random {
                    let mut rng = generator_of_part(seed, index, channel);
                    // Bin by bin, however the map lies in memory.
                    part.iter_mut().for_each(|x| *x = rng.normal() as f32);
                } else {
                    part.fill(level);
                }
            }
        }
    }
}

fn mean<'a>(values: impl ExactSizeIterator<Item = &'a f32>) -> f32 {
    let count = values.len().max(1) as f64;
    (values.map(|&x| f64::from(x)).sum::<f64>() / count) as f32
}

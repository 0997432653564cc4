//! The zero-crossing rate.

use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Framing, Padding, Pool};
use serde::{Deserialize, Serialize};

use crate::ChannelFeature;
use crate::channels::features_of_channels;
use crate::check::{output, within};

/// The longest frame in samples.
const LONGEST: usize = 1 << 20;

/// The share of each frame's samples that have another sign than the one before, with the names and
/// defaults of `librosa.feature.zero_crossing_rate`.
///
/// What lies within `threshold` of 0 counts as 0, and 0 as positive. Centred frames see the first
/// and last sample again and again beyond the ends, where nothing crosses. Proved by `spectral_*` in
/// the golden files.
#[cfg_attr(doc, doc = include_str!("../pictures/zero-crossing-rate.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroCrossingRateSpec {
    /// Samples per frame, 1 to 1,048,576. Default 2048.
    pub frame_length: usize,
    /// Samples between frames, 1 to 1,048,576. Default 512.
    pub hop_length: usize,
    /// Whether frame t is centred on sample t · hop. Default true.
    pub center: bool,
    /// The largest magnitude that counts as 0. Default 1e-10.
    pub threshold: f64,
}

impl Default for ZeroCrossingRateSpec {
    fn default() -> Self {
        Self {
            frame_length: 2048,
            hop_length: 512,
            center: true,
            threshold: 1e-10,
        }
    }
}

/// A planned zero-crossing rate: (1, frames).
#[derive(Debug)]
pub struct ZeroCrossingRate {
    rate: SampleRate,
    framing: Framing,
    threshold: f32,
    counts: Pool<Vec<u32>>,
}

impl Spec<SampleRate> for ZeroCrossingRateSpec {
    type Built = ZeroCrossingRate;

    fn build(&self, rate: SampleRate) -> Result<ZeroCrossingRate> {
        const NAME: &str = "zero_crossing_rate";
        within(NAME, "frame_length", self.frame_length, 1..=LONGEST)?;
        within(NAME, "hop_length", self.hop_length, 1..=LONGEST)?;
        if !(self.threshold >= 0.0 && self.threshold.is_finite()) {
            let reason = format!("must be at least 0 and finite, got {}", self.threshold);
            return Err(Error::config(NAME, "threshold", reason));
        }
        let padding = self.center.then_some(Padding::Edge);
        Ok(ZeroCrossingRate {
            rate,
            framing: Framing::new(self.frame_length, self.hop_length, padding),
            threshold: self.threshold as f32,
            counts: Pool::new(Vec::new),
        })
    }
}

impl ChannelFeature for ZeroCrossingRate {
    fn name(&self) -> &'static str {
        "zero_crossing_rate"
    }

    fn rate(&self) -> SampleRate {
        self.rate
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.framing.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        self.counts.with(|counts| {
            // counts[n] is how many crossings there are up to sample n: a frame is a difference.
            let negative = |x: f32| x < -self.threshold;
            let mut count = 0;
            let pairs = samples.iter().zip(&samples[1..]);
            counts.clear();
            counts.push(0);
            counts.extend(pairs.map(|(&a, &b)| {
                count += u32::from(negative(a) != negative(b));
                count
            }));
            let (last, length) = (counts.len() as isize - 1, self.framing.length());
            let until = |n: isize| counts[n.clamp(0, last).unsigned_abs()];
            for (t, y) in out.iter_mut().enumerate() {
                let start = (t * self.framing.hop()) as isize - self.framing.offset() as isize;
                let crossings = until(start + length as isize - 1) - until(start);
                *y = (f64::from(crossings) / length as f64) as f32;
            }
        });
        Ok(())
    }
}

features_of_channels!(ZeroCrossingRate);

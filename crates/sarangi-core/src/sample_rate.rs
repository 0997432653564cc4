//! Sampling rates.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A sampling rate in Hz, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SampleRate(NonZeroU32);

impl SampleRate {
    /// 22,050 Hz, the rate of GTZAN and librosa's default.
    pub const HZ_22050: Self = Self(NonZeroU32::new(22_050).unwrap());
    /// 44,100 Hz, the rate of compact discs.
    pub const HZ_44100: Self = Self(NonZeroU32::new(44_100).unwrap());

    /// A rate of `hz` samples per second.
    ///
    /// # Errors
    /// [`Error::Config`] if `hz` is 0.
    pub fn new(hz: u32) -> Result<Self> {
        NonZeroU32::new(hz)
            .map(Self)
            .ok_or_else(|| Error::config("audio", "rate", "must be at least 1 Hz, got 0"))
    }

    /// Samples per second.
    pub const fn hz(self) -> u32 {
        self.0.get()
    }

    /// Samples per second, for arithmetic.
    pub fn as_f64(self) -> f64 {
        f64::from(self.hz())
    }

    /// How many samples `seconds` last, rounded to the nearest; 0 for negative times.
    pub fn samples(self, seconds: f64) -> usize {
        (seconds * self.as_f64()).round().max(0.0) as usize
    }

    /// How many seconds `samples` last.
    pub fn seconds(self, samples: usize) -> f64 {
        samples as f64 / self.as_f64()
    }
}

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Hz", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_refused_in_code_and_in_json() {
        assert!(SampleRate::new(0).is_err());
        assert!(serde_json::from_str::<SampleRate>("0").is_err());
    }

    #[test]
    fn three_seconds_at_22050_are_the_chunk_of_66150() {
        assert_eq!(SampleRate::HZ_22050.samples(3.0), 66_150);
        assert_eq!(SampleRate::HZ_22050.seconds(66_150), 3.0);
    }
}

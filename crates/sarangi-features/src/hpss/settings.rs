//! The parameters of the separation into harmonic and percussive parts.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::check::within;

/// A parameter of two parts: one value for both, or one each, written as a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pair<T> {
    /// The same for both.
    Both(T),
    /// That of the harmonic, that of the percussive part.
    Each(T, T),
}

impl<T: Copy> Pair<T> {
    /// That of the harmonic, that of the percussive part.
    pub fn each(self) -> [T; 2] {
        match self {
            Self::Both(value) => [value; 2],
            Self::Each(harmonic, percussive) => [harmonic, percussive],
        }
    }
}

/// How sharply a mask tells two parts apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MaskPower {
    /// A soft mask: the exponent of either part.
    Soft(f64),
    /// A mask of zeros and ones; written `"inf"`.
    Hard(Hard),
}

/// The text `"inf"` where a [`MaskPower`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hard {
    /// librosa's `np.inf`.
    Inf,
}

impl MaskPower {
    /// A mask of zeros and ones.
    pub const HARD: Self = Self::Hard(Hard::Inf);
}

/// A separation into what lasts and what strikes (Fitzgerald 2010, "Harmonic/percussive separation
/// using median filtering"; margins: Driedger et al. 2014), with the names and defaults of
/// `librosa.decompose.hpss`.
///
/// H is the running median of |X| along time, P along frequency. The harmonic part is X times
/// Hᵖ / (Hᵖ + (margin · P)ᵖ), the percussive part X times Pᵖ / (Pᵖ + (margin · H)ᵖ), p being the
/// power. With a margin of 1 the parts add up to the whole. Bins with nothing in them have the mask
/// ½, or 0 with a margin above 1. A part of other specifications, in whose serialised form its
/// fields stand beside their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Separation {
    /// How many frames (harmonic) and bins (percussive) a median is of, 1 to 4096. Default 31.
    pub kernel_size: Pair<usize>,
    /// The exponent of soft masks, 0.001 to 1000, or `"inf"` for hard ones. Default 2.
    pub power: MaskPower,
    /// By how much a part must outweigh the other, at least 1. Default 1.
    pub margin: Pair<f64>,
}

impl Default for Separation {
    fn default() -> Self {
        Self {
            kernel_size: Pair::Both(31),
            power: MaskPower::Soft(2.0),
            margin: Pair::Both(1.0),
        }
    }
}

impl Separation {
    /// Checks the fields but for `kernel_size`.
    pub(crate) fn check(&self) -> Result<()> {
        const NAME: &str = "hpss";
        if let MaskPower::Soft(power) = self.power {
            within(NAME, "power", power, 1e-3..=1e3)?;
        }
        for margin in self.margin.each() {
            within(NAME, "margin", margin, 1.0..=1e6)?;
        }
        for size in self.kernel_size.each() {
            if size == 0 {
                let reason = "must be 1 to 4096, got 0";
                return Err(Error::config(NAME, "kernel_size", reason));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_or_two_and_a_number_or_inf() {
        for text in [
            r#"{"kernel_size":31,"power":2.0,"margin":1.0}"#,
            r#"{"kernel_size":[13,31],"power":"inf","margin":[1.0,5.0]}"#,
        ] {
            let settings: Separation = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&settings).unwrap(), text);
        }
        assert!(serde_json::from_str::<Separation>(r#"{"power":"soft"}"#).is_err());
    }
}

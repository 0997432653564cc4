//! Powers in decibels.

use std::f32::consts::SQRT_2;
use std::f64::consts::{LOG10_2, LOG10_E};

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::check::within;

/// What counts as 0 dB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reference {
    /// A power; in [`AmplitudeDecibels`](crate::AmplitudeDecibels) a magnitude.
    Power(f64),
    /// The largest value of the map; written `"max"`.
    Peak(Peak),
}

/// The text `"max"` where a [`Reference`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peak {
    /// The largest value of the map.
    Max,
}

impl Reference {
    /// The largest value of the map.
    pub const MAX: Self = Self::Peak(Peak::Max);
}

/// A scale in decibels, with the names and defaults of `librosa.power_to_db`.
///
/// 10 log₁₀(max(amin, S)) − 10 log₁₀(max(amin, ref)), then nothing lower than `top_db` below the
/// largest value of the map. A part of other specifications, in whose serialised form its fields
/// stand beside their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decibels {
    /// The power of 0 dB: a number, or `"max"` for the largest of the map. Default 1.
    #[serde(rename = "ref")]
    pub reference: Reference,
    /// The least power that is told from nothing. Default 10⁻¹⁰.
    pub amin: f64,
    /// Range in dB below the largest value of the map; `None` for no limit, which is what streams
    /// need. Default 80.
    pub top_db: Option<f64>,
}

impl Default for Decibels {
    fn default() -> Self {
        Self {
            reference: Reference::Power(1.0),
            amin: 1e-10,
            top_db: Some(80.0),
        }
    }
}

impl Decibels {
    /// Checks the fields.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn check(&self) -> Result<()> {
        within("decibels", "amin", self.amin, 1e-37..=1e37)?;
        if let Some(top_db) = self.top_db {
            within("decibels", "top_db", top_db, 0.0..=1e6)?;
        }
        match self.reference {
            Reference::Power(power) if !power.is_finite() => Err(Error::config(
                "decibels",
                "ref",
                format!("must be a finite power or \"max\", got {power}"),
            )),
            _ => Ok(()),
        }
    }

    /// Turns the powers of one map into decibels, in place.
    pub fn apply(&self, map: &mut [f32]) {
        let amin = self.amin as f32;
        let peak = map.iter().fold(f32::NEG_INFINITY, |peak, &x| peak.max(x));
        let reference = match self.reference {
            Reference::Power(power) => power.abs().max(self.amin),
            Reference::MAX => f64::from(peak).max(self.amin),
        };
        let offset = (10.0 * reference.log10()) as f32;
        for x in map.iter_mut() {
            *x = decibels(x.max(amin)) - offset;
        }
        if let Some(top_db) = self.top_db {
            // The scale rises with the power, so the loudest power is the highest level.
            let floor = decibels(peak.max(amin)) - offset - top_db as f32;
            map.iter_mut().for_each(|x| *x = x.max(floor));
        }
    }
}

/// Decibels of a factor of 2.
const DB_PER_OCTAVE: f32 = (10.0 * LOG10_2) as f32;
/// Decibels of a factor of e.
const DB_PER_E: f32 = (10.0 * LOG10_E) as f32;

/// 10 log₁₀(x) of a positive normal number, to a few units in the last place.
///
/// With x = 2ᵉ · m and m near 1, ln m = 2 artanh((m − 1) / (m + 1)). Only arithmetic and bit
/// shifts, so that the compiler turns a loop over it into vector instructions, which a call of the
/// system's logarithm would prevent.
pub(crate) fn decibels(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub((SQRT_2 / 2.0).to_bits()) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = 1.0 + s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0))));
    DB_PER_OCTAVE * exponent as f32 + 2.0 * DB_PER_E * s * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_logarithm_is_that_of_the_standard_library(exponent in -37.0f64..37.0) {
            let x = 10f64.powf(exponent) as f32;
            let want = 10.0 * f64::from(x).log10();
            let error = (f64::from(decibels(x)) - want).abs();
            prop_assert!(error < 2e-6 + 2e-7 * want.abs(), "{}: {}", x, error);
        }
    }

    #[test]
    fn references_floors_and_ranges() {
        let scaled = |spec: Decibels, map: &[f32]| {
            let mut map = map.to_vec();
            spec.apply(&mut map);
            map
        };
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        let map = [1.0, 0.1, 1e-9, 0.0];
        let spec = Decibels::default();
        assert!(near(
            &scaled(spec.clone(), &map),
            &[0.0, -10.0, -80.0, -80.0]
        ));
        let open = Decibels {
            top_db: None,
            ..spec.clone()
        };
        assert!(near(&scaled(open, &map), &[0.0, -10.0, -90.0, -100.0]));
        let relative = Decibels {
            reference: Reference::MAX,
            ..spec
        };
        assert!(near(&scaled(relative, &[10.0, 1.0]), &[0.0, -10.0]));
    }

    #[test]
    fn the_reference_is_a_number_or_max() {
        for text in [
            r#"{"ref":"max","amin":1e-10,"top_db":null}"#,
            r#"{"ref":2.5,"amin":0.001,"top_db":60.0}"#,
        ] {
            let spec: Decibels = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&spec).unwrap(), text);
        }
        assert!(serde_json::from_str::<Decibels>(r#"{"ref":"loud"}"#).is_err());
    }

    #[test]
    fn silence_and_nonsense_do_no_harm() {
        let mut map = [0.0, f32::NAN, f32::INFINITY, -1.0];
        Decibels::default().apply(&mut map);
        assert!(map.iter().all(|x| x.is_finite()), "{map:?}");
        for amin in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let spec = Decibels {
                amin,
                ..Decibels::default()
            };
            assert!(spec.check().is_err());
        }
    }
}

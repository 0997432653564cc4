//! Magnitudes in decibels.

use sarangi_core::Result;
use serde::{Deserialize, Serialize};

use crate::check::within;
use crate::{Decibels, Reference};

/// A scale in decibels for magnitudes, with the names and defaults of `librosa.amplitude_to_db`.
///
/// 20 log₁₀(max(amin, S)) − 20 log₁₀(max(amin, ref)), then nothing lower than `top_db` below the
/// largest value of the map. It is [`Decibels`] of the squares: `ref` and `amin` are magnitudes here,
/// powers there. A part of other specifications, in whose serialised form its fields stand beside
/// their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AmplitudeDecibels {
    /// The magnitude of 0 dB: a number, or `"max"` for the largest of the map. Default 1.
    #[serde(rename = "ref")]
    pub reference: Reference,
    /// The least magnitude that is told from nothing, 10⁻¹⁸ to 10¹⁸. Default 10⁻⁵.
    pub amin: f64,
    /// Range in dB below the largest value of the map; `None` for no limit, which is what streams
    /// need. Default 80.
    pub top_db: Option<f64>,
}

impl Default for AmplitudeDecibels {
    fn default() -> Self {
        Self {
            reference: Reference::Power(1.0),
            amin: 1e-5,
            top_db: Some(80.0),
        }
    }
}

impl AmplitudeDecibels {
    /// The same scale for the squares of the magnitudes.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) naming the first field that makes no sense.
    pub fn of_power(&self) -> Result<Decibels> {
        // What squares keep within single precision.
        const MOST: f64 = 1e18;
        within("decibels", "amin", self.amin, 1.0 / MOST..=MOST)?;
        let reference = match self.reference {
            Reference::Power(magnitude) => {
                within("decibels", "ref", magnitude, -MOST..=MOST)?;
                Reference::Power(magnitude * magnitude)
            }
            Reference::MAX => Reference::MAX,
        };
        let decibels = Decibels {
            reference,
            amin: self.amin * self.amin,
            top_db: self.top_db,
        };
        decibels.check()?;
        Ok(decibels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_powers() {
        let power = AmplitudeDecibels::default().of_power().unwrap();
        let plain = Decibels::default();
        assert!((power.amin / plain.amin - 1.0).abs() < 1e-12);
        assert_eq!(
            (power.reference, power.top_db),
            (plain.reference, plain.top_db)
        );
    }

    #[test]
    fn a_tenth_is_twenty_decibels_less() {
        let scale = AmplitudeDecibels {
            reference: Reference::Power(-0.1),
            amin: 1e-2,
            top_db: None,
        };
        let mut squares = [1.0, 0.01, 0.0];
        scale.of_power().unwrap().apply(&mut squares);
        for (got, want) in squares.iter().zip([20.0, 0.0, -20.0]) {
            assert!((got - want).abs() < 1e-4, "{got} {want}");
        }
    }

    #[test]
    fn nonsense_names_its_field() {
        let error = |change: fn(&mut AmplitudeDecibels)| {
            let mut scale = AmplitudeDecibels::default();
            change(&mut scale);
            scale.of_power().unwrap_err().to_string()
        };
        assert!(error(|scale| scale.amin = 0.0).starts_with("decibels: amin"));
        assert!(error(|scale| scale.amin = f64::NAN).starts_with("decibels: amin"));
        let nan = error(|scale| scale.reference = Reference::Power(f64::NAN));
        assert!(nan.starts_with("decibels: ref"), "{nan}");
        assert!(error(|scale| scale.top_db = Some(-1.0)).starts_with("decibels: top_db"));
    }
}

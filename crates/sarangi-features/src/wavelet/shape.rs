//! The shapes of wavelets.

use std::f64::consts::{SQRT_2, TAU};

use sarangi_core::{Error, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// A wavelet by its Fourier transform ψ̂(ω) at scale 1, real, with its largest value 2 if the wavelet
/// is analytic (nothing below ω = 0) and 1 if it is real: so a tone of amplitude A has magnitude A
/// at its own scale.
///
/// Serialised as `{"type": "morlet", "w0": 6.0}` and so on; what is left out has its default, and a
/// name alone, `"morlet"`, is read as that wavelet with all of its defaults.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    remote = "Self",
    tag = "type",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Wavelet {
    /// Morlet: ψ̂ ∝ exp(−(ω − w0)² / 2), less what would be left at ω = 0; analytic. ssqueezepy's
    /// `('morlet', {'mu': w0})`.
    Morlet {
        /// Radians over the wavelet's deviation in time, 2 to 100: more hears more in pitch and less
        /// in time. Default 6.
        #[serde(default = "six")]
        w0: f64,
    },
    /// Complex Morlet: ψ̂ ∝ exp(−bandwidth · (ω − 2π · center)² / 4); analytic. PyWavelets'
    /// `cmor{bandwidth}-{center}`, which is not cut off below ω = 0.
    ComplexMorlet {
        /// The square of the wavelet's width in time, 0.1 to 1000. Default 1.5.
        #[serde(default = "one_and_a_half")]
        bandwidth: f64,
        /// Its frequency, 0.1 to 100. Default 1.
        #[serde(default = "one")]
        center: f64,
    },
    /// The Mexican hat, the second derivative of a bell: ψ̂ ∝ ω² exp(−ω² / 2); real. PyWavelets'
    /// `mexh`, ssqueezepy's real form of `cmhat`.
    MexicanHat,
    /// Bump: ψ̂ ∝ exp(−1 / (1 − ((ω − mu) / sigma)²)) within sigma of mu, 0 elsewhere; analytic.
    /// MATLAB's `bump`.
    Bump {
        /// The middle, 3 to 6. Default 5.
        #[serde(default = "five")]
        mu: f64,
        /// Half the width, 0.1 to 1.2. Default 0.6.
        #[serde(default = "six_tenths")]
        sigma: f64,
    },
}

impl Serialize for Wavelet {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        // The derived function, not this one.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Wavelet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let whole = match Value::deserialize(deserializer)? {
            Value::String(name) => json!({ "type": name }),
            whole => whole,
        };
        // The derived function, not this one.
        Self::deserialize(whole).map_err(D::Error::custom)
    }
}

fn six() -> f64 {
    6.0
}

fn one_and_a_half() -> f64 {
    1.5
}

fn one() -> f64 {
    1.0
}

fn five() -> f64 {
    5.0
}

fn six_tenths() -> f64 {
    0.6
}

impl Default for Wavelet {
    fn default() -> Self {
        Self::Morlet { w0: 6.0 }
    }
}

/// Where a Gaussian counts as 0: exp(−½ · 6²) = 1.5e-8.
const DEVIATIONS: f64 = 6.0;

impl Wavelet {
    pub(crate) fn check(&self) -> Result<()> {
        let within = |field: &'static str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            let reason = format!("must be {low} to {high}, got {value}");
            Err(Error::config("wavelet", field, reason))
        };
        match *self {
            Self::Morlet { w0 } => within("w0", w0, 2.0, 100.0),
            Self::ComplexMorlet { bandwidth, center } => {
                within("bandwidth", bandwidth, 0.1, 1000.0)?;
                within("center", center, 0.1, 100.0)
            }
            Self::MexicanHat => Ok(()),
            Self::Bump { mu, sigma } => {
                within("mu", mu, 3.0, 6.0)?;
                within("sigma", sigma, 0.1, 1.2)
            }
        }
    }

    /// Whether there is nothing below ω = 0; else the wavelet is real, and ψ̂(−ω) = ψ̂(ω).
    pub fn is_analytic(&self) -> bool {
        !matches!(self, Self::MexicanHat)
    }

    /// ψ̂(ω); for an analytic wavelet 0 from ω = 0 down.
    pub fn spectrum(&self, omega: f64) -> f64 {
        if self.is_analytic() && omega <= 0.0 {
            return 0.0;
        }
        match *self {
            Self::Morlet { w0 } => {
                let bell = |x: f64| (-0.5 * x * x).exp();
                2.0 * (bell(omega - w0) - bell(w0) * bell(omega))
            }
            Self::ComplexMorlet { bandwidth, center } => {
                let from = omega - TAU * center;
                2.0 * (-bandwidth / 4.0 * from * from).exp()
            }
            Self::MexicanHat => omega * omega / 2.0 * (1.0 - omega * omega / 2.0).exp(),
            Self::Bump { mu, sigma } => {
                let inside = 1.0 - ((omega - mu) / sigma).powi(2);
                if inside > 0.0 {
                    2.0 * (1.0 - 1.0 / inside).exp()
                } else {
                    0.0
                }
            }
        }
    }

    /// The ω at which ψ̂ is largest; the scale of frequency f is this / (2πf).
    pub fn peak(&self) -> f64 {
        match *self {
            Self::Morlet { w0 } => w0,
            Self::ComplexMorlet { center, .. } => TAU * center,
            Self::MexicanHat => SQRT_2,
            Self::Bump { mu, .. } => mu,
        }
    }

    /// The ω between which ψ̂ counts, both at least 0.
    pub(crate) fn band(&self) -> [f64; 2] {
        match *self {
            Self::Morlet { w0 } => [(w0 - DEVIATIONS).max(0.0), w0 + DEVIATIONS],
            Self::ComplexMorlet { bandwidth, center } => {
                let reach = DEVIATIONS * (2.0 / bandwidth).sqrt();
                [(TAU * center - reach).max(0.0), TAU * center + reach]
            }
            Self::MexicanHat => [0.0, 7.0],
            Self::Bump { mu, sigma } => [mu - sigma, mu + sigma],
        }
    }

    /// The time at scale 1 after which an edge is felt with e⁻² of its power: the cone of influence
    /// is this times the scale (Torrence and Compo 1998, section 3g).
    pub fn folding_time(&self) -> f64 {
        match *self {
            Self::Morlet { .. } | Self::MexicanHat => SQRT_2,
            Self::ComplexMorlet { bandwidth, .. } => bandwidth.sqrt(),
            // Where the numerical inverse transform of the bump has fallen to 1/e.
            Self::Bump { sigma, .. } => 3.283 / sigma,
        }
    }

    /// The time at scale 1 beyond which the wavelet counts for nothing.
    pub(crate) fn reach(&self) -> f64 {
        match *self {
            Self::Morlet { .. } | Self::MexicanHat => DEVIATIONS,
            Self::ComplexMorlet { bandwidth, .. } => DEVIATIONS * (bandwidth / 2.0).sqrt(),
            // Smooth but not a Gaussian: it fades more slowly.
            Self::Bump { sigma, .. } => 100.0 / sigma,
        }
    }

    /// ∫ ψ̂(ω) / ω dω over positive ω, by the trapezium rule over ln ω: what the sum over scales is
    /// divided by on the way back.
    pub(crate) fn admissibility(&self) -> f64 {
        let [low, high] = self.band();
        let (low, high) = (low.max(1e-6).ln(), high.ln());
        let count = 20_000;
        let step = (high - low) / f64::from(count);
        let at = |i: i32| self.spectrum((low + step * f64::from(i)).exp());
        let inner: f64 = (1..count).map(at).sum();
        step * (inner + (at(0) + at(count)) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    const ALL: [Wavelet; 5] = [
        Wavelet::Morlet { w0: 6.0 },
        Wavelet::Morlet { w0: 12.0 },
        Wavelet::ComplexMorlet {
            bandwidth: 1.5,
            center: 1.0,
        },
        Wavelet::MexicanHat,
        Wavelet::Bump {
            mu: 5.0,
            sigma: 0.6,
        },
    ];

    #[test]
    fn peaks_and_bands_are_those_of_the_spectrum() {
        for wavelet in ALL {
            let want = if wavelet.is_analytic() { 2.0 } else { 1.0 };
            let peak = wavelet.spectrum(wavelet.peak());
            assert!((peak - want).abs() < 1e-6, "{wavelet:?}: {peak}");
            for shift in [-0.01, 0.01] {
                assert!(wavelet.spectrum(wavelet.peak() + shift) < peak);
            }
            let [low, high] = wavelet.band();
            assert!(wavelet.spectrum(high * 1.001) < 1e-7, "{wavelet:?}");
            assert!(low == 0.0 || wavelet.spectrum(low * 0.999) < 1e-7);
            if wavelet.is_analytic() {
                assert_eq!(wavelet.spectrum(-wavelet.peak()), 0.0);
            }
        }
    }

    /// The wavelet in time, by numerical integration.
    fn in_time(wavelet: &Wavelet, t: f64) -> f64 {
        let [low, high] = wavelet.band();
        let step = (high - low) / 4000.0;
        let terms = (0..4000).map(|i| {
            let omega = low + step * (f64::from(i) + 0.5);
            let phase = omega * t;
            let value = wavelet.spectrum(omega) * step / PI;
            [value * phase.cos(), value * phase.sin()]
        });
        let [re, im] = terms.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
        re.hypot(im)
    }

    #[test]
    fn wavelets_fade_as_they_say() {
        for wavelet in ALL.into_iter().filter(Wavelet::is_analytic) {
            let share = in_time(&wavelet, wavelet.folding_time()) / in_time(&wavelet, 0.0);
            assert!((share - (-1f64).exp()).abs() < 2e-3, "{wavelet:?}: {share}");
            let far = in_time(&wavelet, wavelet.reach()) / in_time(&wavelet, 0.0);
            assert!(far < 1e-5, "{wavelet:?}: {far}");
        }
    }

    #[test]
    fn shapes_survive_json_and_refuse_nonsense() {
        for wavelet in ALL {
            let json = serde_json::to_string(&wavelet).unwrap();
            assert_eq!(serde_json::from_str::<Wavelet>(&json).unwrap(), wavelet);
            wavelet.check().unwrap();
        }
        let default: Wavelet = serde_json::from_str(r#"{"type":"morlet"}"#).unwrap();
        assert_eq!(default, Wavelet::default());
        let named: Wavelet = serde_json::from_str(r#""bump""#).unwrap();
        assert!(matches!(
            named,
            Wavelet::Bump {
                mu: 5.0,
                sigma: 0.6
            }
        ));
        for strange in [
            r#"{"type":"haar"}"#,
            r#""haar""#,
            r#"{"type":"morlet","mu":6}"#,
            "3",
        ] {
            assert!(
                serde_json::from_str::<Wavelet>(strange).is_err(),
                "{strange}"
            );
        }
        for w0 in [0.0, f64::NAN, 1e9] {
            assert!(Wavelet::Morlet { w0 }.check().is_err());
        }
    }
}

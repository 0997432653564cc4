//! Parameters that may be drawn.

use std::fmt;
use std::ops::RangeInclusive;

use sarangi_core::{Error, Result, Rng, within};
use serde::{Deserialize, Serialize};

/// A parameter: a number, or a range within which it is drawn uniformly.
///
/// Serialised as a number or as a pair: `0.9`, `[0.8, 1.2]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Uniform {
    low: f64,
    high: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number or a range [low, high]")]
enum Written {
    Number(f64),
    Range([f64; 2]),
}

impl Uniform {
    /// This number, always.
    pub const fn fixed(value: f64) -> Self {
        Self::between(value, value)
    }

    /// Uniform from `low` to `high`.
    pub const fn between(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// The number drawn; what is fixed takes nothing from the generator.
    pub fn draw(self, rng: &mut Rng) -> Self {
        match self.low < self.high {
            true => Self::fixed(rng.range(self.low, self.high)),
            false => self,
        }
    }

    /// The number drawn uniformly on a logarithmic scale, for frequencies: each octave of the range
    /// is as likely as another. Both ends must be above 0.
    pub fn draw_octaves(self, rng: &mut Rng) -> Self {
        match self.low < self.high {
            true => Self::fixed(rng.range(self.low.ln(), self.high.ln()).exp()),
            false => self,
        }
    }

    /// The whole number drawn, each of the range as likely as another; its ends are whole numbers.
    pub fn draw_whole(self, rng: &mut Rng) -> Self {
        match self.low < self.high {
            true => {
                let above = rng.below((self.high - self.low) as usize + 1);
                Self::fixed(self.low + above as f64)
            }
            false => self,
        }
    }

    /// The number, once it is fixed; the lowest, before.
    pub fn value(self) -> f64 {
        self.low
    }

    /// Refuses a range that is upside down or leaves `range`.
    ///
    /// # Errors
    /// [`Error::Config`] that names the field.
    pub fn check(
        self,
        spec: &'static str,
        field: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<()> {
        within(spec, field, self.low, range.clone())?;
        within(spec, field, self.high, range)?;
        match self.low <= self.high {
            true => Ok(()),
            false => {
                let reason = format!("the low end comes first, got {self}");
                Err(Error::config(spec, field, reason))
            }
        }
    }

    /// As [`check`](Self::check), and refuses what is not whole.
    ///
    /// # Errors
    /// [`Error::Config`] that names the field.
    pub fn check_whole(
        self,
        spec: &'static str,
        field: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<()> {
        self.check(spec, field, range)?;
        match self.low.fract() == 0.0 && self.high.fract() == 0.0 {
            true => Ok(()),
            false => {
                let reason = format!("must be whole, got {self}");
                Err(Error::config(spec, field, reason))
            }
        }
    }
}

impl From<f64> for Uniform {
    fn from(value: f64) -> Self {
        Self::fixed(value)
    }
}

impl From<RangeInclusive<f64>> for Uniform {
    fn from(range: RangeInclusive<f64>) -> Self {
        Self::between(*range.start(), *range.end())
    }
}

impl From<Written> for Uniform {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(value) => Self::fixed(value),
            Written::Range([low, high]) => Self::between(low, high),
        }
    }
}

impl From<Uniform> for Written {
    fn from(uniform: Uniform) -> Self {
        match uniform.low == uniform.high {
            true => Self::Number(uniform.low),
            false => Self::Range([uniform.low, uniform.high]),
        }
    }
}

impl fmt::Display for Uniform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.low == self.high {
            true => write!(f, "{}", self.low),
            false => write!(f, "[{}, {}]", self.low, self.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn it_is_written_as_a_number_or_a_pair() {
        for (uniform, json) in [
            (Uniform::fixed(0.5), "0.5"),
            (Uniform::between(0.8, 1.2), "[0.8,1.2]"),
        ] {
            assert_eq!(serde_json::to_string(&uniform).unwrap(), json);
            assert_eq!(serde_json::from_str::<Uniform>(json).unwrap(), uniform);
        }
        assert_eq!(
            serde_json::from_str::<Uniform>("2").unwrap(),
            Uniform::fixed(2.0)
        );
        let error = serde_json::from_str::<Uniform>("\"loud\"").unwrap_err();
        assert!(error.to_string().contains("[low, high]"), "{error}");
    }

    #[test]
    fn draws_lie_in_the_range_and_what_is_fixed_draws_nothing() {
        let mut rng = Seed(1).named("draws");
        let before = rng.clone().next_u64();
        assert_eq!(Uniform::fixed(3.0).draw(&mut rng).value(), 3.0);
        assert_eq!(rng.clone().next_u64(), before);
        for _ in 0..100 {
            let drawn = Uniform::between(-2.0, 2.0).draw(&mut rng);
            assert!((-2.0..=2.0).contains(&drawn.value()));
            assert_eq!(drawn.draw(&mut rng), drawn);
        }
    }

    #[test]
    fn octaves_and_whole_numbers_are_drawn_evenly() {
        let mut rng = Seed(2).named("draws");
        let (mut low, mut whole) = (0, [0; 3]);
        for _ in 0..3_000 {
            let drawn = Uniform::between(100.0, 1600.0).draw_octaves(&mut rng);
            assert!((100.0..=1600.0).contains(&drawn.value()));
            low += i32::from(drawn.value() < 400.0);
            let drawn = Uniform::between(4.0, 6.0).draw_whole(&mut rng).value();
            whole[drawn as usize - 4] += 1;
        }
        assert!((1_400..1_600).contains(&low), "{low}");
        assert!(whole.iter().all(|n| (900..1_100).contains(n)), "{whole:?}");
        assert!(
            Uniform::between(1.0, 2.5)
                .check_whole("a", "b", 0.0..=9.0)
                .is_err()
        );
        assert!(
            Uniform::between(1.0, 2.0)
                .check_whole("a", "b", 0.0..=9.0)
                .is_ok()
        );
    }

    #[test]
    fn nonsense_is_named() {
        for (range, says) in [
            (Uniform::between(1.2, 0.8), "low end comes first"),
            (Uniform::fixed(f64::NAN), "must be 0.25 to 4, got NaN"),
            (Uniform::between(1.0, f64::INFINITY), "got inf"),
        ] {
            let error = range.check("time_stretch", "rate", 0.25..=4.0).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with("time_stretch: rate") && text.contains(says),
                "{text}"
            );
        }
    }
}

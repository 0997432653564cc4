//! Making probabilities mean what they say.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::{Prediction, Predictions};

/// One number by which a classifier's logits are divided, so that its probabilities agree with how
/// often it is right (Guo et al. 2017). Above 1 it makes the classifier less sure of itself. The
/// order of the classes stays, and with it every decision about a single example.
///
/// A vote of chunks stays as well; a mean of their probabilities may change, so fit on what will be
/// scaled: the chunks if they are scaled before they are pooled.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Temperature(f64);

/// What −ln 0 would be infinite for is taken as f32's smallest normal number.
const FLOOR: f32 = f32::MIN_POSITIVE;
/// Halvings of the range: more than f64 can tell apart.
const HALVINGS: usize = 80;

impl Temperature {
    /// The lowest that is fitted, for classifiers that are right more surely than they say.
    pub const LOWEST: f64 = 0.05;
    /// The highest that is fitted, for classifiers that know nothing.
    pub const HIGHEST: f64 = 20.0;

    /// A temperature.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is finite and above 0.
    pub fn new(value: f64) -> Result<Self> {
        if value.is_finite() && value > 0.0 {
            return Ok(Self(value));
        }
        let reason = format!("must be finite and above 0, got {value}");
        Err(Error::config("temperature", "value", reason))
    }

    /// The number itself.
    pub fn value(self) -> f64 {
        self.0
    }

    /// The temperature T that makes the mean −ln softmax(ln p / T)\[truth\] least, within
    /// [`LOWEST`](Self::LOWEST) to [`HIGHEST`](Self::HIGHEST); 1 where every T is as good.
    ///
    /// That loss is convex in 1 / T, so the zero of its slope is found by halving the range of ln T: the
    /// same predictions in any order give the same bits. Fit on validation predictions, never on
    /// those that are to be judged. A probability of 0 is taken as 2⁻¹²⁶.
    ///
    /// Proved against `scipy.optimize.brentq` by `fixtures/golden/metrics`.
    pub fn fit(predictions: &Predictions) -> Self {
        let mut examples: Vec<&Prediction> = predictions.chunks().iter().collect();
        // Sums follow this order, whatever the order of the predictions is.
        examples.sort_unstable_by(|a, b| {
            let bits = |p: &Prediction| {
                p.probabilities
                    .iter()
                    .map(|p| p.to_bits())
                    .collect::<Vec<_>>()
            };
            (a.truth, bits(a)).cmp(&(b.truth, bits(b)))
        });
        let examples: Vec<(usize, Vec<f64>)> = examples
            .into_iter()
            .map(|example| (example.truth, logits(&example.probabilities)))
            .collect();
        let slope = |log_t: f64| -> f64 {
            let beta = (-log_t).exp();
            let of = |(truth, logits): &(usize, Vec<f64>)| expected(logits, beta) - logits[*truth];
            examples.iter().map(of).sum()
        };
        let (mut low, mut high) = (Self::LOWEST.ln(), Self::HIGHEST.ln());
        // The slope by 1 / T falls as T rises.
        let ends = [slope(low), slope(high)];
        if ends == [0.0, 0.0] {
            return Self(1.0);
        }
        if ends[0] <= 0.0 {
            return Self(Self::LOWEST);
        }
        if ends[1] >= 0.0 {
            return Self(Self::HIGHEST);
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if slope(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        Self((0.5 * (low + high)).exp())
    }

    /// softmax(ln p / T), in place.
    ///
    /// # Shapes
    /// (classes), a distribution; empty stays empty.
    pub fn apply(self, probabilities: &mut [f32]) {
        let logits = logits(probabilities);
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = logits.iter().map(|z| ((z - top) / self.0).exp()).collect();
        let sum: f64 = powers.iter().sum();
        for (p, power) in probabilities.iter_mut().zip(powers) {
            *p = (power / sum) as f32;
        }
    }

    /// All predictions, scaled.
    pub fn scale(self, predictions: &Predictions) -> Predictions {
        predictions.map_probabilities(|probabilities| self.apply(probabilities))
    }
}

fn logits(probabilities: &[f32]) -> Vec<f64> {
    probabilities
        .iter()
        .map(|&p| f64::from(p.max(FLOOR)).ln())
        .collect()
}

/// The mean logit under softmax(β logits).
fn expected(logits: &[f64], beta: f64) -> f64 {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for &z in logits {
        let power = (beta * (z - top)).exp();
        sum += power;
        weighted += power * z;
    }
    weighted / sum
}

impl TryFrom<f64> for Temperature {
    type Error = Error;

    fn try_from(value: f64) -> Result<Self> {
        Self::new(value)
    }
}

impl From<Temperature> for f64 {
    fn from(temperature: Temperature) -> Self {
        temperature.0
    }
}

impl Default for Temperature {
    /// 1, which changes nothing but rounding.
    fn default() -> Self {
        Self(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &[(usize, [f32; 2])]) -> f64 {
        let chunk = |&(truth, probabilities): &(usize, [f32; 2])| Prediction {
            track: format!("{truth}"),
            truth,
            probabilities: probabilities.into(),
        };
        let labels = vec!["a".into(), "b".into()];
        let predictions = Predictions::new(labels, rows.iter().map(chunk).collect()).unwrap();
        Temperature::fit(&predictions).value()
    }

    #[test]
    fn a_classifier_that_is_right_three_times_of_four_ends_at_three_quarters() {
        let sure = [
            (0, [0.9, 0.1]),
            (0, [0.9, 0.1]),
            (0, [0.9, 0.1]),
            (1, [0.9, 0.1]),
        ];
        let t = fit(&sure);
        // 0.9 becomes 0.75 where ln 9 / T = ln 3; 0.9 is a rounded f32.
        assert!((t - 2.0).abs() < 1e-6, "{t}");
        let mut p = [0.9, 0.1];
        Temperature::new(t).unwrap().apply(&mut p);
        assert!((p[0] - 0.75).abs() < 1e-6, "{p:?}");
    }

    #[test]
    fn where_no_temperature_is_best_it_ends_at_a_bound_or_one() {
        assert_eq!(
            fit(&[(0, [0.6, 0.4]), (1, [0.3, 0.7])]),
            Temperature::LOWEST
        );
        assert_eq!(
            fit(&[(1, [0.6, 0.4]), (0, [0.3, 0.7])]),
            Temperature::HIGHEST
        );
        assert_eq!(fit(&[(1, [0.5, 0.5]), (0, [0.5, 0.5])]), 1.0);
    }

    #[test]
    fn certain_mistakes_and_extreme_temperatures_stay_distributions() {
        assert!(fit(&[(0, [0.0, 1.0]), (0, [1.0, 0.0])]).is_finite());
        for t in [f64::MIN_POSITIVE * 1e-10, 0.05, 1e300] {
            let mut p = [0.0, 0.25, 0.75];
            Temperature::new(t).unwrap().apply(&mut p);
            assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{t}: {p:?}");
        }
        Temperature::default().apply(&mut []);
    }

    #[test]
    fn only_numbers_above_zero_are_temperatures() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Temperature::new(bad).is_err());
        }
        assert!(serde_json::from_str::<Temperature>("-1").is_err());
        assert_eq!(serde_json::to_string(&Temperature(1.5)).unwrap(), "1.5");
    }
}

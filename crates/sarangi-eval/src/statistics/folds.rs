//! Several folds as one result.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Interval;
use super::distributions::student_t_quantile;

/// A number over the folds of a cross-validation.
///
/// The folds share most of their training data, so that the interval is somewhat too narrow (Bengio
/// and Grandvalet 2004); it says how much the folds differ, not how another data set would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldSummary {
    /// The number in each fold.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, over one less than there are (numpy's `ddof=1`).
    pub deviation: f64,
    /// The confidence that the interval has.
    pub level: f64,
    /// mean ± t · deviation / √k, with Student's t of k − 1 degrees of freedom: `scipy.stats.t.interval`.
    pub interval: Interval,
}

impl FoldSummary {
    /// Summarises at least two folds at a confidence such as 0.95.
    ///
    /// Proved against scipy by `fixtures/golden/metrics`.
    ///
    /// # Errors
    /// [`Error::Config`] for fewer than two folds, a number that is not finite, or a level that is not
    /// between 0 and 1.
    pub fn of(values: &[f64], level: f64) -> Result<Self> {
        let refuse = |field: &str, reason| Err(Error::config("folds", field, reason));
        if values.len() < 2 {
            return refuse(
                "values",
                format!("must be at least two, got {}", values.len()),
            );
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return refuse("values", format!("must be finite, got {value}"));
        }
        if !(level > 0.0 && level < 1.0) {
            return refuse("level", format!("must be between 0 and 1, got {level}"));
        }
        let k = values.len() as f64;
        let mean = values.iter().sum::<f64>() / k;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (k - 1.0)).sqrt();
        let reach = student_t_quantile(level, k - 1.0) * deviation / k.sqrt();
        Ok(Self {
            values: values.to_vec(),
            mean,
            deviation,
            level,
            interval: Interval {
                low: mean - reach,
                high: mean + reach,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_folds_have_no_spread() {
        let summary = FoldSummary::of(&[0.5, 0.5, 0.5], 0.95).unwrap();
        assert_eq!((summary.mean, summary.deviation), (0.5, 0.0));
        assert_eq!(
            summary.interval,
            Interval {
                low: 0.5,
                high: 0.5
            }
        );
    }

    #[test]
    fn too_few_folds_and_senseless_numbers_are_refused() {
        for (values, level) in [
            (&[0.5][..], 0.95),
            (&[0.5, f64::NAN], 0.95),
            (&[0.5, 0.6], 1.0),
            (&[0.5, 0.6], f64::NAN),
        ] {
            assert!(FoldSummary::of(values, level).is_err());
        }
    }
}

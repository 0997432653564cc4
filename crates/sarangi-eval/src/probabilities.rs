//! What a class distribution must be, and which class it stands for.

use std::fmt::Display;

use sarangi_core::{Error, Result};

/// How far a distribution's sum may be from 1: the rounding of a softmax in bfloat16.
const SUM_TOLERANCE: f64 = 0.01;

/// The index of the largest value; the lowest of several, 0 if there is none.
pub fn arg_max<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate().skip(1) {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// The sum of values in ascending order, so that it does not depend on the order they came in.
pub(crate) fn ordered_sum(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.iter().sum()
}

/// Refuses what is not a distribution over `classes` classes; `at` says where it stands.
pub(crate) fn check(probabilities: &[f32], classes: usize, at: impl Display) -> Result<()> {
    let refuse = |reason| Err(Error::config("predictions", at.to_string(), reason));
    if probabilities.len() != classes {
        return refuse(format!(
            "must have {classes} values, one for each class, got {}",
            probabilities.len()
        ));
    }
    let senseless = |p: &&f32| !(p.is_finite() && **p >= 0.0);
    if let Some(p) = probabilities.iter().find(senseless) {
        return refuse(format!("must be finite and not negative, got {p}"));
    }
    let sum: f64 = probabilities.iter().map(|&p| f64::from(p)).sum();
    if (sum - 1.0).abs() > SUM_TOLERANCE {
        return refuse(format!(
            "must sum to 1, got {sum}; pass probabilities, not logits"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_index_wins_a_tie() {
        assert_eq!(arg_max(&[0.2, 0.4, 0.4]), 1);
        assert_eq!(arg_max(&[3, 1, 3]), 0);
        assert_eq!(arg_max::<f32>(&[]), 0);
    }

    #[test]
    fn only_distributions_pass() {
        assert!(check(&[0.25, 0.75], 2, "p").is_ok());
        for bad in [
            &[1.0][..],
            &[0.5, f32::NAN],
            &[f32::INFINITY, 0.0],
            &[1.5, -0.5],
            &[2.0, 3.0],
            &[0.0, 0.0],
        ] {
            assert!(check(bad, 2, "p").is_err(), "{bad:?}");
        }
    }
}

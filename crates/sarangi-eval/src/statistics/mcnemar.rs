//! Whether one classifier is better than another.

use std::collections::BTreeMap;

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::distributions::{chi_squared_1_tail, fair_binomial_cdf};
use crate::{Pooling, Predictions};

/// McNemar's test (1947) between two classifiers of the same tracks: where only one of them is right,
/// each should be so about equally often if they were equally good.
///
/// As statsmodels' `mcnemar`, except that a difference of 0 has the statistic 0 (theirs has 1 / n).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Tracks that both tell right.
    pub both: u64,
    /// Tracks that only the first tells right.
    pub only_first: u64,
    /// Tracks that only the second tells right.
    pub only_second: u64,
    /// Tracks that neither tells right.
    pub neither: u64,
    /// The two-sided exact p-value, from the binomial distribution: right for any number of tracks.
    pub exact_p: f64,
    /// (|b − c| − 1)² / (b + c), with Edwards' continuity correction; 0 where b = c.
    pub statistic: f64,
    /// Its p-value from the χ² distribution with one degree of freedom, for b + c of 25 or more.
    pub chi_squared_p: f64,
}

impl McNemar {
    /// From a table of \[both right, only the first, only the second, neither\].
    pub fn from_counts([both, only_first, only_second, neither]: [u64; 4]) -> Self {
        let least = only_first.min(only_second);
        let discordant = only_first.saturating_add(only_second);
        let difference = only_first.abs_diff(only_second);
        let statistic = if difference == 0 {
            0.0
        } else {
            (difference as f64 - 1.0).powi(2) / discordant as f64
        };
        Self {
            both,
            only_first,
            only_second,
            neither,
            exact_p: (2.0 * fair_binomial_cdf(least, discordant)).min(1.0),
            statistic,
            chi_squared_p: chi_squared_1_tail(statistic),
        }
    }

    /// Compares predictions for chunks of the same tracks, pooled to tracks: the test wants
    /// independent examples, which chunks of one track are not. The two may have different chunks.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first label or track in which they differ.
    pub fn between(first: &Predictions, second: &Predictions, pooling: Pooling) -> Result<Self> {
        let refuse = |field: &str, reason| Err(Error::config("mcnemar", field, reason));
        if first.labels() != second.labels() {
            let [a, b] = [first, second].map(|p| p.labels().join(", "));
            return refuse("labels", format!("must be the same, got {a} and {b}"));
        }
        let [first, second] = [first, second].map(|predictions| predictions.pool(pooling));
        let others: BTreeMap<&str, _> = second
            .chunks()
            .iter()
            .map(|track| (track.track.as_str(), track))
            .collect();
        let missing = |track: &str, which| {
            let reason = format!(
                "track `{track}` is only in the {which}; compare predictions of the same tracks"
            );
            Err(Error::config("mcnemar", "tracks", reason))
        };
        let mut counts = [0; 4];
        for track in first.chunks() {
            let Some(other) = others.get(track.track.as_str()) else {
                return missing(&track.track, "first");
            };
            if other.truth != track.truth {
                let [a, b] = [track.truth, other.truth].map(|class| &first.labels()[class]);
                return refuse(
                    "truth",
                    format!(
                        "track `{}` is {a} in the first and {b} in the second",
                        track.track
                    ),
                );
            }
            let [a, b] = [track, other].map(|track| track.class() == track.truth);
            counts[2 * usize::from(!a) + usize::from(!b)] += 1;
        }
        if first.chunks().len() < second.chunks().len() {
            let known = |name: &str| {
                first
                    .chunks()
                    .binary_search_by(|t| t.track.as_str().cmp(name))
                    .is_ok()
            };
            let extra = second.chunks().iter().find(|track| !known(&track.track));
            return missing(extra.map_or("", |track| &track.track), "second");
        }
        Ok(Self::from_counts(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prediction;

    fn predictions(rows: &[(&str, usize, [f32; 2])]) -> Predictions {
        let chunk = |&(track, truth, probabilities): &(&str, usize, [f32; 2])| Prediction {
            track: track.into(),
            truth,
            probabilities: probabilities.into(),
        };
        Predictions::new(
            vec!["x".into(), "y".into()],
            rows.iter().map(chunk).collect(),
        )
        .unwrap()
    }

    const X: [f32; 2] = [0.75, 0.25];
    const Y: [f32; 2] = [0.25, 0.75];

    #[test]
    fn tracks_are_matched_by_name_and_counted_once() {
        let first = predictions(&[("a", 0, X), ("b", 0, X), ("c", 1, X), ("d", 1, X)]);
        let second = predictions(&[
            ("d", 1, X),
            ("a", 0, X),
            ("a", 0, X),
            ("b", 0, Y),
            ("c", 1, Y),
        ]);
        let test = McNemar::between(&first, &second, Pooling::Vote).unwrap();
        assert_eq!(
            [test.both, test.only_first, test.only_second, test.neither],
            [1; 4]
        );
        assert_eq!(
            (test.exact_p, test.statistic, test.chi_squared_p),
            (1.0, 0.0, 1.0)
        );
    }

    #[test]
    fn what_is_not_comparable_is_named() {
        let base = predictions(&[("a", 0, X), ("b", 1, X)]);
        let cases = [
            (
                predictions(&[("a", 0, X)]),
                "track `b` is only in the first",
            ),
            (
                predictions(&[("a", 0, X), ("b", 1, X), ("c", 1, X)]),
                "track `c` is only in the second",
            ),
            (
                predictions(&[("a", 0, X), ("b", 0, X)]),
                "track `b` is y in the first and x in the second",
            ),
        ];
        for (other, part) in cases {
            let error = McNemar::between(&base, &other, Pooling::Vote)
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn no_difference_is_no_evidence_and_large_counts_are_no_trouble() {
        let same = McNemar::from_counts([5, 0, 0, 5]);
        assert_eq!((same.exact_p, same.chi_squared_p), (1.0, 1.0));
        let huge = McNemar::from_counts([0, u64::MAX, u64::MAX / 2, 0]);
        assert!((0.0..=1.0).contains(&huge.exact_p) && huge.statistic.is_finite());
    }
}

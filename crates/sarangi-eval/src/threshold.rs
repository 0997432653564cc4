//! From which confidence on an answer deserves trust.

use crate::{Pooling, Predictions};

/// The confidence above which the answers for tracks are right in at least this share of cases: the
/// lowest such bound that these predictions show. 0 if all of them together are that good, 1 if not
/// even the surest ones are.
///
/// The confidence of a track is the pooled probability of its class. Fit on validation predictions,
/// calibrated as the ones will be that are to be judged. With few tracks the bound is rough: it is
/// chosen where it just holds, so expect a little less of new tracks.
pub fn confidence_threshold(predictions: &Predictions, pooling: Pooling, accuracy: f64) -> f64 {
    let tracks = predictions.pool(pooling);
    let mut answers: Vec<(f32, bool)> = tracks
        .chunks()
        .iter()
        .map(|track| {
            (
                track.probabilities[track.class()],
                track.class() == track.truth,
            )
        })
        .collect();
    answers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut threshold = 1.0;
    let (mut taken, mut right) = (0u32, 0u32);
    // Answers of one confidence are taken or left together.
    for group in answers.chunk_by(|a, b| a.0 == b.0) {
        taken += group.len() as u32;
        right += group.iter().filter(|(_, right)| *right).count() as u32;
        if f64::from(right) >= accuracy * f64::from(taken) {
            let next = answers.get(taken as usize);
            threshold = next.map_or(0.0, |(confidence, _)| f64::from(*confidence));
        }
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prediction;

    fn predictions(of: &[(f32, bool)]) -> Predictions {
        let chunks = of
            .iter()
            .enumerate()
            .map(|(n, &(confidence, right))| Prediction {
                track: n.to_string(),
                truth: usize::from(!right),
                probabilities: vec![confidence, 1.0 - confidence],
            });
        Predictions::new(vec!["a".into(), "b".into()], chunks.collect()).unwrap()
    }

    fn fit(of: &[(f32, bool)], accuracy: f64) -> f64 {
        confidence_threshold(&predictions(of), Pooling::MeanProbability, accuracy)
    }

    #[test]
    fn the_lowest_bound_that_keeps_the_promise_is_chosen() {
        let tracks = [
            (0.9, true),
            (0.8, true),
            (0.75, false),
            (0.7, true),
            (0.6, false),
        ];
        // Above 0.6 lie four answers of which three are right.
        assert_eq!(fit(&tracks, 0.75), f64::from(0.6f32));
        assert_eq!(fit(&tracks, 0.9), f64::from(0.75f32));
        assert_eq!(fit(&tracks, 0.6), 0.0);
    }

    #[test]
    fn all_or_none_may_be_sure() {
        assert_eq!(fit(&[(0.9, true), (0.6, true)], 0.8), 0.0);
        assert_eq!(fit(&[(0.9, false), (0.6, true)], 0.8), 1.0);
        // The equally sure are sure together.
        assert_eq!(fit(&[(0.9, true), (0.9, false)], 0.8), 1.0);
    }
}

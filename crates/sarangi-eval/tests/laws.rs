//! What holds for any predictions.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod laws {
    mod probabilities;
    mod statistics;
}

use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_eval::{Confusion, Evaluation, Pooling, Prediction, Predictions};

/// Predictions over 1 to 6 classes for up to 12 tracks, with ties and zeros among them.
fn predictions() -> impl Strategy<Value = Predictions> {
    (1usize..=6).prop_flat_map(|classes| {
        let truths = prop::collection::vec(0..classes, 12);
        let weights = prop::collection::vec(0u8..5, classes);
        let chunks = prop::collection::vec((0usize..12, weights), 1..60);
        (truths, chunks).prop_map(move |(truths, chunks)| {
            let labels = (0..classes).map(|i| format!("class {i}")).collect();
            let chunk = |(track, mut weights): (usize, Vec<u8>)| {
                weights[0] += u8::from(weights.iter().all(|&w| w == 0));
                let sum: f32 = weights.iter().map(|&w| f32::from(w)).sum();
                Prediction {
                    track: format!("track {track}"),
                    truth: truths[track],
                    probabilities: weights.iter().map(|&w| f32::from(w) / sum).collect(),
                }
            };
            Predictions::new(labels, chunks.into_iter().map(chunk).collect()).unwrap()
        })
    })
}

fn pooling() -> impl Strategy<Value = Pooling> {
    prop_oneof![Just(Pooling::Vote), Just(Pooling::MeanProbability)]
}

proptest! {
    #[test]
    fn accuracy_is_weighted_recall(predictions in predictions(), pooling in pooling()) {
        let evaluation = Evaluation::of(&predictions, pooling);
        for scores in [&evaluation.chunk, &evaluation.track] {
            prop_assert!((scores.accuracy - scores.weighted_average.recall).abs() < 1e-12);
            let bounded = [scores.accuracy, scores.balanced_accuracy, scores.macro_average.f1];
            prop_assert!(bounded.iter().all(|x| (0.0..=1.0 + 1e-12).contains(x)));
            prop_assert!(scores.log_loss >= 0.0 && scores.log_loss < 16.0);
            let support: u64 = scores.per_class.iter().map(|class| class.support).sum();
            prop_assert_eq!(support, scores.examples());
        }
    }

    #[test]
    fn the_order_of_chunks_changes_no_bit(
        predictions in predictions(),
        pooling in pooling(),
        seed: u64,
    ) {
        let mut shuffled = predictions.chunks().to_vec();
        Seed(seed).named("order").shuffle(&mut shuffled);
        let shuffled = Predictions::new(predictions.labels().to_vec(), shuffled).unwrap();
        prop_assert_eq!(Evaluation::of(&predictions, pooling), Evaluation::of(&shuffled, pooling));
    }

    #[test]
    fn a_vote_goes_to_the_lowest_of_the_most_voted(predictions in predictions()) {
        for track in predictions.pool(Pooling::Vote).chunks() {
            let mut votes = vec![0usize; predictions.labels().len()];
            for chunk in predictions.chunks().iter().filter(|c| c.track == track.track) {
                votes[chunk.class()] += 1;
            }
            let most = *votes.iter().max().unwrap();
            prop_assert_eq!(Some(track.class()), votes.iter().position(|&n| n == most));
        }
    }

    #[test]
    fn one_chunk_to_a_track_pools_to_itself(predictions in predictions()) {
        let mut chunks = predictions.chunks().to_vec();
        for (index, chunk) in chunks.iter_mut().enumerate() {
            chunk.track = format!("{index:03}");
        }
        let alone = Predictions::new(predictions.labels().to_vec(), chunks).unwrap();
        prop_assert_eq!(&alone.pool(Pooling::MeanProbability), &alone);
        let voted = alone.pool(Pooling::Vote);
        prop_assert_eq!(Confusion::of(&voted), Confusion::of(&alone));
    }

    #[test]
    fn pooling_a_track_is_pooling_its_chunks(predictions in predictions(), pooling in pooling()) {
        for track in predictions.pool(pooling).chunks() {
            let of_track = predictions.chunks().iter().filter(|c| c.track == track.track);
            let chunks: Vec<&[f32]> = of_track.map(|c| c.probabilities.as_slice()).collect();
            let verdict = pooling.pool(&chunks).unwrap();
            prop_assert_eq!(&verdict.probabilities, &track.probabilities);
            prop_assert_eq!(verdict.class, track.class());
        }
    }

    #[test]
    fn json_and_back_is_the_same_evaluation(predictions in predictions(), pooling in pooling()) {
        let evaluation = Evaluation::of(&predictions, pooling);
        let json = serde_json::to_string(&evaluation).unwrap();
        let back: Evaluation = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&back.track.confusion, &evaluation.track.confusion);
        prop_assert_eq!(back.to_string(), evaluation.to_string());
    }

    #[test]
    fn every_confusion_is_among_the_pairs(predictions in predictions()) {
        let confusion = Confusion::of(&predictions);
        let pairs = confusion.confused_pairs(usize::MAX);
        let wrong: u64 = pairs.iter().map(|pair| pair.count).sum();
        let right = confusion.total() as f64 * confusion.accuracy();
        prop_assert_eq!(wrong, confusion.total() - right.round() as u64);
        prop_assert!(pairs.is_sorted_by(|a, b| a.count >= b.count));
    }
}

//! Intervals, comparison, files.

use proptest::prelude::*;
use sarangi_eval::{Evaluation, McNemar, Predictions};

use crate::{pooling, predictions};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn intervals_are_ranges_of_shares(predictions in predictions(), pooling in pooling()) {
        let evaluation = Evaluation::of(&predictions, pooling);
        let tracks = evaluation.track.examples();
        prop_assert_eq!(evaluation.intervals.is_some(), tracks > 1);
        for level in evaluation.intervals.iter().flat_map(|all| [all.chunk, all.track]) {
            for interval in [level.accuracy, level.balanced_accuracy, level.macro_f1] {
                prop_assert!(0.0 <= interval.low && interval.low <= interval.high);
                prop_assert!(interval.high <= 1.0 + 1e-12);
            }
        }
    }

    #[test]
    fn comparing_the_other_way_round_is_as_sure(a in predictions(), seed: u64, pooling in pooling()) {
        let mut chunks = a.chunks().to_vec();
        for (index, chunk) in chunks.iter_mut().enumerate() {
            let by = (seed >> (index % 60)) as usize % chunk.probabilities.len();
            chunk.probabilities.rotate_left(by);
        }
        let b = Predictions::new(a.labels().to_vec(), chunks).unwrap();
        let there = McNemar::between(&a, &b, pooling).unwrap();
        let back = McNemar::between(&b, &a, pooling).unwrap();
        prop_assert_eq!((there.only_first, there.only_second), (back.only_second, back.only_first));
        prop_assert_eq!((there.exact_p, there.statistic), (back.exact_p, back.statistic));
        prop_assert!((0.0..=1.0).contains(&there.exact_p) && (0.0..=1.0).contains(&there.chi_squared_p));
        let same = McNemar::between(&a, &a, pooling).unwrap();
        prop_assert_eq!(same.exact_p, 1.0);
    }

    #[test]
    fn what_is_written_is_read_to_the_bit(predictions in predictions()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.jsonl");
        predictions.write_jsonl(&path).unwrap();
        prop_assert_eq!(Predictions::read_jsonl(&path).unwrap(), predictions);
    }
}

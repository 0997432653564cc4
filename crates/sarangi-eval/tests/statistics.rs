//! Tests and intervals against statsmodels and scipy (`fixtures/make/metrics_statistics.py`).
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use sarangi_core::Seed;
use sarangi_eval::{
    Bootstrap, Evaluation, FoldSummary, Intervals, McNemar, Pooling, Prediction, Predictions,
};
use sarangi_testkit::fixture;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Golden<C> {
    atol: f64,
    cases: Vec<C>,
}

fn golden<C: DeserializeOwned>(name: &str) -> Golden<C> {
    let path = fixture(format!("golden/metrics/statistics/{name}.json"));
    let golden: Golden<C> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(golden.cases.len() >= 3);
    golden
}

#[test]
fn mcnemar_is_that_of_statsmodels() {
    #[derive(Deserialize)]
    struct Case {
        counts: [u64; 4],
        exact_p: f64,
        statistic: f64,
        chi_squared_p: f64,
    }
    let golden = golden::<Case>("mcnemar");
    for case in golden.cases {
        let got = McNemar::from_counts(case.counts);
        for (what, got, want) in [
            ("exact p", got.exact_p, case.exact_p),
            ("statistic", got.statistic, case.statistic),
            ("chi squared p", got.chi_squared_p, case.chi_squared_p),
        ] {
            let bound = golden.atol * want.abs();
            assert!(
                (got - want).abs() <= bound,
                "{:?}: {what}: got {got}, want {want}",
                case.counts
            );
        }
    }
}

#[test]
fn folds_are_summarised_as_by_scipy() {
    #[derive(Deserialize)]
    struct Case {
        values: Vec<f64>,
        level: f64,
        mean: f64,
        deviation: f64,
        interval: [f64; 2],
    }
    let golden = golden::<Case>("folds");
    for case in golden.cases {
        let got = FoldSummary::of(&case.values, case.level).unwrap();
        for (got, want) in [
            (got.mean, case.mean),
            (got.deviation, case.deviation),
            (got.interval.low, case.interval[0]),
            (got.interval.high, case.interval[1]),
        ] {
            assert!((got - want).abs() <= golden.atol, "got {got}, want {want}");
        }
    }
}

#[test]
fn the_bootstrap_finds_scipys_interval() {
    #[derive(Deserialize)]
    struct Case {
        values: Vec<f64>,
        level: f64,
        interval: [f64; 2],
        spread: f64,
    }
    let golden = golden::<Case>("bootstrap");
    for case in golden.cases {
        let bootstrap = Bootstrap {
            resamples: 400_000,
            level: case.level,
            seed: Seed(1),
        };
        let n = case.values.len();
        let mean = |drawn: &[usize]| drawn.iter().map(|&i| case.values[i]).sum::<f64>() / n as f64;
        let got = bootstrap.interval(n, mean).unwrap().unwrap();
        for (got, want) in [(got.low, case.interval[0]), (got.high, case.interval[1])] {
            assert!(
                (got - want).abs() <= golden.atol * case.spread,
                "got {got}, want {want}"
            );
        }
    }
}

/// Sixty tracks of five chunks, which are all right or all wrong in most tracks.
fn alike_chunks(seed: u64) -> Predictions {
    let mut rng = Seed(seed).named("tracks");
    let mut chunks = Vec::new();
    for track in 0..60 {
        let easy = rng.chance(0.7);
        for _ in 0..5 {
            let right = rng.chance(if easy { 0.95 } else { 0.05 });
            chunks.push(Prediction {
                track: format!("{track:02}"),
                truth: track % 2,
                probabilities: if right == (track % 2 == 0) {
                    vec![0.75, 0.25]
                } else {
                    vec![0.25, 0.75]
                },
            });
        }
    }
    Predictions::new(vec!["a".into(), "b".into()], chunks).unwrap()
}

#[test]
fn ninety_five_of_a_hundred_intervals_hold_the_truth() {
    // The share of chunks that are right on average.
    let truth = 0.7 * 0.95 + 0.3 * 0.05;
    let bootstrap = Bootstrap {
        resamples: 400,
        ..Bootstrap::default()
    };
    let held = (0..400).filter(|&seed| {
        let intervals = Intervals::of(&alike_chunks(seed), Pooling::Vote, bootstrap)
            .unwrap()
            .unwrap();
        let interval = intervals.chunk.accuracy;
        interval.low <= truth && truth <= interval.high
    });
    let share = held.count() as f64 / 400.0;
    // Drawing chunks instead would hold it some 65 times of a hundred.
    assert!((0.91..=0.98).contains(&share), "{share}");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let predictions = alike_chunks(7);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| Evaluation::of(&predictions, Pooling::Vote))
    };
    assert!(on(1).intervals.is_some());
    assert_eq!(on(1), on(4));
}

#[test]
fn a_single_track_has_no_interval() {
    let chunks = alike_chunks(1).chunks()[..5].to_vec();
    let one = Predictions::new(vec!["a".into(), "b".into()], chunks).unwrap();
    assert_eq!(Evaluation::of(&one, Pooling::Vote).intervals, None);
    let none = Bootstrap {
        resamples: 0,
        ..Bootstrap::default()
    };
    assert!(Intervals::of(&one, Pooling::Vote, none).is_err());
}

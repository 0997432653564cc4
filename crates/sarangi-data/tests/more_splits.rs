//! Folds, orders, columns and groups.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_data::{Corpus, Item, Listed, Part, Split, SplitSpec, Track};

const PARTS: [Part; 3] = [Part::Train, Part::Valid, Part::Test];

/// A corpus of `sizes[label]` tracks in each class, of two chunks each, without files.
fn corpus(sizes: &[usize], listed: impl Fn(usize, usize) -> Listed) -> Corpus {
    let names = sizes.iter().enumerate();
    let tracks = names.flat_map(|(label, &count)| (0..count).map(move |n| (label, n)));
    let track = |(label, n): (usize, usize)| Track {
        path: format!("class{label}/{}-{n:03}.wav", n % 3 + 9),
        label,
        content: format!("content {label} {n}"),
        key: String::new(),
        chunks: 2,
        source: None,
        listed: listed(label, n),
    };
    Corpus {
        root: PathBuf::from("music"),
        labels: (0..sizes.len())
            .map(|label| format!("class{label}"))
            .collect(),
        tracks: tracks.map(track).collect(),
        quarantine: Default::default(),
    }
}

fn plain(sizes: &[usize]) -> Corpus {
    corpus(sizes, |_, _| Listed::default())
}

fn spec(json: &str) -> SplitSpec {
    serde_json::from_str(json).unwrap()
}

fn tracks(items: &[Item]) -> BTreeSet<usize> {
    items.iter().map(|item| item.track).collect()
}

fn split(spec: &SplitSpec, corpus: &Corpus) -> Result<Split, String> {
    spec.split(corpus, Seed(3)).map_err(|e| e.to_string())
}

proptest! {
    #[test]
    fn artists_stay_whole_and_shares_are_near(
        sizes in prop::collection::vec(20usize..40, 2..5),
        per_artist in 1usize..4,
        seed: u64,
    ) {
        let corpus = corpus(&sizes, |label, n| Listed {
            artist: Some(format!("{label} {}", n / per_artist)),
            ..Listed::default()
        });
        let split = SplitSpec::default().split(&corpus, Seed(seed)).unwrap();
        let mut seen: BTreeMap<&str, Part> = BTreeMap::new();
        for part in PARTS {
            for track in tracks(split.part(part)) {
                let artist = corpus.tracks[track].listed.artist.as_deref().unwrap();
                prop_assert_eq!(*seen.entry(artist).or_insert(part), part);
            }
        }
        let all: usize = PARTS.iter().map(|&part| tracks(split.part(part)).len()).sum();
        prop_assert_eq!(all, corpus.tracks.len());
        for (label, &size) in sizes.iter().enumerate() {
            let test = tracks(&split.test);
            let count = test.iter().filter(|&&t| corpus.tracks[t].label == label).count();
            let wanted = 0.2 * size as f64;
            prop_assert!((count as f64 - wanted).abs() <= per_artist as f64, "{count} of {wanted}");
        }
    }

    #[test]
    fn every_track_is_in_one_fold_that_judges(sizes in prop::collection::vec(6usize..20, 2..4), folds in 2usize..6) {
        let corpus = plain(&sizes);
        let spec = spec(&format!(r#"{{"type":"k_fold","folds":{folds}}}"#));
        prop_assert_eq!(spec.folds(&corpus).unwrap(), Some(folds));
        let mut judged = BTreeSet::new();
        for fold in 1..=folds {
            let split = split(&spec.clone().with_fold(fold), &corpus).unwrap();
            prop_assert_eq!(split.leaking_tracks(), 0);
            for (label, &size) in sizes.iter().enumerate() {
                let test = tracks(&split.test);
                let count = test.iter().filter(|&&t| corpus.tracks[t].label == label).count();
                prop_assert!((count as f64 - size as f64 / folds as f64).abs() < 1.0);
            }
            for track in tracks(&split.test) {
                prop_assert!(judged.insert(track));
            }
        }
        prop_assert_eq!(judged.len(), corpus.tracks.len());
    }
}

#[test]
fn a_holdout_tests_every_fold_and_folds_validate() {
    let corpus = plain(&[20, 30]);
    let spec = spec(r#"{"type":"k_fold","folds":5,"holdout":0.2}"#);
    let folds: Vec<Split> = (1..=5)
        .map(|fold| split(&spec.clone().with_fold(fold), &corpus).unwrap())
        .collect();
    assert!(folds.iter().all(|fold| fold.test == folds[0].test));
    assert_eq!(tracks(&folds[0].test).len(), 10);
    let validated: BTreeSet<usize> = folds.iter().flat_map(|fold| tracks(&fold.valid)).collect();
    assert_eq!(validated.len(), 40);
    assert_eq!(
        split(&spec, &corpus).unwrap_err(),
        "split: fold: must say which of the 5 it is"
    );
    let error = split(&spec.with_fold(6), &corpus).unwrap_err();
    assert!(error.contains("from 1 to 5, got 6"), "{error}");
}

#[test]
fn a_manifest_may_name_what_is_held_out() {
    let text = r#"{"type":"k_fold","folds":3,"holdout":"column"}"#;
    let spec = spec(text);
    let listed = corpus(&[12, 15], |_, n| Listed {
        part: Some([Part::Test, Part::Train, Part::Valid][n % 3]),
        ..Listed::default()
    });
    for fold in 1..=3 {
        let split = split(&spec.clone().with_fold(fold), &listed).unwrap();
        let held: BTreeSet<usize> = tracks(&split.test);
        assert_eq!(held.len(), 9);
        assert!(
            held.iter()
                .all(|&t| listed.tracks[t].listed.part == Some(Part::Test))
        );
        assert_eq!(tracks(&split.train).len() + tracks(&split.valid).len(), 18);
    }
    let error = split(&spec.with_fold(1), &plain(&[9, 9])).unwrap_err();
    assert!(
        error.contains("music") && error.contains("holdout"),
        "{error}"
    );
    let json = serde_json::to_string(&self::spec(text)).unwrap();
    assert!(json.contains(r#""holdout":"column""#), "{json}");
}

#[test]
fn folds_come_from_names_or_a_column() {
    // Names begin with 9-, 10- and 11-: numbers, not texts.
    let named = plain(&[9, 9]);
    let spec_of = |by: &str| spec(&format!(r#"{{"type":"k_fold","by":"{by}","valid":0.2}}"#));
    assert_eq!(spec_of("prefix").folds(&named).unwrap(), Some(3));
    let first = split(&spec_of("prefix").with_fold(1), &named).unwrap();
    for track in tracks(&first.test) {
        assert!(named.tracks[track].path.contains("/9-"));
    }
    let listed = corpus(&[8, 8], |_, n| Listed {
        fold: Some(["a", "b"][n % 2].to_owned()),
        ..Listed::default()
    });
    let second = split(&spec_of("column").with_fold(2), &listed).unwrap();
    for track in tracks(&second.test) {
        assert_eq!(listed.tracks[track].listed.fold.as_deref(), Some("b"));
    }
    let error = split(&spec_of("column").with_fold(1), &named).unwrap_err();
    assert!(error.contains("gives it no fold"), "{error}");
}

#[test]
fn the_first_train_and_the_last_test() {
    let corpus = plain(&[10, 10]);
    let first = spec(r#"{"type":"first_last","train":6}"#);
    let split_ = split(&first, &corpus).unwrap();
    assert_eq!(tracks(&split_.train), (0..6).chain(10..16).collect());
    assert_eq!(tracks(&split_.test), (6..10).chain(16..20).collect());
    let error = split(&spec(r#"{"type":"first_last","train":10}"#), &corpus).unwrap_err();
    assert!(error.contains("too few"), "{error}");
    assert!(spec(r#"{"type":"first_last","train":0}"#).check().is_err());
}

#[test]
fn the_column_of_a_manifest_splits() {
    let parts = [Some(Part::Train), Some(Part::Train), Some(Part::Test), None];
    let listed = corpus(&[20, 20], |_, n| Listed {
        part: parts[n % 4],
        ..Listed::default()
    });
    let column = spec(r#"{"type":"column","valid":0.2}"#);
    let split_ = split(&column, &listed).unwrap();
    assert_eq!(
        [tracks(&split_.train).len(), tracks(&split_.valid).len()],
        [16, 4]
    );
    assert_eq!(split_.left_out(&listed), [10, 0]);
    let error = split(&column, &plain(&[5, 5])).unwrap_err();
    assert!(error.contains("no track is in the part `train`"), "{error}");
}

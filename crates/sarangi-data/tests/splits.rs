//! What every split must hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_data::{Corpus, Item, Part, SplitSpec, Track};

/// A corpus of `sizes[label]` tracks in each class, of three chunks each, without files.
fn corpus(sizes: &[usize]) -> Corpus {
    let labels: Vec<String> = (0..sizes.len())
        .map(|label| format!("class{label}"))
        .collect();
    let tracks = sizes
        .iter()
        .enumerate()
        .flat_map(|(label, &count)| (0..count).map(move |n| (label, n)))
        .map(|(label, n)| Track {
            path: format!("class{label}/{n:03}.wav"),
            label,
            content: format!("content {label} {n}"),
            key: String::new(),
            chunks: 3,
            source: None,
            listed: Default::default(),
        })
        .collect();
    Corpus {
        root: PathBuf::from("music"),
        labels,
        tracks,
        quarantine: Default::default(),
    }
}

fn tracks(items: &[Item]) -> BTreeSet<usize> {
    items.iter().map(|item| item.track).collect()
}

proptest! {
    #[test]
    fn a_track_split_is_whole_stratified_and_complete(
        sizes in prop::collection::vec(5usize..40, 2..6),
        seed: u64,
    ) {
        let corpus = corpus(&sizes);
        let split = SplitSpec::default().split(&corpus, Seed(seed)).unwrap();
        prop_assert_eq!(split.leaking_tracks(), 0);
        let all = [Part::Train, Part::Valid, Part::Test].map(|part| split.part(part).len());
        prop_assert_eq!(all.iter().sum::<usize>(), corpus.tracks.len() * 3);
        for (label, &size) in sizes.iter().enumerate() {
            let tests = tracks(&split.test);
            let count = tests.iter().filter(|&&t| corpus.tracks[t].label == label).count();
            prop_assert_eq!(count, ((size as f64 * 0.2).round() as usize).max(1));
        }
        prop_assert_eq!(&split, &SplitSpec::default().split(&corpus, Seed(seed)).unwrap());
    }

    #[test]
    fn the_leaky_split_leaks_and_says_so(seed: u64) {
        let corpus = corpus(&[20, 20]);
        let spec = SplitSpec::LeakyChunks { valid: 0.16, test: 0.2 };
        let split = spec.split(&corpus, Seed(seed)).unwrap();
        prop_assert!(spec.is_leaky());
        prop_assert!(split.leaking_tracks() > 0);
        prop_assert_eq!((split.test.len(), split.valid.len(), split.train.len()), (24, 19, 77));
    }
}

#[test]
fn a_new_track_in_one_class_moves_no_other_class() {
    let (small, large) = (corpus(&[20, 20]), corpus(&[20, 21]));
    let split = |corpus: &Corpus| SplitSpec::default().split(corpus, Seed(1)).unwrap();
    let first_class = |corpus: &Corpus| -> Vec<Item> {
        split(corpus)
            .test
            .into_iter()
            .filter(|i| corpus.tracks[i.track].label == 0)
            .collect()
    };
    assert_eq!(first_class(&small), first_class(&large));
}

#[test]
fn too_few_tracks_and_senseless_shares_are_errors() {
    let message = SplitSpec::default()
        .split(&corpus(&[9, 1]), Seed(1))
        .unwrap_err()
        .to_string();
    assert!(message.contains("`class1` has 1 usable track"), "{message}");
    assert!(message.starts_with("music: "), "{message}");
    for (valid, test) in [(0.5, 0.5), (-0.1, 0.2), (0.1, f64::NAN), (0.0, 1.0)] {
        let spec = SplitSpec::Track { valid, test };
        assert!(
            spec.split(&corpus(&[9, 9]), Seed(1)).is_err(),
            "{valid} {test}"
        );
    }
    let all_train = SplitSpec::Track {
        valid: 0.0,
        test: 0.0,
    };
    assert_eq!(
        all_train
            .split(&corpus(&[1, 1]), Seed(1))
            .unwrap()
            .train
            .len(),
        6
    );
}

#[test]
fn lists_choose_tracks_by_name_whatever_the_ending() {
    let folder = tempfile::tempdir().unwrap();
    let list = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let corpus = corpus(&[4, 4]);
    let train = list(
        "train.txt",
        "class0/000.au\nclass1/000.au\r\n\nclass9/000.au\n",
    );
    let valid = list("valid.txt", "class0/001.au\n");
    let test = list("test.txt", "# unseen\nclass0/002.au\nclass1/002.au\n");
    let spec = |train: &PathBuf, valid: &PathBuf, test: &PathBuf| SplitSpec::Lists {
        train: train.clone(),
        valid: valid.clone(),
        test: test.clone(),
    };
    let split = spec(&train, &valid, &test).split(&corpus, Seed(1)).unwrap();
    assert_eq!(tracks(&split.train), BTreeSet::from([0, 4]));
    assert_eq!(tracks(&split.valid), BTreeSet::from([1]));
    assert_eq!(tracks(&split.test), BTreeSet::from([2, 6]));
    assert_eq!(split.leaking_tracks(), 0);

    let twice = spec(&train, &valid, &train)
        .split(&corpus, Seed(1))
        .unwrap_err()
        .to_string();
    assert!(twice.contains("class0/000.wav"), "{twice}");
    let one_class = spec(&valid, &train, &test)
        .split(&corpus, Seed(1))
        .unwrap_err()
        .to_string();
    assert!(one_class.contains("`class1`"), "{one_class}");
    let bare = list("bare.txt", "class0/000\nclass1/000\n");
    let by_bare_names = spec(&bare, &valid, &test).split(&corpus, Seed(1)).unwrap();
    assert_eq!(by_bare_names.train, split.train);
    let named = spec(&train, &valid, &test).resolved().unwrap();
    assert_eq!(named.split(&corpus, Seed(1)).unwrap(), split);
    let absent = spec(&folder.path().join("no.txt"), &valid, &test).split(&corpus, Seed(1));
    assert!(absent.unwrap_err().to_string().contains("no.txt"));
}

#[test]
fn the_digest_tells_splits_and_contents_apart() {
    let mut corpus = corpus(&[9, 9]);
    let digest = |corpus: &Corpus, seed| {
        SplitSpec::default()
            .split(corpus, Seed(seed))
            .unwrap()
            .digest(corpus)
    };
    let first = digest(&corpus, 1);
    assert_eq!(first, digest(&corpus, 1));
    assert_ne!(first, digest(&corpus, 2));
    corpus.tracks[0].content = "other".into();
    assert_ne!(first, digest(&corpus, 1));
}

#[test]
fn splits_stay_what_they_were() {
    // Models carry these digests: changing one cuts every stored model off from its data.
    let corpus = corpus(&[9, 12]);
    let digest = |spec: SplitSpec| {
        let split = spec.split(&corpus, Seed(7)).unwrap();
        split.digest(&corpus)
    };
    let (valid, test) = (0.16, 0.2);
    let got = [
        digest(SplitSpec::Track { valid, test }),
        digest(SplitSpec::LeakyChunks { valid, test }),
    ];
    assert_eq!(
        got,
        [
            "6308483ee14dae6eac0ddb7cea437f69",
            "f55904754407ba8c91bf5f38e924fdab"
        ]
    );
}

#[test]
fn a_listed_corpus_draws_the_split_of_a_prepared_one_and_its_lists_say_it() {
    let spec = r#"{ "features": { "type": "rms" } }"#;
    let spec: sarangi_data::FrontEndSpec = serde_json::from_str(spec).unwrap();
    let front_end = sarangi_core::Spec::build(&spec, ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = sarangi_data::FeatureCache::new(folder.path());
    let music = sarangi_testkit::fixture("audio");
    let prepared = Corpus::prepare(&music, &front_end, &cache, |_, _| ()).unwrap();
    let listed = Corpus::listed(&music, front_end.kind(), |_, _| ()).unwrap();
    assert!(
        listed
            .tracks
            .iter()
            .all(|track| track.chunks == 1 && track.key.is_empty())
    );
    let lists = |corpus: &Corpus| {
        let split = SplitSpec::default().split(corpus, Seed(3)).unwrap();
        Part::ALL.map(|part| split.list(corpus, part).unwrap())
    };
    let written = lists(&listed);
    assert_eq!(written, lists(&prepared));
    let names = |list: &str| list.lines().map(str::to_owned).collect();
    let [train, valid, test] = [0, 1, 2].map(|part| names(&written[part]));
    let named = SplitSpec::Named { train, valid, test };
    let want = SplitSpec::default().split(&listed, Seed(3)).unwrap();
    assert_eq!(named.split(&listed, Seed(0)).unwrap(), want);
}

#[test]
fn a_name_that_a_list_would_pass_over_is_refused() {
    let mut corpus = corpus(&[5, 5]);
    corpus.tracks[0].path = "#1 hits/a.wav".to_owned();
    let split = SplitSpec::default().split(&corpus, Seed(1)).unwrap();
    let lists = Part::ALL.map(|part| split.list(&corpus, part));
    let errors: Vec<String> = lists
        .into_iter()
        .filter_map(Result::err)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors.len(), 1);
    assert!(
        errors[0].contains("#1 hits") && errors[0].contains("rename it"),
        "{errors:?}"
    );
}

//! What every split must hold where there are augmented copies.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;
use sarangi_audio::{WavFormat, encode_wav};
use sarangi_core::{SampleRate, Seed, Spec, Waveform};
use sarangi_data::{
    AugmentedCopy, Corpus, FeatureCache, FrontEndSpec, Item, Split, SplitSpec, Track,
    content_digest,
};

/// A corpus of so many originals in each of two classes, each with so many copies.
fn corpus(originals: usize, copies: usize) -> Corpus {
    let mut tracks = Vec::new();
    for (label, class) in ["jazz", "rock"].iter().enumerate() {
        let mut add = |path: String, source: Option<String>| {
            tracks.push(Track {
                content: format!("content of {path}"),
                path,
                label,
                key: String::new(),
                chunks: 3,
                source,
                listed: Default::default(),
            });
        };
        for n in 0..originals {
            add(format!("{class}/{n:03}.wav"), None);
            for copy in 0..copies {
                let path = format!("{class}/augmented{copy}_{n:03}.wav");
                add(path, Some(format!("{class}/{n:03}.wav")));
            }
        }
    }
    tracks.sort_by(|a, b| a.path.cmp(&b.path));
    Corpus {
        root: PathBuf::from("music"),
        labels: vec!["jazz".into(), "rock".into()],
        tracks,
        quarantine: Default::default(),
    }
}

/// The paths of a part's tracks.
fn paths<'a>(corpus: &'a Corpus, items: &[Item]) -> BTreeSet<&'a str> {
    let paths = items.iter().map(|item| &corpus.tracks[item.track].path);
    paths.map(String::as_str).collect()
}

/// What a part's tracks are made of, themselves if they are originals.
fn groups<'a>(corpus: &'a Corpus, items: &[Item]) -> BTreeSet<&'a str> {
    let tracks = items.iter().map(|item| &corpus.tracks[item.track]);
    let groups = tracks.map(|track| track.source.as_ref().unwrap_or(&track.path));
    groups.map(String::as_str).collect()
}

fn judges_are_original(corpus: &Corpus, split: &Split) -> bool {
    let mut items = split.valid.iter().chain(&split.test);
    items.all(|item| corpus.tracks[item.track].is_original())
}

proptest! {
    #[test]
    fn no_copy_of_a_track_that_judges_trains(
        originals in 5usize..30,
        copies in 0usize..4,
        seed: u64,
    ) {
        let (with, without) = (corpus(originals, copies), corpus(originals, 0));
        let split = SplitSpec::default().split(&with, Seed(seed)).unwrap();
        prop_assert!(judges_are_original(&with, &split));
        let [train, valid, test] =
            [&split.train, &split.valid, &split.test].map(|items| groups(&with, items));
        prop_assert!(train.is_disjoint(&test) && train.is_disjoint(&valid));
        // Each copy of what trains does train.
        prop_assert_eq!(split.train.len(), train.len() * (1 + copies) * 3);
        let judged = valid.len() + test.len();
        prop_assert_eq!(split.left_out(&with), [0, judged * copies]);
        // Who judges is drawn as if there were no copies.
        let plain = SplitSpec::default().split(&without, Seed(seed)).unwrap();
        prop_assert_eq!(paths(&with, &split.test), paths(&without, &plain.test));
        prop_assert_eq!(paths(&with, &split.valid), paths(&without, &plain.valid));
    }

    #[test]
    fn the_leaky_split_judges_by_originals_alone(seed: u64) {
        let (with, without) = (corpus(20, 2), corpus(20, 0));
        let spec = SplitSpec::LeakyChunks { valid: 0.16, test: 0.2 };
        let split = spec.split(&with, Seed(seed)).unwrap();
        prop_assert!(judges_are_original(&with, &split));
        let plain = spec.split(&without, Seed(seed)).unwrap();
        prop_assert_eq!(split.test.len(), plain.test.len());
        let training = paths(&without, &plain.train);
        prop_assert_eq!(groups(&with, &split.train), training);
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn on_lists_a_copy_goes_where_its_original_goes() {
    let mut corpus = corpus(4, 1);
    let spec = SplitSpec::Named {
        train: names(&[
            "jazz/000",
            "rock/000",
            "jazz/augmented0_000",
            "jazz/augmented0_001",
            "jazz/augmented0_002",
            "rock/augmented0_003",
        ]),
        valid: names(&["jazz/001"]),
        test: names(&[
            "jazz/002",
            "rock/002",
            "rock/augmented0_000",
            "rock/gone.au",
        ]),
    };
    let split = spec.split(&corpus, Seed(1)).unwrap();
    let train = [
        "jazz/000.wav",
        "jazz/augmented0_000.wav",
        "rock/000.wav",
        "rock/augmented0_000.wav",
    ];
    assert_eq!(paths(&corpus, &split.train), BTreeSet::from(train));
    let test = ["jazz/002.wav", "rock/002.wav"];
    assert_eq!(paths(&corpus, &split.test), BTreeSet::from(test));

    // Where the original is not there, the lists are asked for its name and for the copy's.
    let mut stray = |path: &str, source: &str| {
        let mut tracks = corpus.tracks.iter_mut();
        let track = tracks.find(|track| track.path == path).unwrap();
        track.source = Some(source.into());
    };
    stray("rock/augmented0_000.wav", "rock/gone.mp3");
    stray("rock/augmented0_003.wav", "rock/lost.mp3");
    stray("jazz/augmented0_003.wav", "jazz/lost.mp3");
    let split = spec.split(&corpus, Seed(1)).unwrap();
    let train = [
        "jazz/000.wav",
        "jazz/augmented0_000.wav",
        "rock/000.wav",
        "rock/augmented0_003.wav",
    ];
    assert_eq!(paths(&corpus, &split.train), BTreeSet::from(train));
}

#[test]
fn copies_without_originals_train_but_are_not_enough() {
    let mut corpus = corpus(9, 1);
    corpus.tracks.retain(|track| track.path != "jazz/000.wav");
    let split = SplitSpec::default().split(&corpus, Seed(1)).unwrap();
    let train = paths(&corpus, &split.train);
    assert!(train.contains("jazz/augmented0_000.wav"), "{train:?}");

    corpus.tracks.retain(|track| !track.is_original());
    let error = SplitSpec::default().split(&corpus, Seed(1)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`jazz` has 0 usable track(s) beside 9 augmented copies, which never judge"),
        "{text}"
    );
}

/// A folder of four recordings, named by their frequencies.
fn recordings() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["jazz/1.wav", "jazz/2.wav", "rock/3.wav", "rock/4.wav"] {
        record(&folder, name, 0.01 * f32::from(name.as_bytes()[5] - b'0'));
    }
    folder
}

fn record(folder: &tempfile::TempDir, name: &str, step: f32) {
    let samples = (0..22_050 * 3).map(|i| (i as f32 * step).sin()).collect();
    let wave = Waveform::mono(samples, SampleRate::HZ_22050);
    encode_wav(folder.path().join(name), &wave, WavFormat::Float32).unwrap();
}

fn list(folder: &tempfile::TempDir, copies: &[(&str, &str, &str)]) {
    let copies = copies.iter().map(|(file, source, digest)| AugmentedCopy {
        file: file.to_string(),
        source: source.to_string(),
        source_digest: digest.to_string(),
        applied: Vec::new(),
    });
    AugmentedCopy::write_list(folder, &copies.collect::<Vec<_>>()).unwrap();
}

fn prepare(folder: &tempfile::TempDir) -> sarangi_core::Result<Corpus> {
    let spec: FrontEndSpec =
        serde_json::from_str(r#"{"features": {"type": "zero_crossing_rate"}}"#).unwrap();
    let cache = FeatureCache::new(folder.path().join(".cache"));
    Corpus::prepare(folder, &spec.build(()).unwrap(), &cache, |_, _| {})
}

/// The tracks that are copies, with their sources.
fn copies(corpus: &Corpus) -> Vec<(&str, &str)> {
    let tracks = corpus.tracks.iter();
    tracks
        .filter_map(|track| Some((track.path.as_str(), track.source.as_deref()?)))
        .collect()
}

#[test]
fn a_folder_says_which_of_its_tracks_are_copies() {
    let folder = recordings();
    assert_eq!(copies(&prepare(&folder).unwrap()), []);
    record(&folder, "jazz/augmented_1.wav", 0.5);
    list(
        &folder,
        &[
            ("jazz/augmented_1.wav", "jazz/1.wav", ""),
            ("jazz/gone.wav", "jazz/1.wav", ""),
        ],
    );
    let want = [("jazz/augmented_1.wav", "jazz/1.wav")];
    assert_eq!(copies(&prepare(&folder).unwrap()), want);
}

#[test]
fn a_source_is_known_by_its_content_whatever_its_name() {
    let folder = recordings();
    record(&folder, "jazz/augmented_1.wav", 0.5);
    let digest = content_digest(folder.path().join("jazz/2.wav")).unwrap();
    let of_second = [("jazz/augmented_1.wav", "jazz/an-older-name.mp3", &*digest)];
    list(&folder, &of_second);
    let want = [("jazz/augmented_1.wav", "jazz/2.wav")];
    assert_eq!(copies(&prepare(&folder).unwrap()), want);

    // Of two files with one content, the one that is used.
    std::fs::copy(
        folder.path().join("jazz/2.wav"),
        folder.path().join("jazz/9.wav"),
    )
    .unwrap();
    list(&folder, &[("jazz/augmented_1.wav", "jazz/9.wav", &digest)]);
    let corpus = prepare(&folder).unwrap();
    assert!(corpus.quarantine.contains("jazz/9.wav"));
    assert_eq!(copies(&corpus), want);
}

#[test]
fn a_copy_that_changed_nothing_does_not_take_the_place_of_its_original() {
    let folder = recordings();
    record(&folder, "jazz/0.wav", 0.01);
    list(&folder, &[("jazz/0.wav", "jazz/1.wav", "")]);
    let corpus = prepare(&folder).unwrap();
    assert_eq!(corpus.tracks[0].path, "jazz/1.wav");
    assert!(corpus.tracks.iter().all(Track::is_original));
    assert!(corpus.quarantine.contains("jazz/0.wav"));
}

#[test]
fn a_list_that_cannot_be_read_stops_the_work() {
    let folder = recordings();
    std::fs::write(folder.path().join("augmented.jsonl"), "not json\n").unwrap();
    let error = prepare(&folder).unwrap_err().to_string();
    assert!(error.contains("augmented.jsonl: line 1: "), "{error}");
}

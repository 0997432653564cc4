//! The honest split: whole tracks, class by class, and no artist in two parts.

use sarangi_core::{Error, Result, Seed};

use super::deal::deal;
use super::groups::groups;
use super::{Split, share};
use crate::Corpus;

pub(super) fn split(corpus: &Corpus, valid: f64, test: f64, seed: Seed) -> Result<Split> {
    let [train, valid, test] = divide(corpus, &originals(corpus), valid, test, seed)?;
    Ok(Split::of_tracks(corpus, [&train, &valid, &test]))
}

/// The tracks that are no augmented copies: copies move no original, and follow their own.
pub(super) fn originals(corpus: &Corpus) -> Vec<usize> {
    let all = 0..corpus.tracks.len();
    all.filter(|&track| corpus.tracks[track].is_original())
        .collect()
}

/// Divides tracks into those that train, validate and test.
pub(super) fn divide(
    corpus: &Corpus,
    tracks: &[usize],
    valid: f64,
    test: f64,
    seed: Seed,
) -> Result<[Vec<usize>; 3]> {
    let groups = groups(corpus);
    if tracks.iter().all(|&track| groups[track] == track)
        && (0..groups.len()).all(|track| groups[track] == track)
    {
        return single(corpus, tracks, valid, test, seed);
    }
    let parts = deal(
        corpus,
        tracks,
        &groups,
        &[1.0 - valid - test, valid, test],
        seed,
    );
    let [train, valids, tests]: [Vec<usize>; 3] = parts
        .try_into()
        .map_err(|_| Error::shape("split", "three parts", "others"))?;
    for (part, name, wanted) in [
        (&train, "training", 1.0),
        (&valids, "validation", valid),
        (&tests, "the test", test),
    ] {
        if part.is_empty() && wanted > 0.0 {
            let reason = format!("has too few artists or recordings to leave any for {name}");
            return Err(Error::data(&corpus.root, reason));
        }
    }
    let learned = |label| {
        train
            .iter()
            .any(|&track| corpus.tracks[track].label == label)
    };
    if let Some(label) = (0..corpus.labels.len()).find(|&label| !learned(label)) {
        let reason = format!(
            "class `{}` has no artist or recording left to train on; it needs more of them",
            corpus.labels[label]
        );
        return Err(Error::data(&corpus.root, reason));
    }
    Ok([train, valids, tests])
}

/// Where every track stands for itself: exact shares of each class.
fn single(
    corpus: &Corpus,
    tracks: &[usize],
    valid: f64,
    test: f64,
    seed: Seed,
) -> Result<[Vec<usize>; 3]> {
    let [mut train, mut valids, mut tests] = [const { Vec::new() }; 3];
    for (label, name) in corpus.labels.iter().enumerate() {
        let of_class = tracks.iter().copied();
        let mut of_class: Vec<usize> = of_class
            .filter(|&track| corpus.tracks[track].label == label)
            .collect();
        let (for_test, for_valid) = (share(of_class.len(), test), share(of_class.len(), valid));
        if for_test + for_valid >= of_class.len() {
            let needed = 1 + usize::from(test > 0.0) + usize::from(valid > 0.0);
            let copies = corpus.tracks_of(label);
            let copies = copies.filter(|&track| !corpus.tracks[track].is_original());
            let reason = format!(
                "class `{name}` has {} usable track(s){}, too few to train, validate and test on \
                 different ones; give it at least {needed}, or change `split`",
                of_class.len(),
                match copies.count() {
                    0 => String::new(),
                    count => format!(" beside {count} augmented copies, which never judge"),
                }
            );
            return Err(Error::data(&corpus.root, reason));
        }
        // A generator for each class, so that a new track in one class moves no other.
        seed.named(name).shuffle(&mut of_class);
        for (i, track) in of_class.into_iter().enumerate() {
            if i < for_test {
                tests.push(track);
            } else if i < for_test + for_valid {
                valids.push(track);
            } else {
                train.push(track);
            }
        }
    }
    Ok([train, valids, tests])
}

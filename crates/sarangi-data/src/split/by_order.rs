//! The split by the order of the files, and the one that the manifest gives.

use sarangi_core::{Error, Result, Seed};

use super::by_track::{divide, originals};
use super::{Part, Split};
use crate::Corpus;

/// The first tracks of each class train, the next validate, the last test.
pub(super) fn first_last(
    corpus: &Corpus,
    train: usize,
    valid: usize,
    test: Option<usize>,
) -> Result<Split> {
    let mut parts: [Vec<usize>; 3] = Default::default();
    let originals = originals(corpus);
    for (label, name) in corpus.labels.iter().enumerate() {
        let of_class = originals.iter().copied();
        let of_class: Vec<usize> = of_class
            .filter(|&track| corpus.tracks[track].label == label)
            .collect();
        let used = train + valid;
        let tests = test.unwrap_or(of_class.len().saturating_sub(used));
        if used + tests > of_class.len() || tests == 0 {
            let reason = format!(
                "class `{name}` has {} usable tracks, too few for {train} that train, {valid} that \
                 validate and {} that test",
                of_class.len(),
                tests.max(1)
            );
            return Err(Error::data(&corpus.root, reason));
        }
        parts[0].extend(&of_class[..train]);
        parts[1].extend(&of_class[train..used]);
        parts[2].extend(&of_class[of_class.len() - tests..]);
    }
    let [train, valid, test] = &parts;
    Ok(Split::of_tracks(corpus, [train, valid, test]))
}

/// What the manifest's column says. If it names no validation, a share of what trains validates.
pub(super) fn column(corpus: &Corpus, valid: f64, seed: Seed) -> Result<Split> {
    let originals = originals(corpus);
    let of_part = |part: Part| -> Vec<usize> {
        let tracks = originals.iter().copied();
        tracks
            .filter(|&track| corpus.tracks[track].listed.part == Some(part))
            .collect()
    };
    let [mut train, mut valids, tests] = [Part::Train, Part::Valid, Part::Test].map(of_part);
    for (part, name) in [(&train, "train"), (&tests, "test")] {
        if part.is_empty() {
            let reason =
                format!("no track is in the part `{name}`; a manifest's column `split` says it");
            return Err(Error::data(&corpus.root, reason));
        }
    }
    if valids.is_empty() {
        [train, valids, _] = divide(corpus, &train, valid, 0.0, seed)?;
    }
    Ok(Split::of_tracks(corpus, [&train, &valids, &tests]))
}

//! Augmented copies in a split.

use std::collections::{BTreeMap, BTreeSet};

use super::Split;
use crate::Corpus;

/// Lets every augmented copy train whose original trains. None judges, so that what judges is the
/// same with copies and without.
///
/// `stray` says whether a copy trains whose original is not in the corpus.
pub(super) fn follow(corpus: &Corpus, split: &mut Split, stray: impl Fn(usize) -> bool) {
    let originals: BTreeMap<&str, usize> = (0..corpus.tracks.len())
        .filter(|&track| corpus.tracks[track].is_original())
        .map(|track| (corpus.tracks[track].path.as_str(), track))
        .collect();
    let training: BTreeSet<usize> = split.train.iter().map(|item| item.track).collect();
    for (copy, track) in corpus.tracks.iter().enumerate() {
        let Some(source) = &track.source else {
            continue;
        };
        let trains = match originals.get(source.as_str()) {
            Some(original) => training.contains(original),
            None => stray(copy),
        };
        if trains {
            split.train.extend(corpus.items_of(copy));
        }
    }
    split.train.sort_unstable();
}

//! Tracks that belong together: of one recording or of one artist.

use std::collections::BTreeMap;

use crate::Corpus;

/// For each track of a corpus, the lowest track of its group: those that a chain of common
/// recordings and artists connects. A track of which neither is known is a group of its own.
pub(crate) fn groups(corpus: &Corpus) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..corpus.tracks.len()).collect();
    let mut first: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for (track, t) in corpus.tracks.iter().enumerate() {
        let names = [(false, &t.listed.recording), (true, &t.listed.artist)];
        for (is_artist, name) in names {
            let Some(name) = name else { continue };
            let other = *first.entry((is_artist, name)).or_insert(track);
            let (a, b) = (root(&mut parents, track), root(&mut parents, other));
            parents[a.max(b)] = a.min(b);
        }
    }
    (0..corpus.tracks.len())
        .map(|track| root(&mut parents, track))
        .collect()
}

fn root(parents: &mut [usize], mut track: usize) -> usize {
    while parents[track] != track {
        parents[track] = parents[parents[track]];
        track = parents[track];
    }
    track
}

//! The honest split: whole tracks, class by class.

use sarangi_core::{Error, Result, Seed};

use super::{Split, copies, share};
use crate::Corpus;

pub(super) fn split(corpus: &Corpus, valid: f64, test: f64, seed: Seed) -> Result<Split> {
    let mut split = Split::default();
    for (label, name) in corpus.labels.iter().enumerate() {
        // Copies move no original, and follow their own.
        let (mut tracks, copies): (Vec<usize>, Vec<usize>) = corpus
            .tracks_of(label)
            .partition(|&track| corpus.tracks[track].is_original());
        let (tests, valids) = (share(tracks.len(), test), share(tracks.len(), valid));
        if tests + valids >= tracks.len() {
            let needed = 1 + usize::from(test > 0.0) + usize::from(valid > 0.0);
            let reason = format!(
                "class `{name}` has {} usable track(s){}, too few to train, validate and test on \
                 different ones; give it at least {needed}, or change `split`",
                tracks.len(),
                match copies.len() {
                    0 => String::new(),
                    count => format!(" beside {count} augmented copies, which never judge"),
                }
            );
            return Err(Error::data(&corpus.root, reason));
        }
        // A generator for each class, so that a new track in one class moves no other.
        seed.named(name).shuffle(&mut tracks);
        for (i, track) in tracks.into_iter().enumerate() {
            let part = if i < tests {
                &mut split.test
            } else if i < tests + valids {
                &mut split.valid
            } else {
                &mut split.train
            };
            part.extend(corpus.items_of(track));
        }
    }
    for part in [&mut split.train, &mut split.valid, &mut split.test] {
        part.sort_unstable();
    }
    copies::follow(corpus, &mut split, |_| true);
    Ok(split)
}

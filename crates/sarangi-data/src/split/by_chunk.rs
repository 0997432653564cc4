//! The split that leaks: single chunks.

use sarangi_core::{Error, Result, Seed};

use super::{Item, Split, copies, share};
use crate::Corpus;

pub(super) fn split(corpus: &Corpus, valid: f64, test: f64, seed: Seed) -> Result<Split> {
    let mut items: Vec<Item> = (0..corpus.tracks.len())
        .filter(|&track| corpus.tracks[track].is_original())
        .flat_map(|track| corpus.items_of(track))
        .collect();
    let (tests, valids) = (share(items.len(), test), share(items.len(), valid));
    if tests + valids >= items.len() {
        let reason = format!(
            "{} chunk(s) are too few to train, validate and test",
            items.len()
        );
        return Err(Error::data(&corpus.root, reason));
    }
    seed.named("chunks").shuffle(&mut items);
    let sorted = |mut part: Vec<Item>| {
        part.sort_unstable();
        part
    };
    let train = sorted(items.split_off(tests + valids));
    let valid = sorted(items.split_off(tests));
    let mut split = Split {
        train,
        valid,
        test: sorted(items),
    };
    copies::follow(corpus, &mut split, |_| true);
    Ok(split)
}

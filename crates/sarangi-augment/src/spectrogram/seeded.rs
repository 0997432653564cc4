//! Random values.

use sarangi_core::{Rng, Seed};

/// The seed of a change: the one that is given, or one that is drawn. 53 bits, so that every reader of
/// JSON reads the number that was written.
pub(super) fn drawn_seed(given: Option<u64>, rng: &mut Rng) -> Option<u64> {
    given.or_else(|| Some(rng.next_u64() >> 11))
}

/// The generator of one channel of one part, none of which depends on the size of another.
pub(super) fn generator(seed: Option<u64>, part: usize, channel: usize) -> Rng {
    Seed(seed.unwrap_or_default()).rng(part as u64, channel as u64)
}

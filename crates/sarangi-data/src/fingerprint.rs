//! What a recording or a picture is known by, whatever its format and level.

mod picture;
mod search;
mod sound;

pub(crate) use picture::of_picture;
pub use search::{NearDuplicate, near_duplicates};
pub(crate) use sound::SoundPrinter;

/// A digest of what a file holds that stays nearly the same when the file is encoded anew, made
/// louder, resized or cut: so two files of one recording are found.
///
/// Of a sound it is Haitsma and Kalker's (2002): 32 bits every 46 ms, the signs of how the
/// differences between neighbouring bands of 300 to 2000 Hz change, from frames of 0.37 s. Of a picture it
/// is the difference hash: 256 signs of neighbouring columns' differences on a grid of 16 × 17.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub(crate) words: Vec<u32>,
    pub(crate) kind: Print,
}

/// What words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Print {
    /// One for each step of time; 0 where nothing is heard.
    Sound,
    /// Eight for the whole picture.
    Picture,
}

/// Words for each second of sound.
pub(crate) const WORDS_PER_SECOND: f64 = 22_050.0 / 1024.0;

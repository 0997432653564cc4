//! The fingerprint of a picture.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result};
use sarangi_dsp::resize_antialiased;

use super::{Fingerprint, Print};

const ROWS: usize = 16;
const COLUMNS: usize = 17;

/// The difference hash of a picture, (channels, height, width).
pub(crate) fn of_picture(map: &FeatureMap) -> Result<Fingerprint> {
    let grey = map.sum_axis(Axis(0));
    let small = resize_antialiased(grey.view(), (ROWS, COLUMNS))?;
    let signs = small.outer_iter().flat_map(|row| {
        (1..COLUMNS)
            .map(move |x| row[x] > row[x - 1])
            .collect::<Vec<_>>()
    });
    let signs: Vec<bool> = signs.collect();
    let word = |signs: &[bool]| {
        signs
            .iter()
            .fold(0u32, |word, &sign| word << 1 | u32::from(sign))
    };
    Ok(Fingerprint {
        words: signs.chunks(32).map(word).collect(),
        kind: Print::Picture,
    })
}

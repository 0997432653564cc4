//! The sound mirrored, in level or in time.

use crate::channels::in_place;

crate::plain::plain! {
    /// y = −x, which sounds the same: as `audiomentations.PolarityInversion`.
    PolarityInversion in WaveformAugmentation:
        |wave| in_place(wave, |row| row.iter_mut().for_each(|x| *x = -*x));

    /// The last sample first, as `audiomentations.Reverse`.
    Reverse in WaveformAugmentation: |wave| in_place(wave, |row| row.reverse());
}

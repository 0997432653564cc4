//! Putting blocks together.

use ndarray::ArrayView2;
use sarangi_core::{Result, SampleRate, Waveform};

/// The most samples, of all channels together, that are held at once: an hour of stereo at
/// 192 kHz, 5.5 GB. A header or a wish for more is refused before the memory is asked for.
pub(crate) const MOST_SAMPLES: usize = 3600 * 192_000 * 2;

/// The channels of a sound that grows block by block.
pub(crate) struct Planes(Vec<Vec<f32>>);

impl Planes {
    pub(crate) fn new(channels: usize) -> Self {
        Self(vec![Vec::new(); channels])
    }

    pub(crate) fn append(&mut self, block: ArrayView2<'_, f32>) {
        for (plane, new) in self.0.iter_mut().zip(block.outer_iter()) {
            plane.extend(new);
        }
    }

    pub(crate) fn into_waveform(self, rate: SampleRate) -> Result<Waveform> {
        Waveform::from_channels(self.0, rate)
    }
}

//! Putting blocks together.

use ndarray::{Array2, ArrayView2};
use sarangi_core::{Error, Result, SampleRate, Waveform};

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

    pub(crate) fn into_waveform(mut self, rate: SampleRate) -> Result<Waveform> {
        if self.0.len() == 1 {
            return Ok(Waveform::mono(self.0.swap_remove(0), rate));
        }
        let shape = (self.0.len(), self.0.first().map_or(0, Vec::len));
        let samples = Array2::from_shape_vec(shape, self.0.concat())
            .map_err(|e| Error::backend("decode", e))?;
        Waveform::new(samples, rate)
    }
}

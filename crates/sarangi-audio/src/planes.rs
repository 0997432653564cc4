//! Putting blocks together.

use ndarray::{Array2, ArrayView2, s};
use sarangi_core::{Error, Result, SampleRate, Waveform};

/// The most samples, of all channels together, that are held at once: an hour of stereo at
/// 192 kHz, 5.5 GB. A header or a wish for more is refused before the memory is asked for.
pub(crate) const MOST_SAMPLES: usize = 3600 * 192_000 * 2;

/// The most samples, of all channels together, that are made room for because a header promises them:
/// six minutes of stereo at 48 kHz.
const PROMISED: usize = 360 * 48_000 * 2;

/// The channels of a sound that grows block by block.
///
/// They lie in one piece of memory from the beginning: memory that is claimed anew, as by growing and by
/// joining, costs more than decoding does (measured 2026-11-21).
pub(crate) struct Planes {
    samples: Array2<f32>,
    len: usize,
}

impl Planes {
    /// Room for as many samples as are `promised`, within reason.
    pub(crate) fn new(channels: usize, promised: u64) -> Self {
        let most = (PROMISED / channels.max(1)) as u64;
        Self {
            samples: Array2::zeros((channels, promised.min(most) as usize)),
            len: 0,
        }
    }

    pub(crate) fn append(&mut self, block: ArrayView2<'_, f32>) {
        let end = self.len + block.ncols();
        if end > self.samples.ncols() {
            self.grow(end.max(2 * self.samples.ncols()));
        }
        self.samples.slice_mut(s![.., self.len..end]).assign(&block);
        self.len = end;
    }

    fn grow(&mut self, len: usize) {
        let mut wider = Array2::zeros((self.samples.nrows(), len));
        wider
            .slice_mut(s![.., ..self.len])
            .assign(&self.samples.slice(s![.., ..self.len]));
        self.samples = wider;
    }

    pub(crate) fn into_waveform(self, rate: SampleRate) -> Result<Waveform> {
        let (channels, room) = self.samples.dim();
        let samples = match (self.len == room, channels) {
            (true, _) => self.samples,
            // The beginning of one row is a whole.
            (false, 1) => {
                let (mut samples, _) = self.samples.into_raw_vec_and_offset();
                samples.truncate(self.len);
                Array2::from_shape_vec((1, self.len), samples)
                    .map_err(|e| Error::backend("decode", e))?
            }
            (false, _) => self.samples.slice(s![.., ..self.len]).to_owned(),
        };
        Waveform::new(samples, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_joined_whatever_was_promised() {
        let blocks = [3usize, 0, 5, 1];
        for promised in [0, 4, 9, 20, u64::MAX] {
            for channels in [1, 2] {
                let mut planes = Planes::new(channels, promised);
                let mut next = 0;
                for len in blocks {
                    let block = Array2::from_shape_fn((channels, len), |(c, i)| {
                        (100 * c + next + i) as f32
                    });
                    planes.append(block.view());
                    next += len;
                }
                let wave = planes.into_waveform(SampleRate::HZ_22050).unwrap();
                let want = Array2::from_shape_fn((channels, 9), |(c, i)| (100 * c + i) as f32);
                assert_eq!(wave.samples(), want);
            }
        }
    }
}

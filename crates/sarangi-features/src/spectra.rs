//! Power spectra, a few frames at a time.

use sarangi_core::{Result, SampleRate};
use sarangi_dsp::{Pool, Stft, StftScratch};

use crate::Analysis;

/// Frames whose spectra are held at once: they stay in the second-level cache, and a row of them is
/// a cache line.
pub(crate) const BLOCK: usize = 16;

/// A planned transform whose spectra are read block by block, so that no spectrogram is ever held
/// whole.
#[derive(Debug)]
pub(crate) struct Spectra {
    rate: SampleRate,
    stft: Stft,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    stft: StftScratch,
    block: Vec<f32>,
}

/// What a block holds of each spectrum X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// |X|.
    Magnitude,
    /// |X|².
    Power,
}

/// Spectra of neighbouring frames.
pub(crate) struct Block<'a> {
    /// Row-major (bins, width).
    pub(crate) values: &'a mut [f32],
    /// The first frame.
    pub(crate) first: usize,
    /// How many frames, at most [`BLOCK`].
    pub(crate) width: usize,
}

impl Block<'_> {
    /// The frames of each bin.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// Writes one frame's spectrum into `column`.
    pub(crate) fn column(&self, frame: usize, column: &mut Vec<f32>) {
        column.clear();
        column.extend(self.values[frame..].iter().step_by(self.width));
    }
}

impl Spectra {
    pub(crate) fn new(analysis: &Analysis, rate: SampleRate) -> Result<Self> {
        Ok(Self::of(analysis.stft()?, rate))
    }

    /// In double precision, for features in which far and quiet bins weigh much.
    pub(crate) fn precise(analysis: &Analysis, rate: SampleRate) -> Result<Self> {
        Ok(Self::of(analysis.precise_stft()?, rate))
    }

    fn of(stft: Stft, rate: SampleRate) -> Self {
        let (scratch, block) = (stft.scratch(), BLOCK * stft.bins());
        Self {
            rate,
            stft,
            scratch: Pool::new(move || Scratch {
                stft: scratch.clone(),
                block: vec![0.0; block],
            }),
        }
    }

    pub(crate) fn rate(&self) -> SampleRate {
        self.rate
    }

    pub(crate) fn stft(&self) -> &Stft {
        &self.stft
    }

    pub(crate) fn bins(&self) -> usize {
        self.stft.bins()
    }

    pub(crate) fn frames(&self, samples: usize) -> usize {
        self.stft.frames(samples)
    }

    /// The frequency of each bin in Hz, `librosa.fft_frequencies`.
    pub(crate) fn frequencies(&self) -> Vec<f64> {
        let step = self.rate.as_f64() / self.stft.n_fft() as f64;
        (0..self.bins()).map(|bin| bin as f64 * step).collect()
    }

    /// Gives all spectra of a sound to `each`, in order.
    pub(crate) fn blocks(
        &self,
        samples: &[f32],
        scale: Scale,
        mut each: impl FnMut(Block<'_>),
    ) -> Result<()> {
        let frames = self.frames(samples.len());
        self.scratch.with(|scratch| {
            for first in (0..frames).step_by(BLOCK) {
                let range = first..frames.min(first + BLOCK);
                let width = range.len();
                let values = &mut scratch.block[..width * self.bins()];
                self.stft
                    .power_into(samples, range, values, &mut scratch.stft)?;
                if scale == Scale::Magnitude {
                    values.iter_mut().for_each(|x| *x = x.sqrt());
                }
                each(Block {
                    values,
                    first,
                    width,
                });
            }
            Ok(())
        })
    }
}

//! The inverse short-time Fourier transform.

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayView2, Axis};
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner};
use sarangi_core::{Error, Result};

use crate::Framing;
use crate::stft_spec::Layout;

/// Frames that are turned over at once.
const BLOCK: usize = 16;

/// A planned inverse of [`Stft`](crate::Stft), as `librosa.istft`: overlap-add with the same
/// window, divided by the sum of the squared windows.
///
/// It restores every sample that some window saw with a weight that is not tiny; for a Hann window
/// that is all of them if the hop is at most half the window. Built by
/// [`StftSpec::build_inverse`](crate::StftSpec::build_inverse).
pub struct Istft {
    framing: Framing,
    window: Vec<f32>,
    fft: Arc<dyn ComplexToReal<f32>>,
}

/// A signal that frames are being added to, and room to work; made by [`Istft::begin`].
#[derive(Clone, Debug)]
pub struct OverlapAdd {
    signal: Vec<f32>,
    /// The sum of the squared windows at each sample.
    weight: Vec<f32>,
    spectra: Vec<Complex32>,
    frame: Vec<f32>,
    fft: Vec<Complex32>,
}

impl Istft {
    pub(crate) fn new(layout: Layout) -> Self {
        Self {
            fft: RealFftPlanner::new().plan_fft_inverse(layout.framing.length()),
            framing: layout.framing,
            window: layout.window.iter().map(|&w| w as f32).collect(),
        }
    }

    /// The signal of a spectrogram, `length` samples long.
    ///
    /// Samples that no frame reaches are zero. The imaginary parts of the first and (for even
    /// `n_fft`) last bin, which a real signal cannot have, are ignored.
    ///
    /// # Shapes
    /// `spectrogram` is (⌊n_fft / 2⌋ + 1, frames).
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of bins is another.
    pub fn signal(
        &self,
        spectrogram: ArrayView2<'_, Complex32>,
        length: usize,
    ) -> Result<Vec<f32>> {
        let mut sum = self.begin(length);
        self.add(0, spectrogram, &mut sum)?;
        Ok(sum.finish())
    }

    /// Nothing yet of a signal of `length` samples, for [`add`](Self::add).
    pub fn begin(&self, length: usize) -> OverlapAdd {
        OverlapAdd {
            signal: vec![0.0; length],
            weight: vec![0.0; length],
            spectra: vec![Complex32::default(); BLOCK * self.bins()],
            frame: self.fft.make_output_vec(),
            fft: self.fft.make_scratch_vec(),
        }
    }

    /// Adds neighbouring frames, the first of which is frame `first`, so that a spectrogram need not
    /// be held whole; the result is the same as at once.
    ///
    /// # Shapes
    /// `frames` is (⌊n_fft / 2⌋ + 1, any).
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of bins is another, or `sum` is that of another plan.
    pub fn add(
        &self,
        first: usize,
        frames: ArrayView2<'_, Complex32>,
        sum: &mut OverlapAdd,
    ) -> Result<()> {
        let (n_fft, bins) = (self.framing.length(), self.bins());
        if frames.nrows() != bins {
            let expected = format_args!("{bins} bins");
            return Err(Error::shape("istft", expected, frames.nrows()));
        }
        if sum.spectra.len() != BLOCK * bins || sum.frame.len() != n_fft {
            let got = "that of another";
            return Err(Error::shape("istft", "a sum of this plan", got));
        }
        let scale = 1.0 / n_fft as f32;
        for (index, block) in frames.axis_chunks_iter(Axis(1), BLOCK).enumerate() {
            spectra_of(block, &mut sum.spectra);
            let spectra = sum.spectra.chunks_exact_mut(bins).take(block.ncols());
            for (t, spectrum) in (first + index * BLOCK..).zip(spectra) {
                // The part of the frame that lies within the signal.
                let start = (t * self.framing.hop()) as isize - self.framing.offset() as isize;
                let skip = start.min(0).unsigned_abs();
                let from = start.max(0).unsigned_abs();
                let room = sum.signal.len().saturating_sub(from);
                let count = n_fft.saturating_sub(skip).min(room);
                if count == 0 {
                    continue;
                }
                spectrum[0].im = 0.0;
                if n_fft.is_multiple_of(2) {
                    spectrum[bins - 1].im = 0.0;
                }
                self.fft
                    .process_with_scratch(spectrum, &mut sum.frame, &mut sum.fft)
                    .map_err(|e| Error::backend("istft", e))?;
                let samples = sum.signal[from..from + count].iter_mut();
                let weights = sum.weight[from..from + count].iter_mut();
                let inside = sum.frame[skip..].iter().zip(&self.window[skip..]);
                for ((y, total), (&x, &w)) in samples.zip(weights).zip(inside) {
                    *y += x * w * scale;
                    *total += w * w;
                }
            }
        }
        Ok(())
    }

    fn bins(&self) -> usize {
        self.framing.length() / 2 + 1
    }
}

/// Writes neighbouring frames one after the other.
fn spectra_of(block: ArrayView2<'_, Complex32>, out: &mut [Complex32]) {
    let bins = block.nrows();
    let spectra = out.chunks_exact_mut(bins);
    if block.strides()[0] == 1 {
        for (column, spectrum) in block.columns().into_iter().zip(spectra) {
            column.assign_to(spectrum);
        }
        return;
    }
    // Rows a few frames at a time, or each value would come from a line of the cache of its own.
    for (bin, row) in block.rows().into_iter().enumerate() {
        for (&x, spectrum) in row.iter().zip(out.chunks_exact_mut(bins)) {
            spectrum[bin] = x;
        }
    }
}

impl OverlapAdd {
    /// The signal of the frames that were added; samples that none of them reached are zero.
    pub fn finish(mut self) -> Vec<f32> {
        for (y, &total) in self.signal.iter_mut().zip(&self.weight) {
            if total > f32::MIN_POSITIVE {
                *y /= total;
            }
        }
        self.signal
    }
}

impl fmt::Debug for Istft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Istft")
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Padding, StftSpec, Window};
    use ndarray::Array2;
    use proptest::prelude::*;
    use realfft::num_complex::Complex32;
    use sarangi_core::{Seed, Spec};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_inverse_restores_the_signal(
            seed in any::<u64>(),
            len in 1usize..3000,
            n_fft in 8usize..300,
            overlap in 3usize..6,
            window in prop::sample::select(vec![Window::Hann, Window::Hamming, Window::Rectangular]),
            pad_mode in prop::sample::select(vec![Padding::Constant, Padding::Reflect]),
        ) {
            let spec = StftSpec {
                n_fft,
                hop_length: Some((n_fft / overlap).max(1)),
                window,
                pad_mode,
                ..StftSpec::default()
            };
            let mut rng = Seed(seed).named("istft");
            let signal: Vec<f32> = (0..len).map(|_| rng.range(-1.0, 1.0) as f32).collect();
            // The last frame must still cover the last sample.
            prop_assume!(spec.build(()).unwrap().frames(len) > 0);
            let spectrogram = spec.build(()).unwrap().complex(&signal).unwrap();
            let back = spec.build_inverse().unwrap().signal(spectrogram.view(), len).unwrap();
            for (i, (a, b)) in signal.iter().zip(&back).enumerate() {
                prop_assert!((a - b).abs() < 2e-6, "sample {} of {}: {} {}", i, len, a, b);
            }
        }
    }

    #[test]
    fn a_wrong_number_of_bins_is_an_error_and_far_samples_are_silent() {
        let inverse = StftSpec::default().build_inverse().unwrap();
        assert!(
            inverse
                .signal(Array2::default((1024, 3)).view(), 9)
                .is_err()
        );
        let ones = Array2::from_elem((1025, 1), Complex32::new(1.0, 1.0));
        let signal = inverse.signal(ones.view(), 5000).unwrap();
        assert!(signal[0].is_finite() && signal[1024..].iter().all(|&x| x == 0.0));
        assert!(inverse.signal(ones.view(), 0).unwrap().is_empty());
        let small = StftSpec {
            n_fft: 64,
            ..StftSpec::default()
        };
        let other = &mut small.build_inverse().unwrap().begin(5000);
        assert!(inverse.add(0, ones.view(), other).is_err());
    }

    #[test]
    fn frames_may_come_in_parts() {
        let spec = StftSpec {
            n_fft: 100,
            hop_length: Some(30),
            ..StftSpec::default()
        };
        let signal: Vec<f32> = (0..3000).map(|n| (n as f32 * 0.7).sin()).collect();
        let frames = spec.build(()).unwrap().complex(&signal).unwrap();
        let inverse = spec.build_inverse().unwrap();
        let (head, tail) = frames.view().split_at(ndarray::Axis(1), 37);
        let mut sum = inverse.begin(3000);
        inverse.add(0, head, &mut sum).unwrap();
        inverse.add(37, tail, &mut sum).unwrap();
        let whole = inverse.signal(frames.view(), 3000).unwrap();
        assert_eq!(sum.finish(), whole);
    }
}

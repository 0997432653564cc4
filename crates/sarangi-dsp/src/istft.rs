//! The inverse short-time Fourier transform.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayView2;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner};
use sarangi_core::{Error, Result};

use crate::Framing;
use crate::stft_spec::Layout;

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
        let (n_fft, hop) = (self.framing.length(), self.framing.hop());
        let bins = n_fft / 2 + 1;
        if spectrogram.nrows() != bins {
            return Err(Error::shape(
                "istft",
                format_args!("{bins} bins"),
                spectrogram.nrows(),
            ));
        }
        let offset = self.framing.offset();
        let mut signal = vec![0.0f32; length];
        let mut weight = vec![0.0f32; length];
        let mut spectrum = self.fft.make_input_vec();
        let mut frame = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        let scale = 1.0 / n_fft as f32;
        for (t, column) in spectrogram.columns().into_iter().enumerate() {
            // The part of the frame that lies within the signal.
            let start = (t * hop) as isize - offset as isize;
            let skip = start.min(0).unsigned_abs();
            let from = start.max(0).unsigned_abs();
            let count = n_fft.saturating_sub(skip).min(length.saturating_sub(from));
            if count == 0 {
                continue;
            }
            for (x, &value) in spectrum.iter_mut().zip(column) {
                *x = value;
            }
            spectrum[0].im = 0.0;
            if n_fft.is_multiple_of(2) {
                spectrum[bins - 1].im = 0.0;
            }
            self.fft
                .process_with_scratch(&mut spectrum, &mut frame, &mut scratch)
                .map_err(|e| Error::backend("istft", e))?;
            let samples = signal[from..from + count].iter_mut();
            let weights = weight[from..from + count].iter_mut();
            let inside = frame[skip..].iter().zip(&self.window[skip..]);
            for ((y, total), (&x, &w)) in samples.zip(weights).zip(inside) {
                *y += x * w * scale;
                *total += w * w;
            }
        }
        for (y, &total) in signal.iter_mut().zip(&weight) {
            if total > f32::MIN_POSITIVE {
                *y /= total;
            }
        }
        Ok(signal)
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
    }
}

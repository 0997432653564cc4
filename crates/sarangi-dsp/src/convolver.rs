//! Convolution with a long filter.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use sarangi_core::{Error, Result};

/// Convolution with one impulse response, through Fourier transforms of blocks that overlap;
/// `scipy.signal.oaconvolve`.
///
/// Time grows as samples · log(taps); single precision, so that the error is some 10⁻⁷ of the
/// loudest sample.
pub struct Convolver {
    taps: usize,
    spectrum: Vec<Complex32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

/// No block is shorter: the transforms' fixed costs would be most of the work.
const SHORTEST: usize = 1024;

impl Convolver {
    /// Plans for this impulse response.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has no samples.
    pub fn new(response: &[f32]) -> Result<Self> {
        if response.is_empty() {
            return Err(Error::shape("convolution", "an impulse response", "none"));
        }
        let size = (2 * response.len()).next_power_of_two().max(SHORTEST);
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(size);
        let mut block = forward.make_input_vec();
        // The transforms are unscaled: there and back multiplies by the size.
        let scale = 1.0 / size as f32;
        for (to, &from) in block.iter_mut().zip(response) {
            *to = from * scale;
        }
        let mut spectrum = forward.make_output_vec();
        forward
            .process(&mut block, &mut spectrum)
            .map_err(|e| Error::backend("convolution", e))?;
        Ok(Self {
            taps: response.len(),
            spectrum,
            forward,
            inverse: planner.plan_fft_inverse(size),
        })
    }

    /// y\[n\] = Σₖ h\[k\] · x\[n − k\], to the last sample that is not 0.
    ///
    /// # Shapes
    /// (samples) → (samples + taps − 1), or nothing of nothing.
    ///
    /// # Errors
    /// [`Error::Backend`] if a transform fails.
    pub fn convolve(&self, samples: &[f32]) -> Result<Vec<f32>> {
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        let size = self.forward.len();
        let mut out = vec![0.0; samples.len() + self.taps - 1];
        let mut block = self.forward.make_input_vec();
        let mut spectrum = self.forward.make_output_vec();
        let scratch = self.forward.get_scratch_len();
        let mut scratch = vec![Complex32::default(); scratch.max(self.inverse.get_scratch_len())];
        let step = size - self.taps + 1;
        for (index, part) in samples.chunks(step).enumerate() {
            block[..part.len()].copy_from_slice(part);
            block[part.len()..].fill(0.0);
            let there = self
                .forward
                .process_with_scratch(&mut block, &mut spectrum, &mut scratch);
            there.map_err(|e| Error::backend("convolution", e))?;
            for (x, h) in spectrum.iter_mut().zip(&self.spectrum) {
                *x *= h;
            }
            // Rounding leaves something where the spectrum of what is real has nothing.
            for end in [0, size / 2] {
                spectrum[end].im = 0.0;
            }
            let back = self
                .inverse
                .process_with_scratch(&mut spectrum, &mut block, &mut scratch);
            back.map_err(|e| Error::backend("convolution", e))?;
            for (sum, x) in out.iter_mut().skip(index * step).zip(&block) {
                *sum += x;
            }
        }
        Ok(out)
    }
}

impl fmt::Debug for Convolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Convolver")
            .field("taps", &self.taps)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn it_is_the_sum_of_products() {
        let mut rng = Seed(1).named("convolution");
        let mut noise =
            |len: usize| -> Vec<f32> { (0..len).map(|_| rng.normal() as f32).collect() };
        for (samples, taps) in [
            (1, 1),
            (10, 3),
            (3, 10),
            (2000, 1),
            (5000, 700),
            (100, 3000),
        ] {
            let (x, h) = (noise(samples), noise(taps));
            let mut want = vec![0.0f64; samples + taps - 1];
            for (i, &x) in x.iter().enumerate() {
                for (j, &h) in h.iter().enumerate() {
                    want[i + j] += f64::from(x) * f64::from(h);
                }
            }
            let got = Convolver::new(&h).unwrap().convolve(&x).unwrap();
            assert_eq!(got.len(), want.len());
            let peak = want.iter().fold(0.0f64, |peak, x| peak.max(x.abs()));
            for (got, want) in got.iter().zip(want) {
                assert!((f64::from(*got) - want).abs() < 1e-6 * peak, "{got} {want}");
            }
        }
    }

    #[test]
    fn nothing_gives_nothing_and_no_response_is_refused() {
        let echo = Convolver::new(&[1.0, 0.5]).unwrap();
        assert!(echo.convolve(&[]).unwrap().is_empty());
        assert!(Convolver::new(&[]).is_err());
    }
}

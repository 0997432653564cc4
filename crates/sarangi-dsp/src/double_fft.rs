//! Spectra of real frames in double precision.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex64;
use realfft::{RealFftPlanner, RealToComplex};
use sarangi_core::{Error, Result};

use crate::sink::Value;

/// A planned Fourier transform of real frames of one length, for features that weigh what lies 140
/// dB below the peak, where single precision has nothing but its own rounding.
pub(crate) struct DoubleFft(Arc<dyn RealToComplex<f64>>);

/// One frame, its spectrum, and room to work.
#[derive(Clone, Debug)]
pub(crate) struct DoubleFftScratch {
    frame: Vec<f64>,
    spectrum: Vec<Complex64>,
    fft: Vec<Complex64>,
}

impl DoubleFft {
    /// Plans for frames of `len` samples, at least 2.
    pub(crate) fn new(len: usize) -> Self {
        Self(RealFftPlanner::new().plan_fft_forward(len))
    }

    pub(crate) fn scratch(&self) -> DoubleFftScratch {
        DoubleFftScratch {
            frame: self.0.make_input_vec(),
            spectrum: self.0.make_output_vec(),
            fft: self.0.make_scratch_vec(),
        }
    }

    /// The spectrum of the frame that `fill` writes, as one `column` of rows of `width`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` is that of another plan.
    pub(crate) fn column<V: Value>(
        &self,
        fill: impl FnOnce(&mut [f64]),
        out: &mut [V],
        (width, column): (usize, usize),
        scratch: &mut DoubleFftScratch,
    ) -> Result<()> {
        fill(&mut scratch.frame);
        self.0
            .process_with_scratch(&mut scratch.frame, &mut scratch.spectrum, &mut scratch.fft)
            .map_err(|_| Error::shape("fft", "scratch of this plan", "that of another"))?;
        let column = out.iter_mut().skip(column).step_by(width);
        for (y, &x) in column.zip(&scratch.spectrum) {
            *y = V::of(x);
        }
        Ok(())
    }
}

impl fmt::Debug for DoubleFft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DoubleFft").field(&self.0.len()).finish()
    }
}

//! Autocorrelation through the power spectrum.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use sarangi_core::{Error, Result};

use crate::smooth_length;

mod precision {
    /// Numbers of single or double precision: `f32` and `f64`.
    pub trait AutocorrelationPrecision: realfft::FftNum + Default {}
    impl AutocorrelationPrecision for f32 {}
    impl AutocorrelationPrecision for f64 {}
}

pub use precision::AutocorrelationPrecision;

/// A planned autocorrelation r\[k\] = Σₙ x\[n\] · x\[n + k\] of sequences of one length, as
/// `librosa.autocorrelate`.
///
/// The two halves of the computation are separate, because power spectra may be added up: the mean
/// autocorrelation of many sequences needs only one transform back. In single precision it is off by about
/// 1e-6 of the lag 0, and takes half the time.
pub struct Autocorrelation<T: AutocorrelationPrecision = f64> {
    len: usize,
    lags: usize,
    forward: Arc<dyn RealToComplex<T>>,
    inverse: Arc<dyn ComplexToReal<T>>,
}

/// Working memory of one call of an [`Autocorrelation`]; made by [`Autocorrelation::scratch`].
#[derive(Clone, Debug)]
pub struct AutocorrelationScratch<T: AutocorrelationPrecision = f64> {
    padded: Vec<T>,
    spectrum: Vec<Complex<T>>,
    fft: Vec<Complex<T>>,
}

impl<T: AutocorrelationPrecision> Autocorrelation<T> {
    /// Plans for sequences of `len` samples (taken as at least 1), all lags of which are wanted.
    pub fn new(len: usize) -> Self {
        Self::with_lags(len, len)
    }

    /// Plans for sequences of `len` samples, only the lags 0, …, `lags` − 1 of which are wanted
    /// (both taken as at least 1, and no more lags than samples): shorter transforms do.
    pub fn with_lags(len: usize, lags: usize) -> Self {
        let len = len.max(1);
        let lags = lags.clamp(1, len);
        // So much longer that the end does not meet the beginning.
        // Even, for a transform of real numbers.
        let size = 2 * smooth_length((len + lags - 1).div_ceil(2));
        let mut planner = RealFftPlanner::new();
        Self {
            len,
            lags,
            forward: planner.plan_fft_forward(size),
            inverse: planner.plan_fft_inverse(size),
        }
    }

    /// Samples in a sequence.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Lags in a result.
    pub fn lags(&self) -> usize {
        self.lags
    }

    /// Whether there are no samples; never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// How many values a power spectrum has.
    pub fn bins(&self) -> usize {
        self.forward.complex_len()
    }

    /// Working memory.
    pub fn scratch(&self) -> AutocorrelationScratch<T> {
        let fft = self
            .forward
            .get_scratch_len()
            .max(self.inverse.get_scratch_len());
        AutocorrelationScratch {
            padded: self.forward.make_input_vec(),
            spectrum: self.forward.make_output_vec(),
            fft: vec![Complex::default(); fft],
        }
    }

    /// Adds `scale` times the power spectrum of `input` to `power`.
    ///
    /// # Shapes
    /// `input` has [`len`](Self::len) items and `power` has [`bins`](Self::bins); what is missing
    /// counts as zero or is left out.
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` was made by a plan of another length.
    pub fn add_power(
        &self,
        input: &[T],
        scale: T,
        power: &mut [T],
        scratch: &mut AutocorrelationScratch<T>,
    ) -> Result<()> {
        self.check(scratch)?;
        let count = input.len().min(self.len);
        scratch.padded[..count].copy_from_slice(&input[..count]);
        scratch.padded[count..].fill(T::default());
        self.forward
            .process_with_scratch(&mut scratch.padded, &mut scratch.spectrum, &mut scratch.fft)
            .map_err(|e| Error::backend("autocorrelation", e))?;
        for (sum, x) in power.iter_mut().zip(&scratch.spectrum) {
            *sum = *sum + scale * x.norm_sqr();
        }
        Ok(())
    }

    /// The autocorrelation at lags 0, 1, … that belongs to a power spectrum.
    ///
    /// # Shapes
    /// `power` has [`bins`](Self::bins) items; `lags` at most [`lags`](Self::lags), more are left
    /// alone.
    ///
    /// # Errors
    /// [`Error::Shape`] if `scratch` was made by a plan of another length.
    pub fn lags_into(
        &self,
        power: &[T],
        lags: &mut [T],
        scratch: &mut AutocorrelationScratch<T>,
    ) -> Result<()> {
        self.check(scratch)?;
        // No length is beyond what a number can hold.
        let scale = T::from_usize(scratch.padded.len()).map_or(T::default(), |len| T::one() / len);
        for (x, &p) in scratch.spectrum.iter_mut().zip(power) {
            *x = Complex::new(p * scale, T::default());
        }
        self.inverse
            .process_with_scratch(&mut scratch.spectrum, &mut scratch.padded, &mut scratch.fft)
            .map_err(|e| Error::backend("autocorrelation", e))?;
        for (lag, &value) in lags.iter_mut().zip(&scratch.padded[..self.lags]) {
            *lag = value;
        }
        Ok(())
    }

    fn check(&self, scratch: &AutocorrelationScratch<T>) -> Result<()> {
        let (size, got) = (self.forward.len(), scratch.padded.len());
        if size == got {
            return Ok(());
        }
        Err(Error::shape(
            "autocorrelation",
            format_args!("scratch for {size} samples"),
            got,
        ))
    }
}

impl<T: AutocorrelationPrecision> fmt::Debug for Autocorrelation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Autocorrelation")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lags_are_those_of_the_definition(
            x in prop::collection::vec(-1.0f64..1.0, 1..200),
            count in 1usize..250,
        ) {
            let plan = Autocorrelation::<f64>::with_lags(x.len(), count);
            prop_assert_eq!(plan.lags(), count.min(x.len()));
            let mut scratch = plan.scratch();
            let mut power = vec![0.0; plan.bins()];
            let mut lags = vec![0.0; plan.lags()];
            plan.add_power(&x, 2.0, &mut power, &mut scratch).unwrap();
            plan.lags_into(&power, &mut lags, &mut scratch).unwrap();
            for (k, &lag) in lags.iter().enumerate() {
                let want: f64 = x.iter().zip(&x[k..]).map(|(a, b)| 2.0 * a * b).sum();
                prop_assert!((lag - want).abs() < 1e-11, "{} {} {}", k, lag, want);
            }
        }
    }

    #[test]
    fn nothing_has_a_length_of_one() {
        let one = Autocorrelation::<f64>::new(0);
        assert_eq!(one.len(), 1);
        let scratch = &mut Autocorrelation::<f64>::new(9).scratch();
        assert!(one.add_power(&[1.0], 1.0, &mut [0.0], scratch).is_err());
    }
}

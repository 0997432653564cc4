//! The filters of some bins, as weights of spectra.

use std::f64::consts::TAU;

use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;
use sarangi_core::{Error, Result};
use sarangi_dsp::Complex32;

use super::design::{Bin, Design};
use crate::FrameNorm;

/// The longest filter in samples.
const LONGEST: f64 = (1 << 20) as f64;

/// The filters of neighbouring bins.
#[derive(Debug)]
pub(super) struct Basis {
    /// Samples per transform, a power of two.
    pub(super) n_fft: usize,
    pub(super) filters: Vec<Filter>,
}

/// A filter's weights, from the first bin of the spectrum that counts to the last.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) first: usize,
    pub(super) weights: Vec<Complex32>,
}

impl Basis {
    /// The filters of `bins` at `rate`, in transforms of at least `least` samples; each times what
    /// `gain` says to its length and the transform's.
    pub(super) fn new(
        design: &Design,
        bins: &[Bin],
        rate: f64,
        least: usize,
        gain: impl Fn(f64, usize) -> f64,
    ) -> Result<Self> {
        let lengths: Vec<f64> = bins.iter().map(|bin| design.length(bin, rate)).collect();
        let longest = lengths.iter().copied().fold(2.0, f64::max);
        if longest > LONGEST {
            let reason = format!(
                "needs a filter of {longest:.0} samples, more than {LONGEST}; make it larger"
            );
            return Err(Error::config(design.name, "fmin", reason));
        }
        let n_fft = (longest.log2().ceil().exp2() as usize).max(least);
        let fft = FftPlanner::new().plan_fft_forward(n_fft);
        let mut buffer = vec![Complex64::default(); n_fft];
        let filters = bins.iter().zip(lengths).map(|(bin, length)| {
            design.wavelet(bin, rate, length, &mut buffer);
            fft.process(&mut buffer);
            let scale = gain(length, n_fft) * length / n_fft as f64;
            sparse(&buffer[..=n_fft / 2], design.sparsity, scale)
        });
        Ok(Self {
            n_fft,
            filters: filters.collect(),
        })
    }
}

/// The weights times `scale`, less the smallest of them, which together hold the share `sparsity` of
/// the sum of magnitudes; as `librosa.util.sparsify_rows`.
fn sparse(spectrum: &[Complex64], sparsity: f64, scale: f64) -> Filter {
    let magnitudes: Vec<f64> = spectrum.iter().map(|x| x.norm()).collect();
    let total: f64 = magnitudes.iter().sum();
    let mut sorted = magnitudes.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut sum = 0.0;
    let least = sorted.iter().find(|&&x| {
        sum += x / total;
        sum >= sparsity
    });
    let least = least.copied().unwrap_or(0.0);
    let counts = |x: &f64| *x >= least;
    let first = magnitudes.iter().position(counts).unwrap_or(0);
    let end = magnitudes
        .iter()
        .rposition(counts)
        .map_or(0, |last| last + 1);
    let weight = |bin: usize| match counts(&magnitudes[bin]) {
        true => {
            let weight = spectrum[bin] * scale;
            Complex32::new(weight.re as f32, weight.im as f32)
        }
        false => Complex32::default(),
    };
    Filter {
        first,
        weights: (first..end).map(weight).collect(),
    }
}

impl Design {
    /// Writes a windowed tone into the middle of `buffer`: `librosa.filters.wavelet`.
    fn wavelet(&self, bin: &Bin, rate: f64, length: f64, buffer: &mut [Complex64]) {
        let start = (-length / 2.0).floor();
        let count = ((length / 2.0).floor() - start) as usize;
        let window = self.window.periodic(count);
        let norm = match self.norm {
            FrameNorm::Inf => window.iter().copied().fold(0.0, f64::max),
            FrameNorm::L1 => window.iter().sum(),
            FrameNorm::L2 => window.iter().map(|w| w * w).sum::<f64>().sqrt(),
            FrameNorm::None => 1.0,
        }
        .max(f64::MIN_POSITIVE);
        buffer.fill(Complex64::default());
        let before = (buffer.len() - count.min(buffer.len())) / 2;
        for (n, (value, w)) in buffer[before..].iter_mut().zip(&window).enumerate() {
            let phase = TAU * bin.frequency * (start + n as f64) / rate;
            *value = Complex64::from_polar(w / norm, phase);
        }
    }
}

//! One step of a discrete wavelet transform.

use super::extension::Extension;
use super::family::{DiscreteWavelet, WaveletFilters};

/// A planned step, from samples to half as many low and high ones and back.
#[derive(Debug)]
pub(crate) struct Step {
    filters: WaveletFilters,
    mode: Extension,
}

impl Step {
    pub(crate) fn new(wavelet: DiscreteWavelet, mode: Extension) -> Self {
        Self {
            filters: wavelet.filters(),
            mode,
        }
    }

    pub(crate) fn filters(&self) -> &WaveletFilters {
        &self.filters
    }

    /// How many coefficients of each kind `len` samples have.
    pub(crate) fn coefficients(&self, len: usize) -> usize {
        match self.mode {
            Extension::Periodization => len.div_ceil(2),
            _ => (len + self.filters.dec_lo.len() - 1) / 2,
        }
    }

    /// How many samples `count` coefficients of each kind give back.
    pub(crate) fn samples(&self, count: usize) -> usize {
        match self.mode {
            Extension::Periodization => 2 * count,
            _ => (2 * count + 2).saturating_sub(self.filters.dec_lo.len()),
        }
    }

    /// Low and high coefficients: yₖ = Σⱼ fⱼ · x\[2k + shift − j\], the shift being 1 or, of a
    /// periodic signal, half the filter.
    ///
    /// # Shapes
    /// `samples` has at least one item.
    pub(crate) fn forward(&self, samples: &[f32]) -> [Vec<f32>; 2] {
        let (low, high) = (&self.filters.dec_lo, &self.filters.dec_hi);
        let (taps, count) = (low.len(), self.coefficients(samples.len()));
        let shift = self.shift();
        let mut out = [(); 2].map(|()| Vec::with_capacity(count));
        for k in 0..count {
            let newest = 2 * k + shift;
            let inside = newest
                .checked_sub(taps - 1)
                .and_then(|oldest| samples.get(oldest..=newest));
            let (mut sums, pairs) = ([0.0; 2], low.iter().zip(high));
            let mut add = |(l, h): (&f64, &f64), x: f32| {
                sums[0] += l * f64::from(x);
                sums[1] += h * f64::from(x);
            };
            match inside {
                Some(inside) => {
                    for (pair, &x) in pairs.zip(inside.iter().rev()) {
                        add(pair, x);
                    }
                }
                None => {
                    for (j, pair) in pairs.enumerate() {
                        let at = newest as isize - j as isize;
                        if let Some(at) = self.mode.source(at, samples.len()) {
                            add(pair, samples[at]);
                        }
                    }
                }
            }
            out[0].push(sums[0] as f32);
            out[1].push(sums[1] as f32);
        }
        out
    }

    /// The samples of low and high coefficients; what one has more than the other does not count.
    pub(crate) fn inverse(&self, low: &[f32], high: &[f32]) -> Vec<f32> {
        let count = low.len().min(high.len());
        let len = self.samples(count);
        let mut sums = vec![0.0f64; len];
        let taps = self.filters.rec_lo.len();
        let periodic = self.mode == Extension::Periodization;
        // Where the filter begins among the samples, before the first that is kept.
        let before = if periodic {
            taps - 1 - self.shift()
        } else {
            taps - 2
        };
        for (k, (&l, &h)) in low.iter().zip(high).enumerate() {
            let filters = self.filters.rec_lo.iter().zip(&self.filters.rec_hi);
            for (j, (rec_lo, rec_hi)) in filters.enumerate() {
                let at = (2 * k + j) as isize - before as isize;
                let at = if periodic {
                    at.rem_euclid(len as isize)
                } else {
                    at
                };
                if let Some(sum) = usize::try_from(at).ok().and_then(|at| sums.get_mut(at)) {
                    *sum += rec_lo * f64::from(l) + rec_hi * f64::from(h);
                }
            }
        }
        sums.iter().map(|&x| x as f32).collect()
    }

    fn shift(&self) -> usize {
        match self.mode {
            Extension::Periodization => self.filters.dec_lo.len() / 2,
            _ => 1,
        }
    }
}

//! The part of a spectrum that a scale of a wavelet transform hears.

use std::f64::consts::TAU;

use rustfft::FftPlanner;
use sarangi_dsp::{Complex32, Upsample, UpsampleScratch};

use crate::Wavelet;

/// How many times as many values may be computed from those that a transform back gives.
pub(super) const MOST_BETWEEN: usize = 64;

/// No transform back is shorter only because values between its own can be computed.
const SHORTEST: usize = 64;

/// The lengths of a transform.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Samples with the padding.
    pub(super) size: usize,
    /// Columns with the padding: the size over the hop.
    pub(super) columns: usize,
}

impl Layout {
    /// X(ω), over its length, so that the way back needs no scaling.
    pub(super) fn spectrum(
        &self,
        samples: &[f32],
        planner: &mut FftPlanner<f32>,
    ) -> Vec<Complex32> {
        let mut spectrum: Vec<Complex32> =
            samples.iter().map(|&x| Complex32::new(x, 0.0)).collect();
        spectrum.resize(self.size, Complex32::default());
        planner.plan_fft_forward(self.size).process(&mut spectrum);
        let scale = 1.0 / self.size as f32;
        spectrum.iter_mut().for_each(|x| *x *= scale);
        spectrum
    }

    /// What a scale hears of the spectrum, and the length of the transform back: the shortest that holds
    /// it, whose values are those of the whole one at every so many samples, since exp(2πi · k · m / M)
    /// does not tell k from k + M. If all values are wanted and half of them would tell the others, these
    /// are computed from them.
    pub(super) fn band(&self, wavelet: &Wavelet, scale: f64) -> Band {
        let step = TAU / self.size as f64;
        let [low, high] = wavelet.band().map(|omega| omega / scale / step);
        let first = low.floor() as usize;
        let end = (high.ceil() as usize + 1).min(self.size / 2 + 1);
        let width = match wavelet.is_analytic() {
            true => end.saturating_sub(first),
            false => 2 * end,
        };
        let mut size = self.columns;
        while size < width && size < self.size && self.size.is_multiple_of(2 * size) {
            size *= 2;
        }
        if size < width {
            size = self.size;
        }
        let room = (width.max(1) as f64 * Upsample::ROOM).ceil() as usize;
        let mut factor = 1;
        if self.columns == self.size {
            while factor < MOST_BETWEEN && size.is_multiple_of(2) && size / 2 >= room.max(SHORTEST)
            {
                size /= 2;
                factor *= 2;
            }
        }
        let upsample = (factor > 1).then(|| {
            let at = |k: usize| k as f64 / size as f64;
            let below = match wavelet.is_analytic() {
                true => at(first),
                false => -at(end),
            };
            Upsample::new(factor, below..at(end))
        });
        let weight = |k: usize| {
            let weight = wavelet.spectrum(scale * step * k as f64);
            let gain = |upsample: &Upsample| upsample.gain(k as f64 / size as f64);
            (weight / upsample.as_ref().map_or(1.0, gain)) as f32
        };
        Band {
            first,
            weights: (first..end).map(weight).collect(),
            size,
            upsample,
        }
    }
}

/// What a scale hears.
#[derive(Debug)]
pub(super) struct Band {
    /// The first bin that it hears.
    first: usize,
    /// The weight of that bin and of those after it.
    weights: Vec<f32>,
    /// Length of the transform back.
    size: usize,
    /// What makes more values of it, if there are fewer than columns.
    upsample: Option<Upsample>,
}

/// Room to work in.
pub(super) struct Work {
    /// It keeps the transforms that were planned: their factors cost as much as the transforms.
    pub(super) planner: FftPlanner<f32>,
    values: Vec<Complex32>,
    fft: Vec<Complex32>,
    columns: Vec<Complex32>,
    upsample: UpsampleScratch,
}

impl Work {
    pub(super) fn new() -> Self {
        Self {
            planner: FftPlanner::new(),
            values: Vec::new(),
            fft: Vec::new(),
            columns: Vec::new(),
            upsample: UpsampleScratch::default(),
        }
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl Band {
    /// Gives the first `count` columns to `each`, some at a time and in order.
    pub(super) fn columns(
        &self,
        spectrum: &[Complex32],
        (layout, analytic): (&Layout, bool),
        count: usize,
        work: &mut Work,
        mut each: impl FnMut(&[Complex32]),
    ) {
        work.values.clear();
        work.values.resize(self.size, Complex32::default());
        self.fold(spectrum, analytic, &mut work.values);
        let fft = work.planner.plan_fft_inverse(self.size);
        let room = fft.get_inplace_scratch_len();
        if work.fft.len() < room {
            work.fft.resize(room, Complex32::default());
        }
        fft.process_with_scratch(&mut work.values, &mut work.fft[..room]);
        match &self.upsample {
            Some(upsample) => upsample.process(&work.values, count, &mut work.upsample, each),
            None if self.size == layout.columns => each(&work.values[..count]),
            None => {
                let every = self.size / layout.columns;
                let columns = work.values.iter().step_by(every).take(count);
                work.columns.clear();
                work.columns.extend(columns);
                each(&work.columns);
            }
        }
    }

    /// Adds each bin, weighed, to where the transform back wants it; for a wavelet that is not analytic
    /// the bins of negative frequencies too.
    fn fold(&self, spectrum: &[Complex32], analytic: bool, out: &mut [Complex32]) {
        let len = spectrum.len();
        // The bins from `first` on go round the transform back, if that is shorter.
        let mut from = 0;
        while from < self.weights.len() {
            let at = (self.first + from) % self.size;
            let to = self.weights.len().min(from + self.size - at);
            let heard = &spectrum[self.first + from..self.first + to];
            for ((y, x), &weight) in out[at..].iter_mut().zip(heard).zip(&self.weights[from..to]) {
                *y += *x * weight;
            }
            from = to;
        }
        if !analytic {
            for (k, &weight) in (self.first..).zip(&self.weights) {
                if k > 0 && 2 * k != len {
                    let mirrored = len - k;
                    out[mirrored % self.size] += spectrum[mirrored] * weight;
                }
            }
        }
    }
}

//! How well an onset curve repeats after each lag, on the whole.

use sarangi_core::Result;
use sarangi_dsp::{Autocorrelation, AutocorrelationScratch, Pool, Window};

/// The mean over all frames of the autocorrelation of an onset curve in a window around each, divided by
/// its largest value: in double precision, since tempi are decided by it.
///
/// The mean is taken of the power spectra, so that one transform back serves all frames.
#[derive(Debug)]
pub(crate) struct MeanAutocorrelation {
    window: Vec<f64>,
    plan: Autocorrelation,
    scratch: Pool<Scratch>,
}

#[derive(Debug)]
struct Scratch {
    padded: Vec<f32>,
    frame: Vec<f64>,
    power: Vec<f64>,
    fft: AutocorrelationScratch,
}

impl MeanAutocorrelation {
    pub(crate) fn new(win_length: usize, window: Window) -> Self {
        let plan = Autocorrelation::new(win_length);
        let (bins, fft) = (plan.bins(), plan.scratch());
        Self {
            window: window.periodic(win_length),
            plan,
            scratch: Pool::new(move || Scratch {
                padded: Vec::new(),
                frame: vec![0.0; win_length],
                power: vec![0.0; bins],
                fft: fft.clone(),
            }),
        }
    }

    pub(crate) fn lags(&self) -> usize {
        self.plan.len()
    }

    /// Writes the mean at each lag.
    pub(crate) fn compute_into(&self, onset: &[f32], mean: &mut [f64]) -> Result<()> {
        self.scratch.with(|scratch| {
            pad(onset, self.window.len() / 2, &mut scratch.padded);
            scratch.power.fill(0.0);
            for t in 0..onset.len() {
                // The largest value of an autocorrelation is that at lag 0, the energy.
                let mut energy = 0.0;
                let around = scratch.padded[t..].iter().zip(&self.window);
                for (y, (&x, &w)) in scratch.frame.iter_mut().zip(around) {
                    *y = f64::from(x) * w;
                    energy += *y * *y;
                }
                // Silence correlates with nothing.
                if energy >= f64::MIN_POSITIVE {
                    self.plan.add_power(
                        &scratch.frame,
                        1.0 / energy / onset.len() as f64,
                        &mut scratch.power,
                        &mut scratch.fft,
                    )?;
                }
            }
            self.plan.lags_into(&scratch.power, mean, &mut scratch.fft)
        })
    }
}

/// Puts so many samples before and after an onset curve, falling in a straight line to zero.
pub(crate) fn pad(onset: &[f32], by: usize, padded: &mut Vec<f32>) {
    let ramp = |edge: Option<&f32>, i: usize| {
        edge.map_or(0.0, |&edge| (f64::from(edge) * i as f64 / by as f64) as f32)
    };
    padded.clear();
    padded.extend((0..by).map(|i| ramp(onset.first(), i)));
    padded.extend_from_slice(onset);
    padded.extend((0..by).rev().map(|i| ramp(onset.last(), i)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_dsp::LocalAutocorrelation;

    #[test]
    fn the_mean_is_that_of_all_frames() {
        let onset: Vec<f32> = (0..50).map(|i| f32::from(u8::from(i % 7 == 0))).collect();
        for len in [2, 15, 16, 60] {
            let local = LocalAutocorrelation::new(Window::Hann.periodic(len));
            let mut padded = Vec::new();
            pad(&onset, len / 2, &mut padded);
            let mut all = vec![0.0; len * onset.len()];
            let scratch = &mut local.scratch();
            local
                .compute_into(&padded[..49 + len], &mut all, scratch)
                .unwrap();
            let plan = MeanAutocorrelation::new(len, Window::Hann);
            let mut mean = vec![0.0; len];
            plan.compute_into(&onset, &mut mean).unwrap();
            for (row, &mean) in all.chunks(onset.len()).zip(&mean) {
                let want = row.iter().map(|&x| f64::from(x)).sum::<f64>() / 50.0;
                assert!((want - mean).abs() < 1e-6, "{len}: {want} {mean}");
            }
        }
    }

    #[test]
    fn silence_has_no_correlation() {
        let plan = MeanAutocorrelation::new(16, Window::Hann);
        let mut mean = [1.0; 16];
        plan.compute_into(&[0.0; 5], &mut mean).unwrap();
        assert_eq!(mean, [0.0; 16]);
        plan.compute_into(&[], &mut mean).unwrap();
    }
}

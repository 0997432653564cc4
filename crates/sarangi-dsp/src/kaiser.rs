//! Windowed sines.

use std::f64::consts::PI;

/// An ideal low-pass under a Kaiser window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KaiserSinc {
    /// Where it has lost 6 dB, in cycles per sample.
    pub(crate) cutoff: f64,
    /// Half its length in samples.
    pub(crate) reach: f64,
    /// The shape of the window: the larger, the lower the side lobes and the wider the slope.
    pub(crate) beta: f64,
}

impl KaiserSinc {
    /// The taps at the distances 0, 1, … from the middle to the reach, scaled so that a constant stays
    /// what it is.
    pub(crate) fn taps(&self) -> Vec<f64> {
        let peak = bessel(self.beta);
        let tap = |distance: usize| {
            let k = distance as f64;
            let angle = 2.0 * PI * self.cutoff * k;
            let sinc = match distance {
                0 => 1.0,
                _ => angle.sin() / angle,
            };
            let inside = (1.0 - (k / self.reach).powi(2)).max(0.0);
            sinc * bessel(self.beta * inside.sqrt()) / peak
        };
        let mut taps: Vec<f64> = (0..=self.reach as usize).map(tap).collect();
        let sum = 2.0 * taps.iter().sum::<f64>() - taps[0];
        taps.iter_mut().for_each(|tap| *tap /= sum);
        taps
    }
}

/// The modified Bessel function of the first kind and order 0, by its power series.
pub(crate) fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..200 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

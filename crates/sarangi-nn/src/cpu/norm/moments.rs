//! Mean and variance of each channel.

use rayon::prelude::*;

use super::super::map::{Activation, Clamp, PerChannel};
use super::super::simd::{Kernel, Lanes, run};
use super::super::tasks::VALUES;
use super::running::Running;

/// Mean and population variance of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// Each channel's moments over all pixels of `x` behind an activation; zeros if there are none.
pub(crate) fn moments(x: &[f32], channels: usize, activation: Activation) -> Vec<Moments> {
    let pixels = (VALUES / channels.max(1)).max(1);
    let parts: Vec<Tally> = x
        .par_chunks((pixels * channels).max(1))
        .map(|x| Tally::of(x, channels, activation))
        .collect();
    Tally::moments(parts, channels)
}

/// The moments of some pixels on their way to those of all: whoever writes a part of a result can
/// make its tally while the part is in the cache, which saves a norm a pass over memory.
#[derive(Debug)]
pub(crate) struct Tally {
    pixels: f64,
    means: Vec<f64>,
    /// Sums of the squared differences from the means.
    squares: Vec<f64>,
}

impl Tally {
    /// Of whole pixels behind an activation.
    pub(crate) fn of(values: &[f32], channels: usize, activation: Activation) -> Self {
        run(Count {
            values,
            channels,
            activation,
        })
    }

    /// What the parts' tallies, put together in this order, say.
    pub(crate) fn moments(parts: Vec<Self>, channels: usize) -> Vec<Moments> {
        let nothing = Self {
            pixels: 0.0,
            means: vec![0.0; channels],
            squares: vec![0.0; channels],
        };
        let all = parts.into_iter().fold(nothing, Self::and);
        let moments = all.means.iter().zip(&all.squares);
        moments
            .map(|(&mean, &squares)| Moments {
                mean,
                variance: squares / all.pixels.max(1.0),
            })
            .collect()
    }

    /// Both parts' tally (Chan, Golub & LeVeque 1979, "Updating Formulae and a Pairwise Algorithm
    /// for Computing Sample Variances").
    fn and(mut self, other: Self) -> Self {
        let pixels = self.pixels + other.pixels;
        let share = other.pixels / pixels.max(1.0);
        for (c, mean) in self.means.iter_mut().enumerate() {
            let apart = other.means[c] - *mean;
            self.squares[c] += other.squares[c] + apart * apart * self.pixels * share;
            *mean += apart * share;
        }
        self.pixels = pixels;
        self
    }
}

struct Count<'a> {
    values: &'a [f32],
    channels: usize,
    activation: Activation,
}

impl Kernel for Count<'_> {
    type Output = Tally;

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Tally {
        let Self {
            values,
            channels,
            activation,
        } = self;
        let centres = PerChannel::new(&self.centres());
        let (repeated, _) = S::as_simd_f32s(centres.values());
        let clamp = Clamp::new(simd, activation);
        let mut running = Running::new(channels);
        running.add(
            simd,
            values,
            values,
            #[inline(always)]
            |i, x, _| [simd.sub_f32s(clamp.apply(simd, x), repeated[i]); 2],
        );
        let pixels = (values.len() / channels.max(1)) as f64;
        let [mut means, mut squares] = running.finish(channels);
        let both = means.iter_mut().zip(&mut squares);
        for ((mean, square), &centre) in both.zip(centres.values()) {
            let offset = *mean / pixels.max(1.0);
            *square -= offset * *mean;
            // Not `max`, which would hide what is not a number.
            if *square < 0.0 {
                *square = 0.0;
            }
            *mean = f64::from(centre) + offset;
        }
        Tally {
            pixels,
            means,
            squares,
        }
    }
}

impl Count<'_> {
    /// Roughly each channel's mean, from some of the pixels: sums of differences from it keep their
    /// digits where the mean is large against the deviation.
    #[inline(always)]
    fn centres(&self) -> Vec<f32> {
        let mut means = vec![0.0; self.channels];
        let pixels = self.values.len() / self.channels.max(1);
        let samples = (pixels / 16).clamp(1, 64).min(pixels);
        let share = 1.0 / samples as f32;
        let Activation { low, high } = self.activation;
        for sample in 0..samples {
            let pixel = &self.values[sample * (pixels / samples) * self.channels..];
            for (mean, &x) in means.iter_mut().zip(pixel) {
                *mean += share * x.clamp(low, high);
            }
        }
        means
    }
}

//! The sums over each channel that normalisation needs, on the way forward and on the way back.

mod moments;
mod running;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::map::{Clamp, Map, PerChannel};
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::{BLOCK, VALUES};
pub(crate) use moments::{Moments, Tally, moments};
use running::Running;

/// The sums Σ g and Σ g · z over each channel, where `z = before(x)` and g is the gradient of
/// `scale · z + shift` in `map`, from the gradient `dy` above it.
pub(crate) fn gradient_sums(
    dy: Source,
    x: &[f32],
    map: &Map,
    of: Pictures,
) -> (Vec<f64>, Vec<f64>) {
    let before = Map {
        before: map.before,
        ..Map::identity(of.channels)
    };
    let centres = centres(Source::Mapped(x, &before), of);
    let [sums, products] = sums(of, Summands::Gradients { dy, x, map }, &centres);
    let centres = centres.values().iter();
    // Σ g · (z − centre) is what was summed in f32; the rest is exact enough for a caller who
    // subtracts mean · Σ g, however far from 0 the mean lies.
    let products = centres
        .zip(sums.iter().zip(products))
        .map(|(&centre, (&sum, product))| product + f64::from(centre) * sum)
        .collect();
    (sums, products)
}

/// The same sums below a pooling of the chain's result, from the pooling's result `y` and its
/// gradient `dy`: the values that won tell their z, and the others have no gradient.
///
/// z comes back from `scale · z + shift`, so the scale must not be small against the values. The
/// map has no dropout.
pub(crate) fn pooled_gradient_sums(
    dy: &[f32],
    y: &[f32],
    map: &Map,
    of: Pictures,
) -> (Vec<f64>, Vec<f64>) {
    let centres = centres(Source::Stored(y), of);
    let [sums, products] = sums(of, Summands::Results { dy, y, map }, &centres);
    let affine = map.scale.values().iter().zip(map.shift.values());
    let products = affine
        .zip(centres.values())
        .zip(sums.iter().zip(products))
        .map(|((numbers, &centre), (&sum, product))| {
            let (scale, shift) = (f64::from(*numbers.0), f64::from(*numbers.1));
            (product + (f64::from(centre) - shift) * sum) / scale
        })
        .collect();
    (sums, products)
}

/// Roughly each channel's mean, from some of its pixels. Sums of differences from it keep their
/// digits where the mean is large against the deviation.
fn centres(x: Source, of: Pictures) -> PerChannel {
    let samples = (of.pixels() / 16).clamp(1, 64).min(of.pixels());
    let mut means = vec![0.0; of.channels];
    run(Centres {
        x,
        of,
        samples,
        means: &mut means,
    });
    PerChannel::new(&means)
}

struct Centres<'a> {
    x: Source<'a>,
    of: Pictures,
    samples: usize,
    means: &'a mut [f32],
}

impl Kernel for Centres<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let mut scratch = Buffer::stale(self.of.channels);
        for sample in 0..self.samples {
            let pixel = sample * (self.of.pixels() / self.samples);
            let x = self.x.view(simd, self.of, pixel, &mut scratch);
            let share = 1.0 / self.samples as f32;
            self.means
                .iter_mut()
                .zip(x)
                .for_each(|(mean, &x)| *mean += share * x);
        }
    }
}

/// What is summed: pairs (a, a · b).
#[derive(Clone, Copy)]
enum Summands<'a> {
    /// a = g, b = before(x) − centre.
    Gradients {
        dy: Source<'a>,
        x: &'a [f32],
        map: &'a Map,
    },
    /// a = g, b = y − centre, where y is what a map gave.
    Results {
        dy: &'a [f32],
        y: &'a [f32],
        map: &'a Map,
    },
}

/// Σ a and Σ a · b over each channel.
fn sums(of: Pictures, summands: Summands, centres: &PerChannel) -> [Vec<f64>; 2] {
    let pixels = of.pixels_per(VALUES);
    let parts: Vec<[Vec<f64>; 2]> = (0..of.pixels().div_ceil(pixels))
        .into_par_iter()
        .map(|task| {
            let first = task * pixels;
            run(Part {
                of,
                summands,
                centres,
                first,
                pixels: pixels.min(of.pixels() - first),
            })
        })
        .collect();
    let mut totals = [vec![0.0; of.channels], vec![0.0; of.channels]];
    for part in parts {
        for (total, part) in totals.iter_mut().zip(part) {
            total
                .iter_mut()
                .zip(part)
                .for_each(|(total, part)| *total += part);
        }
    }
    totals
}

/// The sums over consecutive pixels.
struct Part<'a> {
    of: Pictures,
    summands: Summands<'a>,
    centres: &'a PerChannel,
    first: usize,
    pixels: usize,
}

impl Kernel for Part<'_> {
    type Output = [Vec<f64>; 2];

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) -> Self::Output {
        let (of, channels) = (self.of, self.of.channels);
        let (centres, _) = S::as_simd_f32s(self.centres.values());
        let mut running = Running::new(channels);
        let pixels = of.pixels_per(BLOCK);
        let mut scratch = Buffer::stale(pixels * channels);
        for block in (0..self.pixels).step_by(pixels) {
            let first = self.first + block;
            let len = pixels.min(self.pixels - block) * channels;
            let scratch = &mut scratch[..len];
            match self.summands {
                Summands::Results { dy, y, map } => {
                    let values = first * channels..first * channels + len;
                    let after = Clamp::new(simd, map.after);
                    running.add(
                        simd,
                        &y[values.clone()],
                        &dy[values],
                        #[inline(always)]
                        |i, y, dy| {
                            let g = after.gradient(simd, y, dy);
                            [g, simd.sub_f32s(y, centres[i])]
                        },
                    );
                }
                Summands::Gradients { dy, x, map } => {
                    let at = first * channels;
                    let dy = match &map.dropout {
                        None => dy.view(simd, of, first, scratch),
                        Some(mask) => {
                            dy.read(simd, of, first, scratch);
                            mask.apply(at, scratch);
                            scratch
                        }
                    };
                    let (scales, _) = S::as_simd_f32s(map.scale.values());
                    let (shifts, _) = S::as_simd_f32s(map.shift.values());
                    let before = Clamp::new(simd, map.before);
                    let after = Clamp::new(simd, map.after);
                    running.add(
                        simd,
                        &x[at..at + len],
                        dy,
                        #[inline(always)]
                        |i, x, dy| {
                            let z = before.apply(simd, x);
                            let g = after.gradient(simd, simd.fma(z, scales[i], shifts[i]), dy);
                            [g, simd.sub_f32s(z, centres[i])]
                        },
                    );
                }
            }
        }
        running.finish(channels)
    }
}

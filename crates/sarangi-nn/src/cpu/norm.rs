//! The sums over each channel that normalisation needs, on the way forward and on the way back.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::map::{Clamp, Map, PerChannel};
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::{BLOCK, VALUES};

/// Mean and population variance of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// Each channel's moments over the batch; zeros for an empty batch.
pub(crate) fn moments(x: Source, of: Pictures) -> Vec<Moments> {
    let centres = centres(x, of);
    let [sums, squares] = sums(of, Summands::Values { x }, &centres);
    let count = of.pixels().max(1) as f64;
    let centres = centres.values().iter();
    centres
        .zip(sums.iter().zip(&squares))
        .map(|(&centre, (&sum, &square))| {
            let offset = sum / count;
            let variance = square / count - offset * offset;
            Moments {
                mean: f64::from(centre) + offset,
                // Not `max`, which would hide what is not a number.
                variance: if variance < 0.0 { 0.0 } else { variance },
            }
        })
        .collect()
}

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

/// How many values are added up in f32 before the sum goes to f64.
const RUN: usize = 64;

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
    /// a = b = x − centre.
    Values { x: Source<'a> },
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
        let mut running = Running::new(self.centres.values().len());
        let pixels = of.pixels_per(BLOCK);
        let mut scratch = Buffer::stale(pixels * channels);
        for block in (0..self.pixels).step_by(pixels) {
            let first = self.first + block;
            let len = pixels.min(self.pixels - block) * channels;
            let scratch = &mut scratch[..len];
            match self.summands {
                Summands::Values { x } => {
                    let x = x.view(simd, of, first, scratch);
                    running.add(simd, x, x, |i, x, _| [simd.sub_f32s(x, centres[i]); 2]);
                }
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

/// Sums that grow in f32 for a while and then go to f64. Index i belongs to channel
/// `i % channels`, as in [`PerChannel`].
struct Running {
    period: usize,
    sums: [Buffer; 2],
    added: usize,
    totals: [Vec<f64>; 2],
}

impl Running {
    fn new(period: usize) -> Self {
        Self {
            period,
            sums: [Buffer::zeros(period), Buffer::zeros(period)],
            added: 0,
            totals: [vec![0.0; period], vec![0.0; period]],
        }
    }

    /// Adds a and a · b for the pairs (a, b) that `pair` makes of values of `x` and `d`, given the
    /// number of their vector in the period.
    #[inline(always)]
    fn add<S: Lanes>(
        &mut self,
        simd: S,
        x: &[f32],
        d: &[f32],
        pair: impl Fn(usize, S::f32s, S::f32s) -> [S::f32s; 2],
    ) {
        for (x, d) in x.chunks(self.period).zip(d.chunks(self.period)) {
            let [sums, products] = &mut self.sums;
            let (xs, x_rest) = S::as_simd_f32s(x);
            let (ds, d_rest) = S::as_simd_f32s(d);
            let rest = x.len() - x_rest.len()..x.len();
            let both = xs.iter().zip(ds).enumerate();
            let (whole_sums, _) = S::as_mut_simd_f32s(sums);
            let (whole_products, _) = S::as_mut_simd_f32s(products);
            for (((i, (&x, &d)), sum), product) in both.zip(whole_sums).zip(whole_products) {
                let [a, b] = pair(i, x, d);
                *sum = simd.add_f32s(*sum, a);
                *product = simd.fma(a, b, *product);
            }
            if !rest.is_empty() {
                let (sum, product) = (&mut sums[rest.clone()], &mut products[rest]);
                let (x, d) = (
                    simd.partial_load_f32s(x_rest),
                    simd.partial_load_f32s(d_rest),
                );
                let [a, b] = pair(xs.len(), x, d);
                let [old_sum, old_product] = [&*sum, &*product].map(|s| simd.partial_load_f32s(s));
                simd.partial_store_f32s(sum, simd.add_f32s(old_sum, a));
                simd.partial_store_f32s(product, simd.fma(a, b, old_product));
            }
            self.added += 1;
            if self.added == RUN {
                self.flush();
            }
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for (total, sum) in self.totals.iter_mut().zip(&mut self.sums) {
            for (total, sum) in total.iter_mut().zip(sum.iter_mut()) {
                *total += f64::from(std::mem::take(sum));
            }
        }
        self.added = 0;
    }

    #[inline(always)]
    fn finish(mut self, channels: usize) -> [Vec<f64>; 2] {
        self.flush();
        self.totals.map(|mut total| {
            let (sums, repeated) = total.split_at_mut(channels);
            for repeated in repeated.chunks(channels.max(1)) {
                sums.iter_mut()
                    .zip(repeated)
                    .for_each(|(sum, more)| *sum += more);
            }
            total.truncate(channels);
            total
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::{Activation, Linear};
    use super::super::mask::Mask;
    use super::super::source::Above;
    use super::*;
    use proptest::prelude::*;

    fn noise(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = sarangi_core::Seed(seed).rng(0, 0);
        (0..count).map(|_| rng.normal() as f32).collect()
    }

    /// One channel's values.
    fn channel(x: &[f32], of: Pictures, c: usize) -> impl Iterator<Item = f64> {
        x.iter().skip(c).step_by(of.channels).map(|&x| f64::from(x))
    }

    fn check_moments(x: &[f32], source: Source, of: Pictures) {
        let found = moments(source, of);
        let count = of.pixels() as f64;
        for (c, found) in found.iter().enumerate() {
            let mean = channel(x, of, c).sum::<f64>() / count;
            let variance = channel(x, of, c).map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            assert!(
                (found.mean - mean).abs() <= 1e-6 * variance.sqrt().max(mean.abs() * 1e-3),
                "{found:?} {mean} {variance}"
            );
            assert!(
                (found.variance - variance).abs() <= 1e-5 * variance,
                "{found:?} {mean} {variance}"
            );
        }
    }

    fn check_gradients(of: Pictures, seed: u64, offset: f32, dropout: bool) {
        let (mut x, dy) = (noise(of.len(), seed), noise(of.len(), seed + 1));
        x.iter_mut().for_each(|x| *x += offset);
        let map = Map {
            before: Activation {
                low: offset - 1.0,
                high: offset + 1.0,
            },
            scale: PerChannel::new(&noise(of.channels, seed + 2)),
            shift: PerChannel::new(&vec![0.3 - offset; of.channels]),
            after: Activation {
                low: -0.5,
                high: 0.5,
            },
            dropout: dropout.then(|| Mask::new(5, 0.3)),
        };
        let (found_g, found_gz) = gradient_sums(Source::Stored(&dy), &x, &map, of);
        let z: Vec<f32> = x
            .iter()
            .map(|x| x.clamp(offset - 1.0, offset + 1.0))
            .collect();
        // Where rounding decides whether the activation was on, the test cannot.
        let mut unsure = vec![0.0; of.channels];
        let g: Vec<f32> = (0..of.len())
            .map(|i| {
                let c = i % of.channels;
                let u = z[i].mul_add(map.scale.values()[c], map.shift.values()[c]);
                let kept = map
                    .dropout
                    .as_ref()
                    .map_or(1.0, |mask| mask.factor(i as u32));
                if (u.abs() - 0.5).abs() < 1e-5 * (1.0 + offset) {
                    unsure[c] += 2.0 * f64::from(dy[i].abs());
                }
                if u > -0.5 && u < 0.5 {
                    dy[i] * kept
                } else {
                    0.0
                }
            })
            .collect();
        for c in 0..of.channels {
            let size: f64 = channel(&g, of, c).map(f64::abs).sum();
            let sum: f64 = channel(&g, of, c).sum();
            assert!((found_g[c] - sum).abs() <= 1e-6 * size + unsure[c]);
            // What the caller makes of it: Σ g · (z − mean).
            let mean = channel(&z, of, c).sum::<f64>() / of.pixels() as f64;
            let centred: f64 = channel(&g, of, c)
                .zip(channel(&z, of, c))
                .map(|(g, z)| g * (z - mean))
                .sum();
            let found = found_gz[c] - mean * found_g[c];
            assert!(
                (found - centred).abs() <= 2e-6 * size + unsure[c] + 1e-12,
                "{found} {centred} {size}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn sums_of_any_shape(
            (batch, height, width) in (1usize..4, 1usize..30, 1usize..30),
            channels in 1usize..70,
            seed in 0u64..1000,
            dropout: bool,
        ) {
            let of = Pictures { batch, height, width, channels };
            let x = noise(of.len(), seed);
            check_moments(&x, Source::Stored(&x), of);
            check_gradients(of, seed, 0.0, dropout);
        }
    }

    #[test]
    fn a_mean_far_above_the_deviation_costs_no_digits() {
        let of = Pictures {
            batch: 4,
            height: 50,
            width: 50,
            channels: 24,
        };
        let mut x = noise(of.len(), 1);
        x.iter_mut().for_each(|x| *x += 4096.0);
        // The first pixel is an outlier: no channel may be centred on it.
        x[..24].fill(0.0);
        check_moments(&x, Source::Stored(&x), of);
        check_gradients(of, 9, 4096.0, false);
    }

    #[test]
    fn the_results_of_a_pooling_tell_its_sums() {
        let of = Pictures {
            batch: 3,
            height: 21,
            width: 33,
            channels: 37,
        };
        let (z, dy) = (noise(of.len(), 1), noise(of.len(), 2));
        let z: Vec<f32> = z.iter().map(|z| z + 100.0).collect();
        let scale: Vec<f32> = noise(37, 3).iter().map(|s| s.abs() + 0.1).collect();
        let shift: Vec<f32> = scale.iter().map(|s| 0.3 - 100.0 * s).collect();
        let map = Map {
            scale: PerChannel::new(&scale),
            shift: PerChannel::new(&shift),
            after: Activation::RELU,
            ..Map::identity(37)
        };
        let mut y = vec![0.0; of.len()];
        Source::Mapped(&z, &map).materialise(of, &mut y);
        let (found_g, found_gz) = pooled_gradient_sums(&dy, &y, &map, of);
        for c in 0..37 {
            let all = || channel(&z, of, c).zip(channel(&y, of, c).zip(channel(&dy, of, c)));
            let on = || all().filter(|(_, (y, _))| *y > 0.0);
            let sum: f64 = on().map(|(_, (_, dy))| dy).sum();
            let centred: f64 = on().map(|(z, (_, dy))| dy * (z - 100.0)).sum();
            let size: f64 = on().map(|(_, (_, dy))| dy.abs()).sum();
            assert!((found_g[c] - sum).abs() <= 1e-6 * size);
            // z itself was rounded to 8e-6.
            let found = found_gz[c] - 100.0 * found_g[c];
            assert!((found - centred).abs() <= 1e-5 * size, "{found} {centred}");
        }
    }

    #[test]
    fn sources_are_summed_as_they_are_read() {
        let of = Pictures {
            batch: 3,
            height: 5,
            width: 40,
            channels: 37,
        };
        let planar = noise(of.len(), 3);
        let mut dense = vec![0.0; of.len()];
        Source::Planar(&planar).materialise(of, &mut dense);
        assert_eq!(dense[37 + 2], planar[2 * 200 + 1]);
        assert_eq!(
            moments(Source::Planar(&planar), of),
            moments(Source::Stored(&dense), of)
        );
        let map = Map {
            after: Activation::RELU,
            ..Map::identity(37)
        };
        let linear = Linear {
            slope: PerChannel::constant(0.5, 37),
            offset: PerChannel::constant(0.1, 37),
        };
        let dy = noise(of.len(), 4);
        let above = Source::Gradient {
            dy: Above::Stored(&dy),
            x: &dense,
            map: &map,
            linear: &linear,
        };
        let mut gradient = vec![0.0; of.len()];
        above.materialise(of, &mut gradient);
        assert_eq!(
            gradient_sums(above, &dense, &map, of),
            gradient_sums(Source::Stored(&gradient), &dense, &map, of)
        );
    }

    #[test]
    fn threads_change_no_bit() {
        let of = Pictures {
            batch: 5,
            height: 40,
            width: 33,
            channels: 37,
        };
        let x = noise(of.len(), 1);
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| moments(Source::Stored(&x), of))
        });
        assert_eq!(one, three);
    }

    #[test]
    fn a_single_pixel_varies_by_nothing_and_nan_stays() {
        let of = Pictures {
            batch: 1,
            height: 1,
            width: 1,
            channels: 2,
        };
        let found = moments(Source::Stored(&[3.0, f32::NAN]), of);
        assert_eq!(
            found[0],
            Moments {
                mean: 3.0,
                variance: 0.0
            }
        );
        assert!(found[1].mean.is_nan() && found[1].variance.is_nan());
        let none = moments(Source::Stored(&[]), Pictures { batch: 0, ..of });
        assert_eq!(
            none[1],
            Moments {
                mean: 0.0,
                variance: 0.0
            }
        );
    }
}

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

fn check_moments(x: &[f32], of: Pictures) {
    check_moments_of(x, of, &moments(x, of.channels, Activation::NONE));
    // As a convolution takes them: of unequal parts, behind an activation.
    let parts = x.chunks(of.channels * 70);
    let parts = parts.map(|x| Tally::of(x, of.channels, Activation::RELU));
    let positive: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
    check_moments_of(&positive, of, &Tally::moments(parts.collect(), of.channels));
}

fn check_moments_of(x: &[f32], of: Pictures, found: &[Moments]) {
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
        check_moments(&x, of);
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
    check_moments(&x, of);
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
        pool.unwrap()
            .install(|| moments(&x, of.channels, Activation::NONE))
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
    let found = moments(&[3.0, f32::NAN], of.channels, Activation::NONE);
    assert_eq!(
        found[0],
        Moments {
            mean: 3.0,
            variance: 0.0
        }
    );
    assert!(found[1].mean.is_nan() && found[1].variance.is_nan());
    let none = moments(&[], of.channels, Activation::NONE);
    assert_eq!(
        none[1],
        Moments {
            mean: 0.0,
            variance: 0.0
        }
    );
}

use super::super::map::{Activation, Map};
use super::*;
use crate::geometry::Geometry2d;
use proptest::prelude::*;

fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = sarangi_core::Seed(seed).rng(0, 0);
    (0..count).map(|_| rng.normal() as f32).collect()
}

fn pool([batch, height, width, channels]: [usize; 4], window: Geometry2d) -> Option<AveragePool> {
    let [out_height, out_width] = window.output("test", [height, width]).ok()?;
    let input = Pictures {
        batch,
        height,
        width,
        channels,
    };
    let output = Pictures {
        height: out_height,
        width: out_width,
        ..input
    };
    Some(AveragePool {
        input,
        output,
        windows: Windows::Moving(window),
        count_include_pad: true,
    })
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64]) {
    for (i, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= 1e-6 * expected.abs().max(1.0),
            "{i}: {found} for {expected}"
        );
    }
}

fn check(of: &AveragePool, seed: u64) {
    let (x, dy) = (
        noise(of.input.len(), seed),
        noise(of.output.len(), seed + 1),
    );
    let [rows, columns] = of.windows.axes(of.input, of.output);
    let (mut y, mut dx) = (vec![0f64; dy.len()], vec![0f64; x.len()]);
    for (i, y) in y.iter_mut().enumerate() {
        let (pixel, c) = (i / of.output.channels, i % of.output.channels);
        let (row, ox) = (pixel / of.output.width, pixel % of.output.width);
        let (image, oy) = (row / of.output.height, row % of.output.height);
        let count = match of.windows {
            Windows::Moving(window) if of.count_include_pad => window.kernel.iter().product(),
            _ => rows.reads[oy].len() * columns.reads[ox].len(),
        };
        for row in &rows.reads[oy] {
            for column in &columns.reads[ox] {
                let at = (image * of.input.height + row.at) * of.input.width + column.at;
                let at = at * of.input.channels + c;
                *y += f64::from(x[at]) / count as f64;
                dx[at] += f64::from(dy[i]) / count as f64;
            }
        }
    }
    let mut found = vec![f32::NAN; y.len()];
    of.forward(Source::Stored(&x), &mut found);
    assert_close(&found, &y);
    let mut found = vec![f32::NAN; x.len()];
    of.backward(Source::Stored(&dy), &mut found);
    assert_close(&found, &dx);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_shape(
        batch in 1usize..4,
        size in [1usize..20, 1usize..20],
        channels in 1usize..70,
        kernel in [1usize..5, 1usize..5],
        stride in [1usize..4, 1usize..4],
        padding in [0usize..3, 0usize..3],
        count_include_pad: bool,
        seed in 0u64..1000,
    ) {
        let window = Geometry2d { kernel, stride, padding, dilation: [1, 1] };
        if let Some(of) = pool([batch, size[0], size[1], channels], window) {
            check(&AveragePool { count_include_pad, ..of }, seed);
        }
    }

    #[test]
    fn adaptive_windows(
        input in [1usize..20, 1usize..20],
        output in [1usize..9, 1usize..9],
        channels in 1usize..40,
        seed in 0u64..1000,
    ) {
        let input = Pictures { batch: 2, height: input[0], width: input[1], channels };
        let output = Pictures { height: output[0], width: output[1], ..input };
        let of = AveragePool {
            input,
            output,
            windows: Windows::Adaptive,
            count_include_pad: false,
        };
        check(&of, seed);
    }
}

#[test]
fn a_global_mean_keeps_its_digits() {
    let input = Pictures {
        batch: 1,
        height: 128,
        width: 500,
        channels: 3,
    };
    let output = Pictures {
        height: 1,
        width: 1,
        ..input
    };
    let of = AveragePool {
        input,
        output,
        windows: Windows::Adaptive,
        count_include_pad: false,
    };
    let mut x = noise(input.len(), 1);
    x.iter_mut().for_each(|x| *x += 100.0);
    let mut y = [0.0; 3];
    of.forward(Source::Stored(&x), &mut y);
    for (c, &y) in y.iter().enumerate() {
        let values = x.iter().skip(c).step_by(3).map(|&x| f64::from(x));
        let mean = values.sum::<f64>() / 64_000.0;
        assert!((f64::from(y) - mean).abs() <= 1e-6 * mean);
    }
}

#[test]
fn sources_are_read_through_their_maps() {
    let window = Geometry2d {
        stride: [2, 1],
        ..Geometry2d::new([3, 2])
    };
    let of = pool([2, 9, 11, 24], window).unwrap();
    let x = noise(of.input.len(), 5);
    let map = Map {
        after: Activation::RELU,
        ..Map::identity(24)
    };
    let mapped = Source::Mapped(&x, &map);
    let mut dense = vec![0.0; x.len()];
    mapped.materialise(of.input, &mut dense);
    let [found, expected] = [mapped, Source::Stored(&dense)].map(|x| {
        let mut y = vec![0.0; of.output.len()];
        of.forward(x, &mut y);
        y
    });
    assert_eq!(found, expected);
}

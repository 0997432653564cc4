use proptest::prelude::*;

use super::super::map::{Map, PerChannel};
use super::*;
use crate::cpu::map::Activation;

fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = sarangi_core::Seed(seed).rng(0, 0);
    (0..count).map(|_| rng.normal() as f32).collect()
}

/// Shapes that fit; the window may reach far into the padding.
fn shapes(
    [batch, height, width, channels]: [usize; 4],
    multiplier: usize,
    window: Geometry2d,
) -> Option<Depthwise> {
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
        channels: channels * multiplier,
        ..input
    };
    Some(Depthwise {
        input,
        output,
        window,
    })
}

/// Calls `f` with the places of x, of the filter and of y for each product of the convolution.
fn products(of: &Depthwise, mut f: impl FnMut(usize, usize, usize)) {
    let (input, output, window) = (of.input, of.output, &of.window);
    let [height, width] = window.kernel;
    let multiplier = output.channels / input.channels;
    for y in 0..output.len() {
        let (pixel, channel) = (y / output.channels, y % output.channels);
        let (row, ox) = (pixel / output.width, pixel % output.width);
        let (image, oy) = (row / output.height, row % output.height);
        for tap in 0..height * width {
            let iy = oy * window.stride[0] + tap / width * window.dilation[0];
            let ix = ox * window.stride[1] + tap % width * window.dilation[1];
            let (iy, ix) = (
                iy.wrapping_sub(window.padding[0]),
                ix.wrapping_sub(window.padding[1]),
            );
            if iy < input.height && ix < input.width {
                let x = ((image * input.height + iy) * input.width + ix) * input.channels;
                f(x + channel / multiplier, channel * height * width + tap, y);
            }
        }
    }
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64]) {
    let peak = expected.iter().fold(1e-3f64, |peak, v| peak.max(v.abs()));
    for (i, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= 1e-5 * peak, "{i}: {found} for {expected}");
    }
}

fn check(of: &Depthwise, seed: u64) {
    let (x, dy) = (
        noise(of.input.len(), seed),
        noise(of.output.len(), seed + 1),
    );
    let filter = noise(
        of.output.channels * of.window.kernel.iter().product::<usize>(),
        seed + 2,
    );
    let bias = noise(of.output.channels, seed + 4);
    let mut y = vec![0f64; dy.len()];
    let mut dx = vec![0f64; x.len()];
    let mut dfilter = vec![0f64; filter.len()];
    products(of, |i, f, o| {
        y[o] += f64::from(x[i]) * f64::from(filter[f]);
        dx[i] += f64::from(dy[o]) * f64::from(filter[f]);
        dfilter[f] += f64::from(dy[o]) * f64::from(x[i]);
    });
    let channels = of.output.channels;
    let mut dbias = vec![0f64; channels];
    for (i, &dy) in dy.iter().enumerate() {
        dbias[i % channels] += f64::from(dy);
    }

    let mut found = vec![f32::NAN; y.len()];
    of.forward(Source::Stored(&x), &filter, Epilogue::default(), &mut found);
    assert_close(&found, &y);
    let epilogue = Epilogue {
        bias: Some(&bias),
        ..Epilogue::default()
    };
    of.forward(Source::Stored(&x), &filter, epilogue, &mut found);
    for (i, y) in y.iter_mut().enumerate() {
        *y += f64::from(bias[i % channels]);
    }
    assert_close(&found, &y);

    let mut found = vec![f32::NAN; x.len()];
    of.backward_data(Source::Stored(&dy), &filter, &mut found);
    assert_close(&found, &dx);

    let mut found = vec![f32::NAN; filter.len()];
    let mut found_bias = vec![f32::NAN; channels];
    of.backward_filter(
        Source::Stored(&x),
        Source::Stored(&dy),
        &mut found,
        Some(&mut found_bias),
    );
    assert_close(&found, &dfilter);
    assert_close(&found_bias, &dbias);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_shape(
        batch in 1usize..4,
        size in [1usize..20, 1usize..30],
        channels in 1usize..70,
        multiplier in 1usize..3,
        kernel in [1usize..6, 1usize..6],
        stride in [1usize..4, 1usize..4],
        padding in [0usize..4, 0usize..4],
        dilation in [1usize..3, 1usize..3],
        seed in 0u64..1000,
    ) {
        let window = Geometry2d { kernel, stride, padding, dilation };
        if let Some(of) = shapes([batch, size[0], size[1], channels], multiplier, window) {
            check(&of, seed);
        }
    }

    #[test]
    fn the_usual_window(
        batch in 1usize..4,
        size in [1usize..20, 1usize..30],
        channels in 1usize..90,
        stride in [1usize..3, 1usize..3],
        padding in [0usize..4, 0usize..4],
        seed in 0u64..1000,
    ) {
        let window = Geometry2d { stride, padding, ..Geometry2d::new([3, 3]) };
        if let Some(of) = shapes([batch, size[0], size[1], channels], 1, window) {
            check(&of, seed);
        }
    }
}

#[test]
fn shapes_of_real_networks_and_odd_ones() {
    let window = |kernel, stride, padding| Geometry2d {
        stride: [stride; 2],
        padding: [padding; 2],
        ..Geometry2d::new([kernel; 2])
    };
    for (shape, multiplier, window) in [
        ([2, 14, 14, 192], 1, window(3, 1, 1)),
        ([1, 56, 57, 144], 1, window(3, 2, 1)),
        ([1, 7, 7, 960], 1, window(3, 1, 1)),
        ([9, 1, 1, 5], 2, window(1, 1, 0)),
        // More padding than window: whole outputs, and a step, see nothing but padding.
        ([2, 3, 4, 17], 1, window(2, 1, 9)),
        // A stride beyond the window: inputs that nothing reads.
        ([2, 11, 12, 32], 1, window(2, 5, 0)),
    ] {
        check(&shapes(shape, multiplier, window).unwrap(), 7);
    }
}

#[test]
fn sources_are_read_through_their_maps() {
    let window = Geometry2d {
        padding: [1, 1],
        ..Geometry2d::new([3, 3])
    };
    let of = shapes([2, 9, 10, 24], 2, window).unwrap();
    let stored = noise(of.input.len(), 1);
    let map = Map {
        shift: PerChannel::new(&noise(of.input.channels, 2)),
        after: Activation::RELU6,
        ..Map::identity(of.input.channels)
    };
    let mapped = Source::Mapped(&stored, &map);
    let mut dense = vec![0.0; stored.len()];
    mapped.materialise(of.input, &mut dense);
    let filter = noise(of.output.channels * 9, 3);
    let [y, expected] = [mapped, Source::Stored(&dense)].map(|x| {
        let mut y = vec![0.0; of.output.len()];
        of.forward(x, &filter, Epilogue::default(), &mut y);
        y
    });
    assert_eq!(y, expected);
}

#[test]
fn an_empty_batch_has_a_gradient_of_zero() {
    let window = Geometry2d::new([3, 3]);
    let of = shapes([0, 5, 5, 4], 1, window).unwrap();
    let filter = noise(36, 1);
    let none = Source::Stored(&[]);
    of.forward(none, &filter, Epilogue::default(), &mut []);
    of.backward_data(none, &filter, &mut []);
    let mut dfilter = vec![f32::NAN; 36];
    of.backward_filter(none, none, &mut dfilter, None);
    assert_eq!(dfilter, [0.0; 36]);
}

#[test]
fn threads_change_no_bit() {
    let window = Geometry2d {
        padding: [1, 1],
        ..Geometry2d::new([3, 3])
    };
    let of = shapes([1, 40, 21, 37], 1, window).unwrap();
    let (x, dy) = (noise(of.input.len(), 1), noise(of.output.len(), 2));
    let filter = noise(37 * 9, 3);
    let [one, three] = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let (mut dx, mut dfilter) = (vec![0.0; x.len()], vec![0.0; filter.len()]);
            of.backward_data(Source::Stored(&dy), &filter, &mut dx);
            of.backward_filter(Source::Stored(&x), Source::Stored(&dy), &mut dfilter, None);
            (dx, dfilter)
        })
    });
    assert_eq!(one, three);
}

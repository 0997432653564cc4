//! Convolution: every stride × padding × dilation × groups × parity, and the wide shapes that have
//! algorithms of their own.

use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_nn::{Geometry2d, conv2d};

use crate::differences::{check, random};
use crate::reference;

#[derive(Clone, Copy, Debug)]
struct Shape {
    batch: usize,
    size: [usize; 2],
    /// Input and output channels of one group.
    channels: [usize; 2],
    groups: usize,
    window: Geometry2d,
    bias: bool,
}

/// Checks a convolution whose window fits its picture.
fn agrees(shape: Shape) {
    let Shape {
        batch,
        size,
        channels,
        groups,
        window,
        bias,
    } = shape;
    let mut rng = Seed(1).named("convolution");
    let x = random(&mut rng, &[batch, groups * channels[0], size[0], size[1]]);
    let outputs = groups * channels[1];
    let [height, width] = window.kernel;
    let mut parameters = vec![random(&mut rng, &[outputs, channels[0], height, width])];
    if bias {
        parameters.push(random(&mut rng, &[outputs]));
    }
    check(
        shape,
        &[x],
        &parameters,
        |x, p| {
            conv2d(
                &x[0],
                &p[0],
                p.get(1).map(|b| b.as_tensor()),
                window,
                groups,
            )
        },
        |a| reference::conv2d(&a[0], &a[1], a.get(2), window, groups),
    );
}

/// Groups of this many input and output channels under every movement of a window that fits.
fn every_movement(kernel: [usize; 2], channels: [usize; 2], groups: usize) {
    let mut checked = 0;
    for stride in [[1, 1], [2, 2], [1, 2], [3, 1]] {
        for padding in [[0, 0], [1, 1], [1, 2]] {
            for dilation in [[1, 1], [2, 2], [1, 3]] {
                for size in [[8, 8], [7, 7], [8, 7], [7, 8]] {
                    for batch in [1, 2] {
                        checked += 1;
                        agrees(Shape {
                            batch,
                            size,
                            channels,
                            groups,
                            window: Geometry2d {
                                kernel,
                                stride,
                                padding,
                                dilation,
                            },
                            bias: checked % 2 == 0,
                        });
                    }
                }
            }
        }
    }
    assert_eq!(checked, 288);
}

#[test]
fn dense() {
    every_movement([3, 3], [3, 4], 1);
}

#[test]
fn dense_with_an_even_filter() {
    every_movement([2, 3], [2, 3], 1);
}

#[test]
fn one_by_one() {
    every_movement([1, 1], [3, 5], 1);
}

#[test]
fn depthwise() {
    every_movement([3, 3], [1, 1], 5);
}

#[test]
fn depthwise_with_two_outputs_for_each_channel() {
    every_movement([3, 2], [1, 2], 3);
}

#[test]
fn grouped() {
    every_movement([3, 3], [2, 3], 2);
}

#[test]
fn shapes_that_networks_have() {
    let shape = |batch, size, channels, kernel: usize| Shape {
        batch,
        size,
        channels,
        groups: 1,
        window: Geometry2d::square(kernel).padding(kernel / 2),
        bias: true,
    };
    let stride = |stride: usize, shape: Shape| Shape {
        window: shape.window.stride(stride),
        ..shape
    };
    let groups = |groups: usize, shape: Shape| Shape { groups, ..shape };
    let padding = |padding: usize, shape: Shape| Shape {
        window: shape.window.padding(padding),
        ..shape
    };
    let shapes = [
        // stems of few channels
        shape(2, [9, 11], [5, 32], 3),
        stride(2, shape(1, [16, 17], [3, 40], 7)),
        stride(2, shape(1, [17, 16], [1, 33], 7)),
        // 3×3 at stride 1, which has an algorithm of its own: where it pays on all three ways, …
        shape(2, [8, 8], [24, 32], 3),
        shape(1, [9, 12], [32, 40], 3),
        // … and where few channels or few pixels make direct sums of some or all
        shape(1, [8, 8], [16, 16], 3),
        shape(2, [7, 7], [17, 33], 3),
        shape(1, [8, 5], [24, 16], 3),
        padding(0, shape(2, [6, 7], [16, 40], 3)),
        padding(2, shape(1, [5, 6], [33, 16], 3)),
        shape(3, [1, 1], [20, 18], 3),
        shape(1, [1, 9], [16, 17], 3),
        // strided
        stride(2, shape(1, [8, 9], [33, 20], 3)),
        stride(2, shape(2, [7, 8], [16, 48], 3)),
        stride(2, shape(1, [8, 7], [40, 20], 1)),
        // 1×1
        shape(2, [5, 4], [24, 70], 1),
        shape(1, [3, 3], [70, 24], 1),
        shape(4, [1, 1], [40, 50], 1),
        // depthwise
        groups(40, shape(1, [8, 9], [1, 1], 3)),
        groups(17, stride(2, shape(2, [9, 8], [1, 1], 3))),
        groups(19, shape(2, [7, 7], [1, 2], 3)),
        groups(33, shape(1, [6, 6], [1, 1], 5)),
        groups(4, shape(1, [6, 5], [8, 9], 3)),
    ];
    shapes.into_iter().for_each(agrees);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_shape(
        batch in 1usize..4,
        size in [1usize..12, 1usize..12],
        channels in [1usize..7, 2usize..7],
        groups in 1usize..6,
        (kernel, stride) in ([1usize..5, 1usize..5], [1usize..4, 1usize..4]),
        (padding, dilation) in ([0usize..4, 0usize..4], [1usize..3, 1usize..3]),
        bias: bool,
    ) {
        let window = Geometry2d { kernel, stride, padding, dilation };
        prop_assume!(window.output("conv2d", size).is_ok());
        agrees(Shape { batch, size, channels, groups, window, bias });
    }
}

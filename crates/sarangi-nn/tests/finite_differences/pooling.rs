//! Pools, on values that are far enough apart for each window to have one maximum.

use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_nn::{
    Geometry2d, adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, global_avg_pool2d,
    global_max_pool2d, max_pool2d,
};

use crate::differences::{Array, check, spaced};
use crate::reference;

fn pictures(batch: usize, channels: usize, size: [usize; 2]) -> Array {
    let shape = [batch, channels, size[0], size[1]];
    spaced(&mut Seed(2).named("pictures"), &shape, 2.0)
}

/// A window that torch accepts: it fits, its padding is at most half its size, and nowhere does it
/// see nothing but padding.
fn fits(window: Geometry2d, size: [usize; 2]) -> bool {
    let Ok(outputs) = window.output("pool", size) else {
        return false;
    };
    (0..2).all(|i| {
        let first = |output: usize| output * window.stride[i];
        let inside = |at: usize| (window.padding[i]..window.padding[i] + size[i]).contains(&at);
        let sees = |output: usize| {
            (0..window.kernel[i]).any(|tap| inside(first(output) + tap * window.dilation[i]))
        };
        window.padding[i] * 2 <= window.kernel[i] && (0..outputs[i]).all(sees)
    })
}

fn moving_agree(window: Geometry2d, x: &Array) {
    let case = (window, x.shape().to_vec());
    let xs = std::slice::from_ref(x);
    check(
        ("max", &case),
        xs,
        &[],
        |x, _| max_pool2d(&x[0], window),
        |a| reference::max_pool2d(&a[0], window),
    );
    if window.dilation != [1, 1] {
        return;
    }
    for count_include_pad in [false, true] {
        check(
            ("average", count_include_pad, &case),
            xs,
            &[],
            |x, _| avg_pool2d(&x[0], window, count_include_pad),
            |a| reference::avg_pool2d(&a[0], window, count_include_pad),
        );
    }
}

fn adaptive_agree(sizes: [usize; 2], x: &Array) {
    let case = (sizes, x.shape().to_vec());
    let xs = std::slice::from_ref(x);
    check(
        ("adaptive max", &case),
        xs,
        &[],
        |x, _| adaptive_max_pool2d(&x[0], sizes),
        |a| reference::adaptive_max_pool2d(&a[0], sizes),
    );
    check(
        ("adaptive average", &case),
        xs,
        &[],
        |x, _| adaptive_avg_pool2d(&x[0], sizes),
        |a| reference::adaptive_avg_pool2d(&a[0], sizes),
    );
}

#[test]
fn every_movement() {
    let mut checked = 0;
    for kernel in [[2, 2], [3, 3], [2, 4]] {
        for stride in [[1, 1], [2, 2], [3, 2]] {
            for padding in [[0, 0], [1, 1], [1, 0]] {
                for dilation in [[1, 1], [2, 2], [1, 2]] {
                    let window = Geometry2d {
                        kernel,
                        stride,
                        padding,
                        dilation,
                    };
                    for size in [[8, 8], [7, 7], [8, 7], [7, 8]] {
                        if fits(window, size) {
                            checked += 1;
                            moving_agree(window, &pictures(1 + checked % 2, 3, size));
                        }
                    }
                }
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

#[test]
fn adaptive_and_global() {
    for size in [[8, 8], [7, 5], [5, 8], [1, 1]] {
        for batch in [1, 2] {
            let x = pictures(batch, 3, size);
            for sizes in [[1, 1], [2, 3], [5, 1], [7, 7]] {
                adaptive_agree(sizes, &x);
            }
            let case = (batch, size);
            let xs = std::slice::from_ref(&x);
            check(
                ("global average", case),
                xs,
                &[],
                |x, _| global_avg_pool2d(&x[0]),
                |a| reference::global_avg_pool2d(&a[0]),
            );
            check(
                ("global max", case),
                xs,
                &[],
                |x, _| global_max_pool2d(&x[0]),
                |a| reference::flatten(&reference::adaptive_max_pool2d(&a[0], [1, 1])),
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_shape(
        batch in 1usize..3,
        channels in 1usize..40,
        size in [1usize..10, 1usize..10],
        (kernel, stride) in ([1usize..5, 1usize..5], [1usize..5, 1usize..5]),
        (padding, dilation) in ([0usize..3, 0usize..3], [1usize..3, 1usize..3]),
        sizes in [1usize..8, 1usize..8],
    ) {
        let window = Geometry2d { kernel, stride, padding, dilation };
        prop_assume!(fits(window, size));
        let x = pictures(batch, channels, size);
        moving_agree(window, &x);
        adaptive_agree(sizes, &x);
    }
}

//! Norms, activations, dropout, the fully connected layer and what joins and reshapes values.

use proptest::prelude::*;
use sarangi_core::{Rng, Seed};
use sarangi_nn::{
    Value, add, add_relu, batch_norm_eval, batch_norm_train, concat, dropout, flatten, linear, mul,
    mul_scalar, narrow, permute, relu, relu6, resize_bilinear, sigmoid,
};

use crate::differences::{Array, array, check, random, spaced, tensor};
use crate::reference;

fn generator() -> Rng {
    Seed(3).named("pointwise")
}

/// What dropout multiplies each value by, found on ones.
pub(crate) fn dropout_factors(shape: &[usize], p: f32, seed: Seed) -> Array {
    let ones = Value::new(&tensor(&Array::ones(shape))).unwrap();
    let dropped = dropout(&ones, p, &mut seed.rng(0, 0)).unwrap();
    array(&dropped.tensor().unwrap())
}

const SHAPES: [&[usize]; 8] = [
    &[1, 3],
    &[7, 5],
    &[2, 3, 9],
    &[1, 1, 4, 5],
    &[1, 5, 7, 8],
    &[2, 19, 3, 5],
    &[2, 33, 4, 4],
    &[5, 16, 1, 1],
];

#[test]
fn rectifiers() {
    for shape in SHAPES {
        let x = [spaced(&mut generator(), shape, 10.0)];
        check(
            shape,
            &x,
            &[],
            |x, _| relu(&x[0]),
            |a| reference::relu(&a[0]),
        );
        check(
            shape,
            &x,
            &[],
            |x, _| relu6(&x[0]),
            |a| reference::relu6(&a[0]),
        );
    }
}

#[test]
fn dropouts() {
    for shape in SHAPES {
        let factors = dropout_factors(shape, 0.4, Seed(5));
        let x = random(&mut generator(), shape);
        check(
            shape,
            &[x],
            &[],
            |x, _| dropout(&x[0], 0.4, &mut Seed(5).rng(0, 0)),
            |a| &a[0] * &factors,
        );
    }
}

fn norms_agree(shape: &[usize], eps: f64) {
    let mut rng = generator();
    // Away from zero, as values after a rectifier are.
    let x = random(&mut rng, shape) + 1.5;
    let x = x.mapv(|v| f64::from(v as f32));
    let channels = shape[1];
    let [gamma, beta, mean] = [0, 1, 2].map(|_| random(&mut rng, &[channels]));
    let variance = random(&mut rng, &[channels]).mapv(|v| v.abs() + 0.25);
    let variance = variance.mapv(|v| f64::from(v as f32));
    let parameters = [gamma, beta];
    let xs = std::slice::from_ref(&x);
    if shape.iter().product::<usize>() / channels > 2 {
        check(
            ("training", shape),
            xs,
            &parameters,
            |x, p| Ok(batch_norm_train(&x[0], &p[0], &p[1], eps)?.0),
            |a| reference::batch_norm_train(&a[0], &a[1], &a[2], eps),
        );
    }
    let statistics = [&mean, &variance].map(tensor);
    let [m, v] = &statistics;
    check(
        ("evaluation", shape),
        xs,
        &parameters,
        |x, p| batch_norm_eval(&x[0], &p[0], &p[1], m, v, eps),
        |a| reference::batch_norm_eval(&a[0], &a[1], &a[2], |c| (mean[[c]], variance[[c]]), eps),
    );
}

#[test]
fn norms() {
    SHAPES
        .into_iter()
        .for_each(|shape| norms_agree(shape, 1e-5));
}

#[test]
fn linear_layers() {
    for (batch, inputs, outputs) in [(1, 1, 1), (1, 40, 10), (5, 3, 7), (3, 33, 50), (17, 20, 2)] {
        let mut rng = generator();
        let shapes = [vec![batch, inputs], vec![outputs, inputs], vec![outputs]];
        let [x, weight, bias] = shapes.map(|shape| random(&mut rng, &shape));
        for parameters in [vec![weight.clone()], vec![weight, bias]] {
            check(
                (batch, inputs, outputs),
                std::slice::from_ref(&x),
                &parameters,
                |x, p| linear(&x[0], &p[0], p.get(1).map(|b| b.as_tensor())),
                |a| reference::linear(&a[0], &a[1], a.get(2)),
            );
        }
    }
}

#[test]
fn sums() {
    for shape in SHAPES {
        let mut rng = generator();
        // The sums are never near zero: multiples of one step, and half a step between them.
        let step = 1.0 / 64.0;
        let whole = |x: Array| x.mapv(|v| (v * 64.0).round() * step);
        let a = whole(random(&mut rng, shape));
        let b = whole(random(&mut rng, shape)) + step / 2.0;
        let xs = [a, b];
        check(shape, &xs, &[], |x, _| add(&x[0], &x[1]), |a| &a[0] + &a[1]);
        check(
            shape,
            &xs,
            &[],
            |x, _| add_relu(&x[0], &x[1]),
            |a| reference::relu(&(&a[0] + &a[1])),
        );
    }
}

#[test]
fn a_value_that_is_added_to_itself() {
    let x = [random(&mut generator(), &[2, 5, 3, 4])];
    check(
        "x + x",
        &x,
        &[],
        |x, _| add(&x[0], &x[0]),
        |a| &a[0] + &a[0],
    );
}

#[test]
fn products() {
    for shape in SHAPES {
        let mut rng = generator();
        let xs = [random(&mut rng, shape), random(&mut rng, shape)];
        check(shape, &xs, &[], |x, _| mul(&x[0], &x[1]), |a| &a[0] * &a[1]);
        let one = &xs[..1];
        check(shape, one, &[], |x, _| mul(&x[0], &x[0]), |a| &a[0] * &a[0]);
        check(
            shape,
            one,
            &[],
            |x, _| mul_scalar(&x[0], -0.375),
            |a| &a[0] * -0.375,
        );
        // Factors that wait to be read, as gates and what they weigh do.
        check(
            shape,
            &xs,
            &[],
            |x, _| mul(&sigmoid(&x[0])?, &x[1]),
            |a| reference::sigmoid(&a[0]) * &a[1],
        );
    }
}

#[test]
fn logistic_functions() {
    for shape in SHAPES {
        let x = [random(&mut generator(), shape) * 3.0];
        let x = x.map(|x| x.mapv(|v| f64::from(v as f32)));
        check(
            shape,
            &x,
            &[],
            |x, _| sigmoid(&x[0]),
            |a| reference::sigmoid(&a[0]),
        );
    }
}

#[test]
fn axes_in_another_order() {
    let cases: [(&[usize], &[usize]); 9] = [
        (&[4, 3], &[1, 0]),
        (&[4, 3], &[0, 1]),
        (&[2, 3, 5], &[0, 2, 1]),
        (&[2, 3, 5], &[1, 2, 0]),
        (&[2, 3, 4, 5], &[0, 2, 3, 1]),
        (&[2, 3, 4, 5], &[0, 3, 2, 1]),
        (&[2, 3, 4, 5], &[3, 0, 1, 2]),
        (&[2, 33, 1, 7], &[1, 3, 2, 0]),
        (&[3, 2, 40, 41], &[0, 1, 3, 2]),
    ];
    for (shape, axes) in cases {
        let x = [spaced(&mut generator(), shape, 10.0)];
        let order = || ndarray::IxDyn(axes);
        check(
            (shape, axes),
            &x,
            &[],
            |x, _| permute(&x[0], axes),
            |a| a[0].clone().permuted_axes(order()),
        );
        // Through what waits to be read before it and reads after it.
        check(
            (shape, axes, "between"),
            &x,
            &[],
            |x, _| relu(&permute(&relu6(&x[0])?, axes)?),
            |a| reference::relu(&reference::relu6(&a[0]).permuted_axes(order())),
        );
    }
}

#[test]
fn parts_of_an_axis() {
    for shape in [&[5, 4][..], &[3, 4, 5], &[3, 4, 5, 6]] {
        for (axis, &size) in shape.iter().enumerate() {
            for (start, length) in [(0, 1), (1, 2), (size - 1, 1), (0, size)] {
                let x = [random(&mut generator(), shape)];
                check(
                    (shape, axis, start, length),
                    &x,
                    &[],
                    |x, _| narrow(&x[0], axis, start, length),
                    |a| {
                        let part = ndarray::Slice::from(start..start + length);
                        a[0].slice_axis(ndarray::Axis(axis), part).to_owned()
                    },
                );
            }
        }
    }
}

#[test]
fn axes_that_there_are_not_are_refused() {
    let x = Value::new(&tensor(&Array::ones(ndarray::IxDyn(&[2, 3, 4])))).unwrap();
    for axes in [&[0, 1][..], &[0, 1, 1], &[0, 1, 3], &[0, 1, 2, 3]] {
        let message = permute(&x, axes).unwrap_err().to_string();
        assert!(message.contains("each of 3 axes once"), "{message}");
    }
    for (axis, start, length) in [
        (3, 0, 1),
        (1, 3, 1),
        (1, 2, 2),
        (1, 0, 0),
        (2, 1, usize::MAX),
    ] {
        let message = narrow(&x, axis, start, length).unwrap_err().to_string();
        assert!(message.contains("[2, 3, 4]"), "{message}");
    }
    let other = Value::new(&tensor(&Array::ones(ndarray::IxDyn(&[2, 4, 3])))).unwrap();
    let message = mul(&x, &other).unwrap_err().to_string();
    assert!(message.contains("[2, 4, 3]"), "{message}");
}

#[test]
fn concatenations() {
    let shapes: [&[&[usize]]; 4] = [
        &[&[2, 3], &[2, 1], &[2, 20]],
        &[&[1, 5, 3, 4]],
        &[&[1, 16, 3, 5], &[1, 3, 3, 5]],
        &[&[2, 7, 4], &[2, 7, 4], &[2, 1, 4]],
    ];
    for parts in shapes {
        let mut rng = generator();
        let xs: Vec<Array> = parts.iter().map(|shape| random(&mut rng, shape)).collect();
        check(
            parts,
            &xs,
            &[],
            |x, _| concat(&x.iter().collect::<Vec<_>>()),
            |a| reference::concat(&a.iter().collect::<Vec<_>>()),
        );
    }
}

#[test]
fn flattened_pictures() {
    for shape in SHAPES {
        let x = [random(&mut generator(), shape)];
        check(
            shape,
            &x,
            &[],
            |x, _| flatten(&x[0]),
            |a| reference::flatten(&a[0]),
        );
    }
}

#[test]
fn resized_pictures() {
    for from in [[8, 8], [7, 8], [5, 3], [1, 6], [1, 1]] {
        for to in [[8, 8], [4, 4], [13, 16], [3, 9], [1, 1], [1, 5]] {
            for align_corners in [false, true] {
                let x = [random(&mut generator(), &[1, 3, from[0], from[1]])];
                check(
                    (from, to, align_corners),
                    &x,
                    &[],
                    |x, _| resize_bilinear(&x[0], to, align_corners),
                    |a| reference::resize_bilinear(&a[0], to, align_corners),
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn norms_of_any_shape(
        (batch, channels) in (2usize..5, 2usize..40),
        (height, width) in (2usize..6, 1usize..6),
        eps in 1e-5..0.1,
    ) {
        norms_agree(&[batch, channels, height, width], eps);
    }

    #[test]
    fn resizes_of_any_shape(
        (batch, channels) in (1usize..3, 2usize..20),
        from in [1usize..9, 1usize..9],
        to in [1usize..12, 1usize..12],
        align_corners: bool,
    ) {
        let x = [random(&mut generator(), &[batch, channels, from[0], from[1]])];
        check(
            (from, to, align_corners),
            &x,
            &[],
            |x, _| resize_bilinear(&x[0], to, align_corners),
            |a| reference::resize_bilinear(&a[0], to, align_corners),
        );
    }
}

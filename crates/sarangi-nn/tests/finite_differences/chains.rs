//! Operations one after the other as networks have them: activations, norms and dropout wait until
//! a filter or a pool reads them, and one value may have several readers.

use sarangi_core::Seed;
use sarangi_nn::{
    CrossEntropy, Geometry2d, Targets, add_relu, avg_pool2d, batch_norm_eval, batch_norm_train,
    concat, conv2d, cross_entropy, dropout, flatten, global_avg_pool2d, linear, max_pool2d, relu,
    relu6, resize_bilinear,
};

use crate::differences::{Array, check, random, tensor};
use crate::pointwise::dropout_factors;
use crate::reference;

const EPS: f64 = 1e-5;
const SAME: Geometry2d = Geometry2d {
    kernel: [3, 3],
    stride: [1, 1],
    padding: [1, 1],
    dilation: [1, 1],
};
const HALVING: Geometry2d = Geometry2d {
    stride: [2, 2],
    ..SAME
};

/// Random values of these shapes, the first for the input.
fn values<const N: usize>(name: &str, shapes: [&[usize]; N]) -> [Array; N] {
    let mut rng = Seed(6).named(name);
    shapes.map(|shape| random(&mut rng, shape))
}

/// The five-channel network's block, on few channels and on enough for vectors and Winograd.
#[test]
fn filter_relu_norm_dropout_filter_pool() {
    for (batch, channels, size) in [(1, 3, [7, 8]), (2, 17, [8, 6])] {
        let filter = [channels, channels, 3, 3];
        let [x, w1, b1, gamma, beta, w2] = values(
            "block",
            [
                &[batch, channels, size[0], size[1]],
                &filter,
                &[channels],
                &[channels],
                &[channels],
                &filter,
            ],
        );
        let factors = dropout_factors(x.shape(), 0.3, Seed(7));
        let pool = Geometry2d::square(2).stride(2);
        check(
            (batch, channels, size),
            &[x],
            &[w1, b1, gamma, beta, w2],
            |x, p| {
                let y = relu(&conv2d(&x[0], &p[0], Some(&p[1]), SAME, 1)?)?;
                let y = batch_norm_train(&y, &p[2], &p[3], EPS)?.0;
                let y = dropout(&y, 0.3, &mut Seed(7).rng(0, 0))?;
                max_pool2d(&conv2d(&y, &p[4], None, SAME, 1)?, pool)
            },
            |a| {
                let y = reference::relu(&reference::conv2d(&a[0], &a[1], Some(&a[2]), SAME, 1));
                let y = reference::batch_norm_train(&y, &a[3], &a[4], EPS) * &factors;
                reference::max_pool2d(&reference::conv2d(&y, &a[5], None, SAME, 1), pool)
            },
        );
    }
}

/// Norm, rectifier and dropout, read by a pool and not by a filter.
#[test]
fn norm_relu_dropout_pool() {
    let [x, gamma, beta] = values("pooled", [&[2, 5, 7, 8], &[5], &[5]]);
    let factors = dropout_factors(x.shape(), 0.4, Seed(8));
    let xs = [x];
    let parameters = [gamma, beta];
    let normed = |a: &[Array]| {
        let y = reference::batch_norm_train(&a[0], &a[1], &a[2], EPS);
        reference::relu(&y) * &factors
    };
    let ours = |x: &[sarangi_nn::Value], p: &[candle_core::Var]| {
        let y = relu(&batch_norm_train(&x[0], &p[0], &p[1], EPS)?.0)?;
        dropout(&y, 0.4, &mut Seed(8).rng(0, 0))
    };
    check("alone", &xs, &parameters, ours, normed);
    check(
        "average",
        &xs,
        &parameters,
        |x, p| avg_pool2d(&ours(x, p)?, HALVING, true),
        |a| reference::avg_pool2d(&normed(a), HALVING, true),
    );
    check(
        "flattened",
        &xs,
        &parameters,
        |x, p| flatten(&ours(x, p)?),
        |a| reference::flatten(&normed(a)),
    );
    check(
        "resized",
        &xs,
        &parameters,
        |x, p| resize_bilinear(&ours(x, p)?, [5, 11], false),
        |a| reference::resize_bilinear(&normed(a), [5, 11], false),
    );
}

/// A residual network's stem: the overlapping pool reads a norm and its rectifier.
#[test]
fn strided_filter_norm_relu_overlapping_pool() {
    let stem = Geometry2d::square(7).stride(2).padding(3);
    for size in [[12, 13], [13, 12]] {
        let [x, w, gamma, beta] = values(
            "stem",
            [&[2, 1, size[0], size[1]], &[6, 1, 7, 7], &[6], &[6]],
        );
        check(
            size,
            &[x],
            &[w, gamma, beta],
            |x, p| {
                let y = conv2d(&x[0], &p[0], None, stem, 1)?;
                let y = relu(&batch_norm_train(&y, &p[1], &p[2], EPS)?.0)?;
                max_pool2d(&y, HALVING)
            },
            |a| {
                let y = reference::conv2d(&a[0], &a[1], None, stem, 1);
                let y = reference::relu(&reference::batch_norm_train(&y, &a[2], &a[3], EPS));
                reference::max_pool2d(&y, HALVING)
            },
        );
    }
}

/// A residual block: its input is read by a filter, by the shortcut's filter and nothing is lost
/// where both ways meet.
#[test]
fn residual_block() {
    let [x, w1, gamma1, beta1, w2, gamma2, beta2, shortcut] = values(
        "residual",
        [
            &[2, 4, 7, 8],
            &[6, 4, 3, 3],
            &[6],
            &[6],
            &[6, 6, 3, 3],
            &[6],
            &[6],
            &[6, 4, 1, 1],
        ],
    );
    let skip = Geometry2d::square(1).stride(2);
    check(
        "residual",
        &[x],
        &[w1, gamma1, beta1, w2, gamma2, beta2, shortcut],
        |x, p| {
            let x = relu(&x[0])?;
            let y = conv2d(&x, &p[0], None, HALVING, 1)?;
            let y = relu(&batch_norm_train(&y, &p[1], &p[2], EPS)?.0)?;
            let y = conv2d(&y, &p[3], None, SAME, 1)?;
            let y = batch_norm_train(&y, &p[4], &p[5], EPS)?.0;
            add_relu(&y, &conv2d(&x, &p[6], None, skip, 1)?)
        },
        |a| {
            let x = reference::relu(&a[0]);
            let y = reference::conv2d(&x, &a[1], None, HALVING, 1);
            let y = reference::relu(&reference::batch_norm_train(&y, &a[2], &a[3], EPS));
            let y = reference::conv2d(&y, &a[4], None, SAME, 1);
            let y = reference::batch_norm_train(&y, &a[5], &a[6], EPS);
            reference::relu(&(y + reference::conv2d(&x, &a[7], None, skip, 1)))
        },
    );
}

/// An inverted residual block whose middle is depthwise, its norms frozen.
#[test]
fn depthwise_block_with_frozen_norms() {
    let [x, widen, gamma, beta, depthwise, mean, narrow] = values(
        "depthwise",
        [
            &[1, 3, 9, 8],
            &[18, 3, 1, 1],
            &[18],
            &[18],
            &[18, 1, 3, 3],
            &[18],
            &[5, 18, 1, 1],
        ],
    );
    let variance = mean.mapv(|m| f64::from((m.abs() + 0.5) as f32));
    let statistics = [&mean, &variance].map(tensor);
    let one = Geometry2d::square(1);
    check(
        "depthwise",
        &[x],
        &[widen, gamma, beta, depthwise, narrow],
        |x, p| {
            let [m, v] = &statistics;
            let y = conv2d(&x[0], &p[0], None, one, 1)?;
            let y = relu6(&batch_norm_eval(&y, &p[1], &p[2], m, v, EPS)?)?;
            let y = conv2d(&y, &p[3], None, HALVING, 18)?;
            let y = relu6(&batch_norm_train(&y, &p[1], &p[2], EPS)?.0)?;
            conv2d(&y, &p[4], None, one, 1)
        },
        |a| {
            let frozen = |c: usize| (mean[[c]], variance[[c]]);
            let y = reference::conv2d(&a[0], &a[1], None, one, 1);
            let y = reference::relu6(&reference::batch_norm_eval(&y, &a[2], &a[3], frozen, EPS));
            let y = reference::conv2d(&y, &a[4], None, HALVING, 18);
            let y = reference::relu6(&reference::batch_norm_train(&y, &a[2], &a[3], EPS));
            reference::conv2d(&y, &a[5], None, one, 1)
        },
    );
}

/// What is already grown is read again beside what is new, as in a dense block; then the head.
#[test]
fn dense_block_and_head() {
    let [x, gamma, beta, grow, weight, bias] = values(
        "head",
        [&[3, 4, 5, 6], &[4], &[4], &[3, 4, 3, 3], &[5, 7], &[5]],
    );
    let labels = [1, 4, 0];
    check(
        "head",
        &[x],
        &[gamma, beta, grow, weight, bias],
        |x, p| {
            let y = relu(&batch_norm_train(&x[0], &p[0], &p[1], EPS)?.0)?;
            let y = concat(&[&y, &conv2d(&y, &p[2], None, SAME, 1)?])?;
            let logits = linear(&global_avg_pool2d(&relu(&y)?)?, &p[3], Some(&p[4]))?;
            cross_entropy(&logits, Targets::Classes(&labels), &CrossEntropy::default())
        },
        |a| {
            let y = reference::relu(&reference::batch_norm_train(&a[0], &a[1], &a[2], EPS));
            let y = reference::concat(&[&y, &reference::conv2d(&y, &a[3], None, SAME, 1)]);
            let pooled = reference::global_avg_pool2d(&reference::relu(&y));
            let log_p = reference::log_softmax(&reference::linear(&pooled, &a[4], Some(&a[5])));
            let of_label = |(item, &label): (usize, &u32)| -log_p[[item, label as usize]];
            let loss = labels.iter().enumerate().map(of_label).sum::<f64>() / 3.0;
            ndarray::arr0(loss).into_dyn()
        },
    );
}

/// Norm after norm and rectifier after dropout: more than can wait, so something is carried out.
#[test]
fn more_steps_than_can_wait() {
    let [x, gamma, beta, w] = values("many", [&[2, 5, 6, 5], &[5], &[5], &[4, 5, 3, 3]]);
    let factors = dropout_factors(x.shape(), 0.25, Seed(9));
    check(
        "many",
        &[x],
        &[gamma, beta, w],
        |x, p| {
            let y = relu(&batch_norm_train(&relu(&x[0])?, &p[0], &p[1], EPS)?.0)?;
            let y = batch_norm_train(&y, &p[0], &p[1], EPS)?.0;
            let y = relu6(&dropout(&y, 0.25, &mut Seed(9).rng(0, 0))?)?;
            conv2d(&y, &p[2], None, SAME, 1)
        },
        |a| {
            let norm = |y: &Array| reference::batch_norm_train(y, &a[1], &a[2], EPS);
            let y = norm(&reference::relu(&norm(&reference::relu(&a[0]))));
            reference::conv2d(&reference::relu6(&(y * &factors)), &a[3], None, SAME, 1)
        },
    );
}

//! Softmax and losses.

use ndarray::{Axis, arr0};
use proptest::prelude::*;
use sarangi_core::Seed;
use sarangi_nn::{
    CrossEntropy, Targets, binary_cross_entropy_with_logits, cross_entropy, focal_loss,
    log_softmax, softmax,
};

use crate::differences::{Array, check, random};
use crate::reference;

const SHAPES: [[usize; 2]; 6] = [[1, 2], [1, 7], [5, 3], [3, 17], [8, 10], [3, 1]];

fn logits([batch, classes]: [usize; 2]) -> [Array; 1] {
    [random(&mut Seed(4).named("logits"), &[batch, classes])]
}

fn classes([batch, classes]: [usize; 2]) -> Vec<u32> {
    (0..batch).map(|i| (i * 3 % classes) as u32).collect()
}

/// Weights that f32 holds, one for each class.
fn weights(classes: usize) -> Vec<f32> {
    (0..classes).map(|k| 0.25 + 0.5 * (k % 4) as f32).collect()
}

fn scalar(loss: f64) -> Array {
    arr0(loss).into_dyn()
}

#[test]
fn softmaxes() {
    for shape in SHAPES {
        let x = logits(shape);
        check(
            shape,
            &x,
            &[],
            |x, _| softmax(&x[0]),
            |a| reference::softmax(&a[0]),
        );
        check(
            shape,
            &x,
            &[],
            |x, _| log_softmax(&x[0]),
            |a| reference::log_softmax(&a[0]),
        );
    }
}

fn cross_entropies_agree(shape: [usize; 2], smoothing: f32, weighted: bool) {
    let [batch, count] = shape;
    let (labels, weights) = (classes(shape), weights(count));
    let settings = CrossEntropy {
        label_smoothing: smoothing,
        class_weights: weighted.then(|| weights.clone()),
    };
    let weight = |class: usize| {
        if weighted {
            f64::from(weights[class])
        } else {
            1.0
        }
    };
    let smoothing = f64::from(smoothing);
    check(
        ("classes", shape, &settings),
        &logits(shape),
        &[],
        |x, _| cross_entropy(&x[0], Targets::Classes(&labels), &settings),
        |a| {
            let log_p = reference::log_softmax(&a[0]);
            let (mut loss, mut total) = (0.0, 0.0);
            for (item, &label) in labels.iter().enumerate() {
                let label = label as usize;
                let all: f64 = (0..count).map(|k| weight(k) * log_p[[item, k]]).sum();
                loss -= (1.0 - smoothing) * weight(label) * log_p[[item, label]];
                loss -= smoothing * all / count as f64;
                total += weight(label);
            }
            scalar(loss / total)
        },
    );

    let mut truth = reference::softmax(&random(&mut Seed(4).named("truth"), &[batch, count]));
    truth.mapv_inplace(|v| f64::from(v as f32));
    let given: Vec<f32> = truth.iter().map(|&v| v as f32).collect();
    check(
        ("probabilities", shape, &settings),
        &logits(shape),
        &[],
        |x, _| cross_entropy(&x[0], Targets::Probabilities(&given), &settings),
        |a| {
            let log_p = reference::log_softmax(&a[0]);
            let losses = log_p.indexed_iter().map(|(at, log_p)| {
                let target = truth[&at] * (1.0 - smoothing) + smoothing / count as f64;
                -weight(at[1]) * target * log_p
            });
            scalar(losses.sum::<f64>() / batch as f64)
        },
    );
}

#[test]
fn cross_entropies() {
    for shape in SHAPES {
        for smoothing in [0.0, 0.125] {
            for weighted in [false, true] {
                cross_entropies_agree(shape, smoothing, weighted);
            }
        }
    }
}

fn focal_losses_agree(shape: [usize; 2], gamma: f32, weighted: bool) {
    let (labels, weights) = (classes(shape), weights(shape[1]));
    check(
        ("focal", shape, gamma, weighted),
        &logits(shape),
        &[],
        |x, _| focal_loss(&x[0], &labels, gamma, weighted.then_some(&weights)),
        |a| {
            let p = reference::softmax(&a[0]);
            let losses = labels.iter().enumerate().map(|(item, &label)| {
                let p = p[[item, label as usize]];
                let weight = if weighted {
                    f64::from(weights[label as usize])
                } else {
                    1.0
                };
                -weight * (1.0 - p).powf(f64::from(gamma)) * p.ln()
            });
            scalar(losses.sum::<f64>() / shape[0] as f64)
        },
    );
}

#[test]
fn focal_losses() {
    // With one class p is 1, where (1 − p)^γ has a kink below γ = 1.
    for shape in SHAPES.into_iter().filter(|[_, classes]| *classes > 1) {
        for gamma in [0.0, 0.5, 1.0, 2.0] {
            for weighted in [false, true] {
                focal_losses_agree(shape, gamma, weighted);
            }
        }
    }
}

fn binary_cross_entropies_agree(shape: [usize; 2], weighted: bool) {
    let weights = weights(shape[1]);
    let mut rng = Seed(4).named("labels");
    let targets: Vec<f32> = (0..shape[0] * shape[1])
        .map(|i| {
            if i % 3 == 0 {
                rng.uniform() as f32
            } else {
                (i % 2) as f32
            }
        })
        .collect();
    let widened = targets.iter().copied().map(f64::from).collect();
    let truth = Array::from_shape_vec(&shape[..], widened).unwrap();
    check(
        ("binary", shape, weighted),
        &logits(shape),
        &[],
        |x, _| {
            let weights = weighted.then_some(weights.as_slice());
            binary_cross_entropy_with_logits(&x[0], &targets, weights)
        },
        |a| {
            let mut loss = 0.0;
            for (item, row) in a[0].axis_iter(Axis(0)).enumerate() {
                for (k, x) in row.iter().enumerate() {
                    let (t, p) = (truth[[item, k]], 1.0 / (1.0 + (-x).exp()));
                    let weight = if weighted { f64::from(weights[k]) } else { 1.0 };
                    loss -= weight * t * p.ln() + (1.0 - t) * (1.0 - p).ln();
                }
            }
            scalar(loss / a[0].len() as f64)
        },
    );
}

#[test]
fn binary_cross_entropies() {
    for shape in SHAPES {
        binary_cross_entropies_agree(shape, false);
        binary_cross_entropies_agree(shape, true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn losses_of_any_shape(
        shape in [1usize..9, 2usize..30],
        smoothing in 0.0f32..1.0,
        gamma in 0.0f32..4.0,
        weighted: bool,
    ) {
        cross_entropies_agree(shape, smoothing, weighted);
        focal_losses_agree(shape, gamma, weighted);
        binary_cross_entropies_agree(shape, weighted);
    }
}

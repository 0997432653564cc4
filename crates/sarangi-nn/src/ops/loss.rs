//! Losses: how far a network's scores are from the truth.

use candle_core::{Device, Tensor};
use sarangi_core::{During, Error, Result};

use super::softmax::{log_softmax_row, rows};
use crate::backward::{Gradient, Node};
use crate::cpu::buffer::Buffer;
use crate::gpu;
use crate::value::{Host, Value, View, pictures, records, untraceable};

/// What a network should have said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Targets<'a> {
    /// The class of each item of the batch.
    Classes(&'a [u32]),
    /// The probability of each class for each item, (batch, classes) in rows: what mixing two items
    /// gives.
    Probabilities(&'a [f32]),
}

/// The settings of [`cross_entropy`]; the default is torch's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    /// The share of each target that is spread over all classes, in [0, 1].
    pub label_smoothing: f32,
    /// How much each class counts, if not all alike.
    pub class_weights: Option<Vec<f32>>,
}

/// The mean over the batch of −Σₖ qₖ log softmax(logits)ₖ, where q is the target;
/// `torch.nn.functional.cross_entropy`. With class weights and classes as targets it is the
/// weighted mean, as there.
///
/// Log probabilities may be given for logits; the result is the same.
///
/// # Shapes
/// `logits` (batch, classes), one target for each row; the result is a scalar.
///
/// # Errors
/// [`Error::Shape`] if these do not fit, [`Error::Config`] for a smoothing outside [0, 1] or a
/// weight that is not finite or negative, [`Error::Data`] for a class that there is not,
/// [`Error::Backend`] if the device fails.
pub fn cross_entropy(
    logits: &Value,
    targets: Targets<'_>,
    settings: &CrossEntropy,
) -> Result<Value> {
    const OP: &str = "cross_entropy";
    let [batch, classes] = rows(logits, OP)?;
    let (smoothing, weights) = (settings.label_smoothing, settings.class_weights.as_deref());
    if !(0.0..=1.0).contains(&smoothing) {
        let reason = format!("must be in [0, 1], got {smoothing}");
        return Err(Error::config(OP, "label_smoothing", reason));
    }
    let weights = class_weights(OP, weights, classes)?;
    let mut shares = shares(OP, targets, batch, classes)?;
    let mut total = 0.0f64;
    for row in shares.chunks_exact_mut(classes) {
        if let Targets::Classes(_) = targets {
            total += row
                .iter()
                .zip(&weights)
                .map(|(q, w)| f64::from(q * w))
                .sum::<f64>();
        }
        for (q, w) in row.iter_mut().zip(&weights) {
            *q = w * (*q * (1.0 - smoothing) + smoothing / classes as f32);
        }
    }
    if let Targets::Probabilities(_) = targets {
        total = batch as f64;
    }
    shares.iter_mut().for_each(|q| *q /= total as f32);
    by_row(logits, OP, &shares, |logits, q| {
        log_softmax_row(logits);
        // What nothing is asked of adds nothing, even if its logarithm is −∞.
        let asked = logits.iter().zip(q).filter(|(_, q)| **q != 0.0);
        let loss = -asked.map(|(l, q)| f64::from(l * q)).sum::<f64>();
        let sum: f32 = q.iter().sum();
        logits
            .iter_mut()
            .zip(q)
            .for_each(|(l, q)| *l = l.exp() * sum - q);
        loss
    })
}

/// The mean over the batch of −(1 − p)^γ log p, where p is the probability given to the right
/// class: easy items count little (Lin et al. 2017, for one class of many). γ = 0 is cross-entropy.
///
/// # Shapes
/// `logits` (batch, classes), `targets` (batch); the result is a scalar.
///
/// # Errors
/// As [`cross_entropy`], with [`Error::Config`] for a γ that is negative or not finite.
pub fn focal_loss(
    logits: &Value,
    targets: &[u32],
    gamma: f32,
    class_weights: Option<&[f32]>,
) -> Result<Value> {
    const OP: &str = "focal_loss";
    let [batch, classes] = rows(logits, OP)?;
    if !(gamma >= 0.0 && gamma.is_finite()) {
        let reason = format!("must be at least 0 and finite, got {gamma}");
        return Err(Error::config(OP, "gamma", reason));
    }
    let weights = self::class_weights(OP, class_weights, classes)?;
    let mut shares = shares(OP, Targets::Classes(targets), batch, classes)?;
    for row in shares.chunks_exact_mut(classes) {
        let scaled = row.iter_mut().zip(&weights);
        scaled.for_each(|(q, w)| *q *= w / batch as f32);
    }
    by_row(logits, OP, &shares, move |logits, q| {
        log_softmax_row(logits);
        let right = q.iter().zip(&*logits).find(|(q, _)| **q != 0.0);
        let Some((weight, log_p)) = right.map(|(q, l)| (f64::from(*q), f64::from(*l))) else {
            logits.fill(0.0);
            return 0.0;
        };
        let (gamma, p) = (f64::from(gamma), log_p.exp());
        let easy = (-log_p.exp_m1()).max(0.0);
        // d/d log p of −w (1 − p)^γ log p
        let bent = match gamma {
            0.0 => 0.0,
            _ if easy == 0.0 => 0.0,
            _ => gamma * easy.powf(gamma - 1.0) * p * log_p,
        };
        let slope = weight * (bent - easy.powf(gamma));
        for (l, q) in logits.iter_mut().zip(q) {
            let one = if *q != 0.0 { 1.0 } else { 0.0 };
            *l = (slope * (one - f64::from(*l).exp())) as f32;
        }
        -weight * easy.powf(gamma) * log_p
    })
}

/// The mean over all values of −(w·t·log σ(x) + (1 − t)·log(1 − σ(x))), for labels that do not
/// exclude each other; `torch.nn.functional.binary_cross_entropy_with_logits`. `pos_weight` is w,
/// one number for each class.
///
/// # Shapes
/// `logits` (batch, classes), `targets` (batch, classes) in rows, in [0, 1]; the result is a scalar.
///
/// # Errors
/// As [`cross_entropy`].
pub fn binary_cross_entropy_with_logits(
    logits: &Value,
    targets: &[f32],
    pos_weight: Option<&[f32]>,
) -> Result<Value> {
    const OP: &str = "binary_cross_entropy_with_logits";
    let [batch, classes] = rows(logits, OP)?;
    let weights = class_weights(OP, pos_weight, classes)?;
    let targets = shares(OP, Targets::Probabilities(targets), batch, classes)?;
    let count = (batch * classes) as f64;
    by_row(logits, OP, &targets, move |logits, targets| {
        let mut loss = 0.0;
        for ((x, &t), &w) in logits.iter_mut().zip(targets).zip(&weights) {
            let (value, t, w) = (f64::from(*x), f64::from(t), f64::from(w));
            // log σ(x) = −softplus(−x), which never overflows in this form
            let softplus = (-value.abs()).exp().ln_1p() + (-value).max(0.0);
            let bent = 1.0 + (w - 1.0) * t;
            loss += (1.0 - t) * value + bent * softplus;
            *x = (((1.0 - t) - bent / (1.0 + value.exp())) / count) as f32;
        }
        loss / count
    })
}

/// The weights of the classes, 1 where none are given.
fn class_weights(op: &'static str, weights: Option<&[f32]>, classes: usize) -> Result<Vec<f32>> {
    let Some(weights) = weights else {
        return Ok(vec![1.0; classes]);
    };
    if weights.len() != classes {
        let (expected, got) = (format!("{classes} class weights"), weights.len());
        return Err(Error::shape(op, expected, got));
    }
    match weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
        Some(wrong) => {
            let reason = format!("must be at least 0 and finite, got {wrong}");
            Err(Error::config(op, "class_weights", reason))
        }
        None => Ok(weights.to_vec()),
    }
}

/// The targets as probabilities in rows.
fn shares(
    op: &'static str,
    targets: Targets<'_>,
    batch: usize,
    classes: usize,
) -> Result<Vec<f32>> {
    let (expected, got) = match targets {
        Targets::Classes(labels) => (batch, labels.len()),
        Targets::Probabilities(values) => (batch * classes, values.len()),
    };
    if expected != got {
        return Err(Error::shape(op, format!("{expected} targets"), got));
    }
    match targets {
        Targets::Probabilities(values) => Ok(values.to_vec()),
        Targets::Classes(labels) => {
            let mut shares = vec![0.0; batch * classes];
            for (row, &label) in shares.chunks_exact_mut(classes.max(1)).zip(labels) {
                let Some(share) = row.get_mut(label as usize) else {
                    let reason = format!("class {label} of {classes}; classes count from 0");
                    return Err(Error::data(op, reason));
                };
                *share = 1.0;
            }
            Ok(shares)
        }
    }
}

/// A loss that is a sum over rows: `row` turns a row of logits into its gradient and returns what
/// it adds to the loss.
fn by_row(
    logits: &Value,
    op: &'static str,
    targets: &[f32],
    mut row: impl FnMut(&mut [f32], &[f32]) -> f64,
) -> Result<Value> {
    let dims = logits.dims().to_vec();
    let classes = dims.last().copied().unwrap_or(1).max(1);
    let mut each = |values: &mut [f32]| -> f32 {
        let rows = values
            .chunks_exact_mut(classes)
            .zip(targets.chunks_exact(classes));
        rows.map(|(values, targets)| row(values, targets))
            .sum::<f64>() as f32
    };
    match logits.view() {
        View::Host(xs) => {
            let of = xs.of();
            let mut gradient = Buffer::stale(of.len());
            gradient.copy_from_slice(&xs.stored());
            let mut loss = Buffer::stale(1);
            loss[0] = each(&mut gradient);
            let parent = xs.node().filter(|_| records(&[xs], [])).cloned();
            let node = parent.map(|parent| {
                Node::new(move |dy, flow| {
                    let scale = dy.into_stored()[0];
                    gradient.iter_mut().for_each(|g| *g *= scale);
                    flow.give(&parent, Gradient::stored(of, gradient));
                    Ok(())
                })
            });
            let scalar = pictures(&[]);
            Ok(Value::host(Host::result(
                Vec::new(),
                scalar,
                loss,
                xs.tracked(),
                node,
            )))
        }
        View::Gpu(xs) => gpu::loss_by_row(xs, op, each).map(Value::gpu),
        View::Device(xs) => (|| {
            // The gradient is known already: a loss that is linear in the logits around this
            // point, with the right value and the right slope, serves as the loss.
            let mut gradient = xs.detach().flatten_all()?.to_vec1::<f32>()?;
            let loss = each(&mut gradient);
            let slope = Tensor::from_vec(gradient, dims, &Device::Cpu)?.to_device(xs.device())?;
            let linear = (xs * slope)?.sum_all()?;
            let offset = (linear.detach().to_scalar::<f32>()? - loss) as f64;
            linear - offset
        })()
        .map(Value::device)
        .during(op),
        View::Traced(_) => Err(untraceable(op)),
    }
}

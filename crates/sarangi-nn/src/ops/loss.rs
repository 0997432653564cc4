//! Class scores, probabilities and the loss between them and the truth.

use candle_core::{D, DType, Tensor};
use sarangi_core::{During, Error, Result};

/// The logarithm of the softmax over the last axis, `torch.nn.functional.log_softmax(dim=-1)`.
///
/// # Shapes
/// (…, classes) → (…, classes).
///
/// # Errors
/// [`Error::Backend`] if the device fails.
pub fn log_softmax(logits: &Tensor) -> Result<Tensor> {
    candle_nn::ops::log_softmax(logits, D::Minus1).during("log_softmax")
}

/// The softmax over the last axis: probabilities, `torch.nn.functional.softmax(dim=-1)`.
///
/// # Shapes
/// (…, classes) → (…, classes).
///
/// # Errors
/// [`Error::Backend`] if the device fails.
pub fn softmax(logits: &Tensor) -> Result<Tensor> {
    candle_nn::ops::softmax(logits, D::Minus1).during("softmax")
}

/// The mean over the batch of −log softmax(logits)\[target\], `torch.nn.functional.cross_entropy`.
///
/// Log probabilities may be given for logits; the result is the same.
///
/// # Shapes
/// `logits` (batch, classes), `targets` (batch) of type u32; the result is a scalar.
///
/// # Errors
/// [`Error::Shape`] if these do not fit, [`Error::Backend`] if a target is not below the number of
/// classes or the device fails.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    const OP: &str = "cross_entropy";
    let (&[batch, _], &[length]) = (logits.dims(), targets.dims()) else {
        let got = format!("{:?} and {:?}", logits.shape(), targets.shape());
        return Err(Error::shape(
            OP,
            "logits (batch, classes) and targets (batch)",
            got,
        ));
    };
    if batch != length || targets.dtype() != DType::U32 {
        let got = format!("{length} targets of type {}", targets.dtype().as_str());
        return Err(Error::shape(
            OP,
            format!("{batch} targets of type u32"),
            got,
        ));
    }
    let log_probabilities = log_softmax(logits)?;
    targets
        .unsqueeze(1)
        .and_then(|targets| log_probabilities.gather(&targets, 1))
        .and_then(|picked| picked.mean_all())
        .and_then(|mean| mean.neg())
        .during(OP)
}

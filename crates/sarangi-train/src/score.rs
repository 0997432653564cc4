//! A network's answers to chunks of known class.

use candle_core::Device;
use ndarray::Ix2;
use sarangi_core::{Dataset, Error, IntoTensor, Result, TensorExt};
use sarangi_data::{BatchSpec, Chunks, Corpus, Normalisation, for_each_batch};
use sarangi_eval::{Prediction, Predictions};
use sarangi_nn::{Mode, Model, Value, log_softmax};

/// Chunks in a batch when nothing is learned; it does not change the answers.
pub(crate) const BATCH: usize = 64;

/// The mean cross-entropy of a network on chunks, and the probabilities that it gives each.
///
/// # Errors
/// Whatever keeps a chunk from being read or the network from running.
pub fn score(
    network: &dyn Model,
    device: &Device,
    corpus: &Corpus,
    chunks: &Chunks<'_>,
    normalisation: &Normalisation,
) -> Result<(f64, Predictions)> {
    let order: Vec<usize> = (0..chunks.len()).collect();
    let mut loss = 0.0f64;
    let mut predictions = Vec::with_capacity(order.len());
    let spec = BatchSpec {
        size: BATCH,
        normalisation,
        augment: None,
        ahead: 2,
    };
    for_each_batch(chunks, &order, spec, |batch| {
        let xs = Value::new(&batch.features.into_tensor(device)?)?;
        let logits = network.forward(&xs, Mode::Eval)?;
        log_softmax(&logits)?
            .tensor()?
            .with_array::<Ix2, _>(|rows| {
                for ((row, &label), item) in rows.outer_iter().zip(&batch.labels).zip(&batch.items)
                {
                    loss -= f64::from(row[label as usize]);
                    predictions.push(Prediction {
                        track: corpus.tracks[item.track].path.clone(),
                        truth: label as usize,
                        probabilities: row.iter().map(|p| p.exp()).collect(),
                    });
                }
            })
    })?;
    let mean = loss / predictions.len().max(1) as f64;
    if !mean.is_finite() {
        let reason = format!(
            "the network's loss on it is {mean}; if it was just trained, lower `training.optimiser.lr`"
        );
        return Err(Error::data(&corpus.root, reason));
    }
    Ok((mean, Predictions::new(corpus.labels.clone(), predictions)?))
}

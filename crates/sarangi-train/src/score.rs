//! A network's answers to chunks of known class.

use candle_core::Device;
use ndarray::Ix2;
use sarangi_core::{Alone, Communicator, Dataset, Error, IntoTensor, Result, TensorExt};
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
    score_among(&Alone, network, device, corpus, chunks, normalisation)
}

/// As [`score`], each rank asking the network about a part of the chunks; all know all answers when it
/// returns. Ranks take whole batches, so that the answers have the same bits on any number of them.
pub(crate) fn score_among(
    ranks: &dyn Communicator,
    network: &dyn Model,
    device: &Device,
    corpus: &Corpus,
    chunks: &Chunks<'_>,
    normalisation: &Normalisation,
) -> Result<(f64, Predictions)> {
    let batches = ranks.shard().range(chunks.len().div_ceil(BATCH));
    let own = batches.start * BATCH..(batches.end * BATCH).min(chunks.len());
    let order: Vec<usize> = own.clone().collect();
    let classes = corpus.labels.len();
    let mut logarithms = vec![0.0f32; chunks.len() * classes];
    let mut place = own.start * classes;
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
                for (own, &value) in logarithms[place..].iter_mut().zip(rows) {
                    *own = value;
                }
                place += rows.len();
            })
    })?;
    // Everybody else has zeros there.
    ranks.all_reduce_sum(&mut logarithms)?;
    let mut loss = 0.0f64;
    let mut predictions = Vec::with_capacity(chunks.len());
    let rows = logarithms.chunks_exact(classes.max(1));
    for ((row, item), truth) in rows.zip(chunks.items()).zip(chunks.labels()) {
        loss -= f64::from(row[truth]);
        predictions.push(Prediction {
            track: corpus.tracks[item.track].path.clone(),
            truth,
            probabilities: row.iter().map(|p| p.exp()).collect(),
        });
    }
    let mean = loss / predictions.len().max(1) as f64;
    if !mean.is_finite() {
        let reason = format!(
            "the network's loss on it is {mean}; if it was just trained, lower `training.optimiser.lr`"
        );
        return Err(Error::data(&corpus.root, reason));
    }
    Ok((mean, Predictions::new(corpus.labels.clone(), predictions)?))
}

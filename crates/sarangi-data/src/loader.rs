//! Batches, read ahead of the network.

use std::sync::mpsc::sync_channel;
use std::thread;

use ndarray::{Array2, Array4, ArrayView1, Axis};
use rayon::prelude::*;
use sarangi_core::{Dataset, Error, Result, Rng, Shard};

use crate::{BatchAugment, Example, Item, Normalisation};

/// Some examples side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Their normalised features, (batch, channels, bins, frames).
    pub features: Array4<f32>,
    /// Their classes.
    pub labels: Vec<u32>,
    /// How much of each class they are where they were mixed, (batch, classes).
    pub probabilities: Option<Array2<f32>>,
    /// Where they come from.
    pub items: Vec<Item>,
    /// Which part of a batch that several ranks share they are.
    pub place: Place,
}

/// Which part of a batch some examples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first of them, by its place in the batch.
    pub first: usize,
    /// Examples of the batch.
    pub of: usize,
    /// Whether none of the batch is left for this rank. The one example here is then another rank's
    /// and is to count nothing.
    pub stands_in: bool,
}

impl Batch {
    /// The class that each example is most of: its own, unless it was mixed with more of another.
    pub fn main_labels(&self) -> Vec<u32> {
        let Some(shares) = &self.probabilities else {
            return self.labels.clone();
        };
        let most = |row: ArrayView1<'_, f32>| {
            let classes = 0..row.len();
            classes.reduce(|best, class| if row[class] > row[best] { class } else { best })
        };
        let rows = shares.outer_iter().zip(&self.labels);
        rows.map(|(row, &own)| most(row).map_or(own, |class| class as u32))
            .collect()
    }
}

/// How batches are made.
#[derive(Clone, Copy, Debug)]
pub struct BatchSpec<'a> {
    /// Examples in a batch; the last one may be smaller.
    pub size: usize,
    /// What is done to the features.
    pub normalisation: &'a Normalisation,
    /// What is done to the normalised batch, if anything is.
    pub augment: Option<BatchAugment<'a>>,
    /// How many finished batches may wait for the network: the bound on memory.
    pub ahead: usize,
}

/// The numbers 0 … `count` − 1 in random order.
pub fn shuffled(count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut order);
    order
}

/// Calls `use_batch` for each batch of the examples `order`, in that order, while a thread reads
/// the next ones (its reads spread over all threads). The order of batches and their content never
/// depend on the number of threads.
///
/// # Errors
/// The first error of reading or of `use_batch`; both then stop.
pub fn for_each_batch(
    examples: &impl Dataset<Item = Example>,
    order: &[usize],
    spec: BatchSpec<'_>,
    use_batch: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    for_each_share(examples, order, spec, Shard::WHOLE, use_batch)
}

/// As [`for_each_batch`], but for one rank's share of each batch; of the others' examples only those
/// are read that some of its own are mixed with. Put together, the shares are the batch, to the bit.
///
/// # Errors
/// As [`for_each_batch`].
pub fn for_each_share(
    examples: &impl Dataset<Item = Example>,
    order: &[usize],
    spec: BatchSpec<'_>,
    shard: Shard,
    mut use_batch: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    if spec.size == 0 {
        return Err(Error::config(
            "training",
            "batch_size",
            "must be at least 1, got 0",
        ));
    }
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(spec.ahead);
        scope.spawn(move || {
            for (number, indices) in order.chunks(spec.size).enumerate() {
                let batch = read_share(examples, indices, shard, spec, number * spec.size);
                let failed = batch.is_err();
                // Nobody listens any more once `use_batch` has failed.
                if sender.send(batch).is_err() || failed {
                    return;
                }
            }
        });
        // Dropping the receiver on the way out is what ends the reader after an error.
        let receiver = receiver;
        receiver.iter().try_for_each(|batch| use_batch(batch?))
    })
}

/// One rank's share of the batch of the examples `indices`, the first of which is the epoch's example
/// `first`.
fn read_share(
    examples: &impl Dataset<Item = Example>,
    indices: &[usize],
    shard: Shard,
    spec: BatchSpec<'_>,
    first: usize,
) -> Result<Batch> {
    let mut own = shard.range(indices.len());
    let stands_in = own.is_empty();
    if stands_in {
        own = 0..1;
    }
    let batch = Batch {
        place: Place {
            first: own.start,
            of: indices.len(),
            stands_in,
        },
        ..read_batch(examples, &indices[own], spec.normalisation)?
    };
    let Some(augment) = spec.augment else {
        return Ok(batch);
    };
    augment.apply_to_share(first, batch, |places| {
        let others: Vec<usize> = places.iter().map(|&place| indices[place]).collect();
        read_batch(examples, &others, spec.normalisation)
    })
}

fn read_batch(
    examples: &impl Dataset<Item = Example>,
    indices: &[usize],
    normalisation: &Normalisation,
) -> Result<Batch> {
    let examples: Vec<Example> = indices
        .par_iter()
        .map(|&index| examples.get(index))
        .collect::<Result<_>>()?;
    let maps: Vec<_> = examples
        .iter()
        .map(|example| example.features.view())
        .collect();
    let mut features = ndarray::stack(Axis(0), &maps)
        .map_err(|e| Error::shape("batch", "examples of one shape", e))?;
    normalisation.apply(features.view_mut())?;
    Ok(Batch {
        features,
        labels: examples
            .iter()
            .map(|example| example.label as u32)
            .collect(),
        probabilities: None,
        items: examples.iter().map(|example| example.item).collect(),
        place: Place {
            first: 0,
            of: indices.len(),
            stands_in: false,
        },
    })
}

//! Batches that are changed once they are read.

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use sarangi_augment::Policy;
use sarangi_core::{Augment as _, Result, Seed};

use crate::Batch;

/// What a [`Policy`] does to the batches of an epoch: to the features of each example, and to the
/// examples with one another.
///
/// What is drawn depends on the seed, the epoch and the place in the epoch alone.
#[derive(Clone, Copy, Debug)]
pub struct BatchAugment<'a> {
    /// What is done.
    pub policy: &'a Policy,
    /// How many classes there are.
    pub classes: usize,
    /// What is drawn from.
    pub seed: Seed,
    /// The epoch.
    pub epoch: u64,
}

impl BatchAugment<'_> {
    /// Changes the batch whose first example is the epoch's example `first`.
    ///
    /// # Errors
    /// What a transform cannot accept, as an [`Error`](sarangi_core::Error) that says why.
    pub fn apply(&self, first: usize, mut batch: Batch) -> Result<Batch> {
        if let Some(features) = self.policy.features() {
            let seed = self.seed.child("features");
            let mut maps: Vec<_> = batch.features.outer_iter_mut().collect();
            maps.par_iter_mut().enumerate().try_for_each(|(i, map)| {
                let rng = &mut seed.rng(self.epoch, (first + i) as u64);
                let changed = features.augment(map.to_owned(), rng)?;
                map.assign(&changed);
                Ok(())
            })?;
        }
        if let Some(mixer) = self.policy.mixer() {
            let mut labels = Array2::zeros((batch.labels.len(), self.classes));
            for (mut row, &label) in labels.axis_iter_mut(Axis(0)).zip(&batch.labels) {
                row[label as usize] = 1.0;
            }
            let rng = &mut self.seed.child("mix").rng(self.epoch, first as u64);
            let (features, labels, _) = mixer.mix(batch.features, labels, rng)?;
            batch.features = features;
            batch.probabilities = Some(labels);
        }
        Ok(batch)
    }
}

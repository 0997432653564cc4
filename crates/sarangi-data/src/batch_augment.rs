//! Batches that are changed once they are read.

use std::ops::Range;

use ndarray::{Array2, Array4, Axis, concatenate};
use rayon::prelude::*;
use sarangi_augment::{MixDrawn, Policy};
use sarangi_core::{Augment as _, Error, Result, Seed};

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
    pub fn apply(&self, first: usize, batch: Batch) -> Result<Batch> {
        let none = |_: &[usize]| -> Result<Batch> {
            Err(Error::shape("mix", "a whole batch", "a part of one"))
        };
        self.apply_to_share(first, batch, none)
    }

    /// Changes one rank's share of the batch whose first example is the epoch's example `first` as the
    /// whole batch would be changed. `read` reads those examples of the batch, by their places in it,
    /// that some of the share are mixed with.
    pub(crate) fn apply_to_share(
        &self,
        first: usize,
        mut batch: Batch,
        read: impl Fn(&[usize]) -> Result<Batch>,
    ) -> Result<Batch> {
        let place = batch.place;
        let own = place.first..place.first + batch.labels.len();
        self.change(first, own.clone(), &mut batch.features)?;
        let Some(mixer) = self.policy.mixer() else {
            return Ok(batch);
        };
        let labels = self.one_hot(&batch.labels);
        let (_, channels, bins, frames) = batch.features.dim();
        let rng = &mut self.seed.child("mix").rng(self.epoch, first as u64);
        let drawn = mixer.draw([place.of, channels, bins, frames], rng);
        let (features, labels) = if own.len() == place.of {
            drawn.apply(batch.features, labels)?
        } else if drawn.lambda == 1.0 {
            (batch.features, labels)
        } else {
            let others = self.partners(first, own, &drawn, &batch.features, &labels, read)?;
            drawn.apply_with((batch.features, labels), (&others.0, &others.1))?
        };
        batch.features = features;
        batch.probabilities = Some(labels);
        Ok(batch)
    }

    /// The examples that those at the places `own` of a batch are mixed with, and their labels.
    fn partners(
        &self,
        first: usize,
        own: Range<usize>,
        drawn: &MixDrawn,
        features: &Array4<f32>,
        labels: &Array2<f32>,
        read: impl Fn(&[usize]) -> Result<Batch>,
    ) -> Result<(Array4<f32>, Array2<f32>)> {
        let partners = own.clone().map(|place| drawn.permutation[place]);
        let missing: Vec<usize> = partners
            .clone()
            .filter(|place| !own.contains(place))
            .collect();
        let shape = |e| Error::shape("mix", "examples of one shape", e);
        let (features, labels) = match &missing[..] {
            [] => (features.clone(), labels.clone()),
            _ => {
                let mut more = read(&missing)?;
                self.change(first, missing.iter().copied(), &mut more.features)?;
                let more_labels = self.one_hot(&more.labels);
                (
                    concatenate(Axis(0), &[features.view(), more.features.view()])
                        .map_err(shape)?,
                    concatenate(Axis(0), &[labels.view(), more_labels.view()]).map_err(shape)?,
                )
            }
        };
        // A permutation names each once, so that those that were read follow in their order.
        let mut next = own.len();
        let rows: Vec<usize> = partners
            .map(|place| match own.contains(&place) {
                true => place - own.start,
                false => {
                    next += 1;
                    next - 1
                }
            })
            .collect();
        Ok((
            features.select(Axis(0), &rows),
            labels.select(Axis(0), &rows),
        ))
    }

    /// Changes the features of the examples at these places of a batch.
    fn change(
        &self,
        first: usize,
        places: impl IntoIterator<Item = usize>,
        features: &mut Array4<f32>,
    ) -> Result<()> {
        let Some(change) = self.policy.features() else {
            return Ok(());
        };
        let seed = self.seed.child("features");
        let maps: Vec<_> = features.outer_iter_mut().zip(places).collect();
        maps.into_par_iter().try_for_each(|(mut map, place)| {
            let rng = &mut seed.rng(self.epoch, (first + place) as u64);
            let changed = change.augment(map.to_owned(), rng)?;
            map.assign(&changed);
            Ok(())
        })
    }

    fn one_hot(&self, labels: &[u32]) -> Array2<f32> {
        let mut shares = Array2::zeros((labels.len(), self.classes));
        for (mut row, &label) in shares.axis_iter_mut(Axis(0)).zip(labels) {
            row[label as usize] = 1.0;
        }
        shares
    }
}

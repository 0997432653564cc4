//! Planned augmentation.

use sarangi_core::{Augment, Result, Rng};

use crate::change::{Family, Node};

/// Planned augmentation of one kind of example; built from a specification such as
/// [`WaveformAugmentation`](crate::WaveformAugmentation).
///
/// Immutable, for any thread. The same example and the same state of the generator give the same
/// bits.
#[derive(Debug)]
pub struct Augmenter<F: Family> {
    node: Node<F>,
    context: F::Context,
}

impl<F: Family> Augmenter<F> {
    pub(crate) fn new(spec: &F, context: F::Context) -> Result<Self> {
        let node = spec.plan(context)?;
        Ok(Self { node, context })
    }

    /// Changes one example, and says what was applied: transforms whose parameters are all numbers,
    /// in order.
    ///
    /// They are a record that can be stored: [`Compose`](crate::Compose) of them does the same again.
    ///
    /// # Errors
    /// What a transform cannot accept, as an [`Error`](sarangi_core::Error) that says why.
    pub fn augment_logged(&self, item: F::Item, rng: &mut Rng) -> Result<(F::Item, Vec<F>)> {
        F::check(self.context, &item)?;
        let mut log = Vec::new();
        let item = self.node.run(item, rng, &mut log)?;
        Ok((item, log))
    }
}

impl<F: Family> Augment<F::Item> for Augmenter<F> {
    fn augment(&self, item: F::Item, rng: &mut Rng) -> Result<F::Item> {
        Ok(self.augment_logged(item, rng)?.0)
    }
}

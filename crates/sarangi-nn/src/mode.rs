//! Training or evaluation.

use sarangi_core::Rng;

use crate::Share;

/// How a network runs: dropout and batch norm differ between training and evaluation.
#[derive(Debug)]
pub enum Mode<'a> {
    /// Dropout off, batch norm by its running statistics.
    Eval,
    /// Dropout on, drawn from the generator; batch norm by the batch, running statistics updated.
    Train(&'a mut Rng),
    /// As `Train`, on one rank's share of a batch that several train on together.
    TrainShare(&'a mut Rng, &'a Share),
}

impl Mode<'_> {
    /// Whether this is training.
    pub fn is_train(&self) -> bool {
        !matches!(self, Self::Eval)
    }

    /// The same mode for one layer, so that a network can hand it to the next one too.
    pub fn reborrow(&mut self) -> Mode<'_> {
        match self {
            Self::Eval => Mode::Eval,
            Self::Train(rng) => Mode::Train(rng),
            Self::TrainShare(rng, share) => Mode::TrainShare(rng, share),
        }
    }
}

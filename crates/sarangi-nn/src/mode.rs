//! Training or evaluation.

use sarangi_core::Rng;

/// How a network runs: dropout and batch norm differ between training and evaluation.
#[derive(Debug)]
pub enum Mode<'a> {
    /// Dropout off, batch norm by its running statistics.
    Eval,
    /// Dropout on, drawn from the generator; batch norm by the batch, running statistics updated.
    Train(&'a mut Rng),
}

impl Mode<'_> {
    /// Whether this is training.
    pub fn is_train(&self) -> bool {
        matches!(self, Self::Train(_))
    }

    /// The same mode for one layer, so that a network can hand it to the next one too.
    pub fn reborrow(&mut self) -> Mode<'_> {
        match self {
            Self::Eval => Mode::Eval,
            Self::Train(rng) => Mode::Train(rng),
        }
    }
}

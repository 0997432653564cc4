//! Features as Kaldi computes them, which speech models were trained on.

pub(crate) mod fbank;
pub(crate) mod frames;
pub(crate) mod mfcc;

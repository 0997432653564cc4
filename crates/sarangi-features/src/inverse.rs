//! From features back to sounds.

pub(crate) mod griffin_lim;
pub(crate) mod mel;
pub(crate) mod mfcc;
mod nonnegative;

//! Fundamental frequencies.

pub(crate) mod beta;
pub(crate) mod candidates;
pub(crate) mod difference;
pub(crate) mod pyin;
pub(crate) mod yin;

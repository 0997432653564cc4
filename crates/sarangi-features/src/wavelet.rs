//! Wavelets.

mod band;
pub(crate) mod cwt;
pub(crate) mod cwt_spec;
pub(crate) mod scalogram;
pub(crate) mod shape;

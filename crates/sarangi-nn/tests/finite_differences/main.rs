//! Every operation against itself in f64: its result against plain loops, its gradients against
//! central differences of those loops.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chains;
mod convolution;
mod differences;
mod losses;
mod pointwise;
mod pooling;
mod reference;

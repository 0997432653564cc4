#![doc = include_str!("../README.md")]
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test support: every failure is meant to fail the test that called it"
)]

#[cfg(feature = "candle")]
mod devices;
mod golden;
mod paths;

#[cfg(feature = "candle")]
pub use devices::devices;
pub use golden::{Golden, assert_close, goldens};
pub use paths::{data, fixture};

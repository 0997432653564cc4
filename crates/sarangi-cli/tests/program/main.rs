//! The program as its users run it.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod augment;
mod broken;
mod check;
mod export;
mod extract;
mod folds;
mod forward;
mod predicting;
mod prepare;
mod prepare_data;
mod recipes;
mod resuming;
mod sharing;
mod support;
mod training;
mod usage;

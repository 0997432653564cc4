#![doc = include_str!("../README.md")]

mod launch;
mod threads;

pub use launch::{Launch, join};
pub use threads::Threads;

#![doc = include_str!("../README.md")]

mod launch;
mod threads;

#[cfg(feature = "mpi")]
mod mpi;

pub use launch::{Launch, join};
pub use threads::Threads;

#[cfg(feature = "mpi")]
pub use mpi::Mpi;

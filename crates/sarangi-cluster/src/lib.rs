#![doc = include_str!("../README.md")]

mod launch;
mod threads;

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
mod nccl;

pub use launch::{Launch, join};
pub use threads::Threads;

#[cfg(feature = "mpi")]
pub use mpi::Mpi;

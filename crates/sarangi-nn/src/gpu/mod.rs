//! The engine of GPUs: values that stay in the GPU's memory, channels last, and a way back of their
//! own. Kernels are compiled for the GPU when they are first used; products of matrices are the
//! tensor library's, convolutions cuDNN's where it is built in.
//!
//! The engine is made of launches of kernels and of tensors, whatever device these are on: the tests
//! run it on the CPU, with the same kernels compiled for it, and hold it against the CPU's engine.

mod conv2d;
mod device;
#[cfg(test)]
pub(crate) mod emulator;
mod launch;
mod layout;
mod linear;
mod norm;
mod optimiser;
mod parcel;
mod pointwise;
mod pool;
mod resident;
mod rows;
#[cfg(test)]
mod tests;
mod through_candle;

use candle_core::{Tensor, TensorId};
use sarangi_core::{Communicator, During, Result};

use crate::backward::Engine;
pub(crate) use conv2d::conv2d;
pub use device::allow_tf32;
pub(crate) use device::serves;
pub(crate) use layout::{concat, flatten, narrow, permute};
pub(crate) use linear::linear;
pub(crate) use norm::{batch_norm_eval, batch_norm_train};
pub(crate) use optimiser::{adam, sgd};
pub(crate) use parcel::Parcel;
pub(crate) use pointwise::{add, clamp, dropout, mul, mul_scalar, sigmoid};
pub(crate) use pool::{average_pool, max_pool};
pub(crate) use resident::Resident;
pub(crate) use rows::{log_softmax, loss_by_row, softmax};
pub(crate) use through_candle::{resize_bilinear, through_candle};

/// The engine of GPUs.
#[derive(Debug)]
pub(crate) enum Gpu {}

impl Engine for Gpu {
    /// (pixels, channels), of the value's type.
    type Gradient = Tensor;
    /// Of f32, shaped like the parameter.
    type Values = Tensor;

    fn add(sum: &mut Tensor, other: Tensor) -> Result<()> {
        *sum = (&*sum + other).during("backward")?;
        Ok(())
    }

    fn settled(gradient: Tensor) -> Tensor {
        gradient
    }

    fn add_values(sum: &mut Tensor, other: Tensor) -> Result<()> {
        Self::add(sum, other)
    }

    type Parcel = Parcel;

    fn count(values: &Tensor) -> usize {
        values.elem_count()
    }

    fn send(gradients: Vec<(TensorId, Tensor)>, ranks: &dyn Communicator) -> Result<Parcel> {
        Parcel::send(gradients, ranks)
    }

    fn receive(parcel: Parcel) -> Result<Vec<(TensorId, Tensor)>> {
        parcel.receive()
    }
}

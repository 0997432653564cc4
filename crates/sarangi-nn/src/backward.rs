//! The way back: from a loss to the gradients of the parameters.

mod gradient;
mod gradients;
mod tape;

use candle_core::TensorId;
use sarangi_core::{Communicator, Error, PendingSum, Result};

use crate::cpu::buffer::Buffer;
pub(crate) use gradient::{Gradient, Plain};
pub use gradients::Gradients;
pub(crate) use tape::{Engine, Parameters};

/// The way back from one result of the CPU engine.
pub(crate) type Node = tape::Node<Cpu>;
/// Gradients of the CPU engine on their way.
pub(crate) type Flow = tape::Flow<Cpu>;
/// The way back from one result on a GPU.
pub(crate) type GpuNode = tape::Node<crate::gpu::Gpu>;
/// Gradients on a GPU on their way.
pub(crate) type GpuFlow = tape::Flow<crate::gpu::Gpu>;

/// The engine of the CPU.
#[derive(Debug)]
pub(crate) enum Cpu {}

impl Engine for Cpu {
    type Gradient = Gradient;
    type Values = Buffer;

    fn add(sum: &mut Gradient, other: Gradient) -> Result<()> {
        sum.add(other);
        Ok(())
    }

    fn settled(gradient: Gradient) -> Gradient {
        let of = gradient.of();
        Gradient::shared(of, gradient.into_stored())
    }

    fn add_values(sum: &mut Buffer, other: Buffer) -> Result<()> {
        sum.iter_mut().zip(&*other).for_each(|(a, b)| *a += b);
        Ok(())
    }

    /// How long each is, and their sum.
    type Parcel = (Vec<(TensorId, usize)>, PendingSum);

    fn count(values: &Buffer) -> usize {
        values.len()
    }

    fn send(gradients: Vec<(TensorId, Buffer)>, ranks: &dyn Communicator) -> Result<Self::Parcel> {
        let lengths: Vec<_> = gradients.iter().map(|(id, g)| (*id, g.len())).collect();
        let mut values = Vec::with_capacity(lengths.iter().map(|(_, length)| length).sum());
        for (_, gradient) in &gradients {
            values.extend_from_slice(gradient);
        }
        Ok((lengths, ranks.begin_sum(values)?))
    }

    fn receive((lengths, sum): Self::Parcel) -> Result<Vec<(TensorId, Buffer)>> {
        let sum = sum.wait()?;
        let mut rest = &sum[..];
        let each = lengths.into_iter().map(|(id, length)| {
            let Some((values, after)) = rest.split_at_checked(length) else {
                return Err(Error::shape("sum_gradients", length, rest.len()));
            };
            rest = after;
            let mut own = Buffer::stale(length);
            own.copy_from_slice(values);
            Ok((id, own))
        });
        each.collect()
    }
}

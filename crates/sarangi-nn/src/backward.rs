//! The way back: from a loss to the gradients of the parameters.

mod gradient;
mod gradients;
mod tape;

use sarangi_core::Result;

use crate::cpu::buffer::Buffer;
pub(crate) use gradient::{Gradient, Plain};
pub use gradients::Gradients;
pub(crate) use tape::Engine;

/// The way back from one result of the CPU engine.
pub(crate) type Node = tape::Node<Cpu>;
/// Gradients of the CPU engine on their way.
pub(crate) type Flow = tape::Flow<Cpu>;
/// The way back from one result on a GPU.
pub(crate) type GpuNode = tape::Node<crate::gpu::Gpu>;
/// Gradients on a GPU on their way.
pub(crate) type GpuFlow = tape::Flow<crate::gpu::Gpu>;

/// The engine of the CPU.
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
}

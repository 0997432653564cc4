//! How operations see their inputs.

use candle_core::Tensor;
use sarangi_core::{Error, Result};

use super::{Host, Repr, Traced, Value, untraceable};
use crate::gpu::Resident;

/// How an operation sees its input.
#[derive(Debug)]
pub(crate) enum View<'a> {
    /// Kernels work on it.
    Host(&'a Host),
    /// Kernels on a GPU work on it.
    Gpu(&'a Resident),
    /// Tensor operations work on it.
    Device(&'a Tensor),
    /// There are no numbers; what is to be done is written down.
    Traced(&'a Traced),
}

/// How an operation sees several inputs, which must be of one kind.
#[derive(Debug)]
pub(crate) enum Views<'a> {
    Host(Vec<&'a Host>),
    Gpu(Vec<&'a Resident>),
    Device(Vec<&'a Tensor>),
    Traced(Vec<&'a Traced>),
}

impl<'a> Views<'a> {
    /// All inputs, in their order; none at all are on a device.
    pub(crate) fn of(op: &'static str, values: &[&'a Value]) -> Result<Self> {
        let (mut hosts, mut residents) = (Vec::new(), Vec::new());
        let (mut tensors, mut traced) = (Vec::new(), Vec::new());
        for value in values {
            match &value.repr {
                Repr::Host(host) => hosts.push(host),
                Repr::Gpu(resident) => residents.push(resident),
                Repr::Device(tensor) => tensors.push(tensor),
                Repr::Traced(value) => traced.push(value),
            }
        }
        match values.len() {
            all if hosts.len() == all && all > 0 => Ok(Self::Host(hosts)),
            all if residents.len() == all && all > 0 => Ok(Self::Gpu(residents)),
            all if tensors.len() == all => Ok(Self::Device(tensors)),
            all if traced.len() == all => Ok(Self::Traced(traced)),
            _ if !traced.is_empty() => Err(untraceable(format_args!(
                "{op} with a value that is no input of the network and does not come from one"
            ))),
            _ => Err(Error::shape(op, "values on one device", "several devices")),
        }
    }
}

//! Between the tensor library's storages and slices.

use candle_core::{CpuStorage, Layout, Result, Shape, Storage, Tensor, bail};

/// The values of a storage that a custom operation was handed.
pub(crate) fn of<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&storage.as_slice::<f32>()?[from..to]),
        None => bail!("an operation of sarangi-nn was given a tensor that is not contiguous"),
    }
}

/// Lends the values of a tensor on the CPU.
pub(crate) fn with<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(read(of(storage, layout)?)),
        _ => bail!("a kernel for the CPU was given a tensor on another device"),
    }
}

/// What a custom operation returns.
pub(crate) fn result(values: Vec<f32>, shape: impl Into<Shape>) -> Result<(CpuStorage, Shape)> {
    Ok((CpuStorage::F32(values), shape.into()))
}

/// A gradient as a tensor shaped like what it is the gradient of.
pub(crate) fn like(values: Vec<f32>, tensor: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, tensor.shape(), tensor.device())
}

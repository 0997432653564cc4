//! Between tensors and slices.

use std::cell::Cell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, Tensor, bail};

/// Lends the values of a tensor on the CPU, in C order.
pub(crate) fn read<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cpu(storage), Some((from, to))) = (&*storage, layout.contiguous_offsets()) else {
        bail!("a kernel for the CPU was given a tensor on another device");
    };
    Ok(read(&storage.as_slice::<f32>()?[from..to]))
}

/// As [`read`], for a tensor that may be missing.
pub(crate) fn read_option<R>(
    tensor: Option<&Tensor>,
    then: impl FnOnce(Option<&[f32]>) -> R,
) -> Result<R> {
    match tensor {
        Some(tensor) => read(tensor, |values| then(Some(values))),
        None => Ok(then(None)),
    }
}

/// Lends the values of a tensor on the CPU for a change in place. Everything that shares its memory
/// sees the change.
pub(crate) fn change<R>(tensor: &Tensor, change: impl FnOnce(&mut [f32]) -> R) -> Result<R> {
    let (change, result) = (Cell::new(Some(change)), Cell::new(None));
    tensor.inplace_op1(&Change {
        change: &change,
        result: &result,
    })?;
    match result.into_inner() {
        Some(result) => Ok(result),
        None => bail!("the change of a tensor was not carried out"),
    }
}

struct Change<'a, F, R> {
    change: &'a Cell<Option<F>>,
    result: &'a Cell<Option<R>>,
}

impl<F: FnOnce(&mut [f32]) -> R, R> InplaceOp1 for Change<'_, F, R> {
    fn name(&self) -> &'static str {
        "change"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (Some((from, to)), CpuStorage::F32(values)) = (layout.contiguous_offsets(), storage)
        else {
            bail!("only contiguous tensors of f32 can be changed in place");
        };
        if let Some(change) = self.change.take() {
            self.result.set(Some(change(&mut values[from..to])));
        }
        Ok(())
    }
}

/// Where the values of a tensor lie: tensors of equal places are the same one, whichever handle
/// they were reached by. Two handles of one variable have two ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    storage: usize,
    layout: Layout,
}

impl Memory {
    /// It says something as long as the tensor lives.
    pub(crate) fn of(tensor: &Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Self {
            storage: std::ptr::from_ref(&*storage).addr(),
            layout: layout.clone(),
        }
    }
}

//! Between arrays and tensors.

use candle_core::{CpuStorage, DType, Device, Storage, Tensor};
use ndarray::{Array, ArrayView, Dimension, ShapeBuilder};

use crate::{Error, Result};

/// Arrays that become tensors.
pub trait IntoTensor {
    /// Moves the array to `device`. On the CPU an array in standard layout is not copied.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device refuses the memory.
    fn into_tensor(self, device: &Device) -> Result<Tensor>;
}

impl<D: Dimension> IntoTensor for Array<f32, D> {
    fn into_tensor(self, device: &Device) -> Result<Tensor> {
        let shape = self.shape().to_vec();
        let (values, offset) = if self.is_standard_layout() {
            self.into_raw_vec_and_offset()
        } else {
            (self.iter().copied().collect(), Some(0))
        };
        // A slice of a larger array keeps the whole allocation: cut it to what is seen.
        let len: usize = shape.iter().product();
        let start = offset.unwrap_or(0);
        let values = if start == 0 && values.len() == len {
            values
        } else {
            values
                .get(start..start + len)
                .map(<[f32]>::to_vec)
                .unwrap_or_default()
        };
        Tensor::from_vec(values, shape, device).map_err(|e| Error::backend("into_tensor", e))
    }
}

/// Tensors that are read as arrays.
pub trait TensorExt {
    /// Lends the values of an f32 tensor as an array view, without a copy on the CPU.
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor's rank is not that of `D`, [`Error::Backend`] if it is not
    /// of type f32 or the device fails.
    fn with_array<D: Dimension, R>(
        &self,
        read: impl FnOnce(ArrayView<'_, f32, D>) -> R,
    ) -> Result<R>;
}

impl TensorExt for Tensor {
    fn with_array<D: Dimension, R>(
        &self,
        read: impl FnOnce(ArrayView<'_, f32, D>) -> R,
    ) -> Result<R> {
        const OP: &str = "with_array";
        if self.dtype() != DType::F32 {
            return Err(Error::shape(OP, "a tensor of f32", self.dtype().as_str()));
        }
        let on_cpu;
        let tensor = if self.device().is_cpu() {
            self
        } else {
            on_cpu = self
                .to_device(&Device::Cpu)
                .map_err(|e| Error::backend(OP, e))?;
            &on_cpu
        };
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cpu(CpuStorage::F32(values)) = &*storage else {
            return Err(Error::shape(OP, "f32 values on the CPU", "other storage"));
        };
        let values = values.get(layout.start_offset()..).unwrap_or_default();
        let rank_error = || {
            Error::shape(
                OP,
                format_args!("rank {:?}", D::NDIM),
                format_args!("{:?}", tensor.shape()),
            )
        };
        let to_dim = |axes: &[usize]| {
            let mut dim = D::zeros(axes.len());
            if dim.ndim() != axes.len() {
                return None;
            }
            dim.as_array_view_mut()
                .iter_mut()
                .zip(axes)
                .for_each(|(to, &from)| *to = from);
            Some(dim)
        };
        if D::NDIM.is_some_and(|n| n != tensor.rank()) {
            return Err(rank_error());
        }
        let shape = to_dim(tensor.dims()).ok_or_else(rank_error)?;
        let strides = to_dim(layout.stride()).ok_or_else(rank_error)?;
        let view = ArrayView::from_shape(shape.strides(strides), values)
            .map_err(|e| Error::backend(OP, e))?;
        Ok(read(view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, Ix2, Ix3, IxDyn, s};

    fn ramp() -> Array3<f32> {
        Array3::from_shape_fn((2, 3, 4), |(a, b, c)| (a * 12 + b * 4 + c) as f32)
    }

    #[test]
    fn arrays_come_back_as_they_went() {
        let layouts = [
            ramp(),
            ramp().permuted_axes([2, 0, 1]),
            ramp().slice_move(s![1.., 1.., ..;2]),
        ];
        for array in layouts {
            let tensor = array.clone().into_tensor(&Device::Cpu).unwrap();
            assert!(tensor.with_array::<Ix3, _>(|view| view == array).unwrap());
            assert!(
                tensor
                    .with_array::<IxDyn, _>(|view| view == array.view().into_dyn())
                    .unwrap()
            );
        }
    }

    #[test]
    fn strided_tensors_are_read_in_place() {
        let tensor = ramp().into_tensor(&Device::Cpu).unwrap();
        let view = tensor.transpose(1, 2).unwrap().narrow(0, 1, 1).unwrap();
        let expected = ramp().slice_move(s![1..2, .., ..]).permuted_axes([0, 2, 1]);
        assert!(view.with_array::<Ix3, _>(|view| view == expected).unwrap());
    }

    #[test]
    fn a_wrong_rank_or_type_is_an_error() {
        let tensor = ramp().into_tensor(&Device::Cpu).unwrap();
        assert!(tensor.with_array::<Ix2, _>(|_| ()).is_err());
        let whole = Tensor::zeros((2, 2), DType::U32, &Device::Cpu).unwrap();
        assert!(whole.with_array::<Ix2, _>(|_| ()).is_err());
    }
}

//! Gradients on their way to other ranks and back.

use candle_core::{Device, Result as CandleResult, Tensor, TensorId};
use sarangi_core::{Communicator, During, Error, PendingSum, PendingTensors, Result};

const OP: &str = "sum_gradients";

/// From GPU to GPU where the ranks can do that, else by way of the CPU.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// What the sums are shaped like, and where they go.
    gradients: Vec<(TensorId, Tensor)>,
    sum: Sum,
}

#[derive(Debug)]
enum Sum {
    There(PendingTensors),
    Here(PendingSum),
}

impl Parcel {
    /// Begins to sum.
    pub(super) fn send(
        gradients: Vec<(TensorId, Tensor)>,
        ranks: &dyn Communicator,
    ) -> Result<Self> {
        let tensors: Vec<Tensor> = gradients.iter().map(|(_, g)| g.clone()).collect();
        if let Some(sum) = ranks.begin_tensor_sum(&tensors)? {
            let sum = Sum::There(sum);
            return Ok(Self { gradients, sum });
        }
        let mut values = Vec::with_capacity(tensors.iter().map(Tensor::elem_count).sum());
        for tensor in &tensors {
            let flat: CandleResult<Vec<f32>> = tensor.flatten_all().and_then(|t| t.to_vec1());
            values.extend(flat.during(OP)?);
        }
        let sum = Sum::Here(ranks.begin_sum(values)?);
        Ok(Self { gradients, sum })
    }

    /// Waits for the sums.
    pub(super) fn receive(self) -> Result<Vec<(TensorId, Tensor)>> {
        let Self { gradients, sum } = self;
        let sum = match sum {
            Sum::There(sum) => {
                sum.wait()?;
                return Ok(gradients);
            }
            Sum::Here(sum) => sum.wait()?,
        };
        let mut rest = &sum[..];
        let each = gradients.into_iter().map(|(id, like)| {
            let length = like.elem_count();
            let Some((values, after)) = rest.split_at_checked(length) else {
                return Err(Error::shape(OP, length, rest.len()));
            };
            rest = after;
            let sum = Tensor::from_slice(values, like.shape(), &Device::Cpu)
                .and_then(|sum| sum.to_device(like.device()));
            Ok((id, sum.during(OP)?))
        });
        each.collect()
    }
}

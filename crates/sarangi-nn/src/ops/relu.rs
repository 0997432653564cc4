//! The rectifier.

use candle_core::{CpuStorage, CustomOp1, Layout, Result as CandleResult, Shape, Tensor};
use rayon::prelude::*;
use sarangi_core::{During, Result};

use super::slices;
use crate::composed;

const OP: &str = "relu";

/// `max(xs, 0)`, with gradient 0 at 0 as in torch.
///
/// # Shapes
/// Any.
///
/// # Errors
/// [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
pub fn relu(xs: &Tensor) -> Result<Tensor> {
    if !xs.device().is_cpu() {
        return composed::relu(xs).during(OP);
    }
    xs.contiguous().and_then(|xs| xs.apply_op1(Op)).during(OP)
}

struct Op;

/// Values that one task works on: enough to pay for handing the task over.
pub(super) const BLOCK: usize = 1 << 14;

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, xs: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let x = slices::of(xs, layout)?;
        let mut y = vec![0.0; x.len()];
        y.par_chunks_mut(BLOCK)
            .zip(x.par_chunks(BLOCK))
            .for_each(|(y, x)| {
                // Not `max`, which would turn NaN into 0 and hide that training went wrong.
                y.iter_mut()
                    .zip(x)
                    .for_each(|(y, &x)| *y = if x < 0.0 { 0.0 } else { x });
            });
        slices::result(y, layout.shape())
    }

    fn bwd(&self, xs: &Tensor, y: &Tensor, dy: &Tensor) -> CandleResult<Option<Tensor>> {
        let dx = slices::with(y, |y| {
            slices::with(dy, |dy| {
                let mut dx = vec![0.0; y.len()];
                let blocks = dx.par_chunks_mut(BLOCK).zip(y.par_chunks(BLOCK));
                blocks.zip(dy.par_chunks(BLOCK)).for_each(|((dx, y), dy)| {
                    for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                        *dx = if y > 0.0 { dy } else { 0.0 };
                    }
                });
                dx
            })
        })??;
        Ok(Some(slices::like(dx, xs)?))
    }
}

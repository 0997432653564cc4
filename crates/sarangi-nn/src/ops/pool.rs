//! Pooling.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result as CandleResult, Shape, Tensor, bail};
use sarangi_core::{During, Error, Result};

use super::{Geometry2d, slices};
use crate::composed;
use crate::cpu::pool::Pool;

const OP: &str = "max_pool2d";

/// The largest value under each window, `torch.nn.functional.max_pool2d`.
///
/// Its gradient goes to the first of equal maxima, as in torch.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels, height′, width′) by
/// [`Geometry2d::output`].
///
/// # Errors
/// [`Error::Shape`] or [`Error::Config`] if the window does not fit, or its padding is more than
/// half its size; [`Error::Backend`] if the device fails.
pub fn max_pool2d(xs: &Tensor, window: Geometry2d) -> Result<Tensor> {
    let &[batch, channels, height, width] = xs.dims() else {
        let got = format!("{:?}", xs.shape());
        return Err(Error::shape(
            OP,
            "an input (batch, channels, height, width)",
            got,
        ));
    };
    let input = [height, width];
    let output = window.output(OP, input)?;
    if (0..2).any(|axis| window.padding[axis] * 2 > window.kernel[axis]) {
        let reason = format!(
            "must be at most half the kernel {:?}, got {:?}",
            window.kernel, window.padding
        );
        return Err(Error::config(OP, "padding", reason));
    }
    if u32::try_from(height * width).is_err() {
        return Err(Error::shape(OP, "fewer than 2^32 pixels", height * width));
    }
    let pool = Pool {
        planes: batch * channels,
        input,
        output,
        window,
    };
    if !xs.device().is_cpu() {
        return composed::max_pool2d(xs, &pool).during(OP);
    }
    xs.contiguous()
        .and_then(|xs| {
            xs.apply_op1(Op {
                pool,
                channels,
                places: OnceLock::new(),
            })
        })
        .during(OP)
}

/// The mean over height and width, `torch.nn.AdaptiveAvgPool2d(1)` flattened.
///
/// # Shapes
/// (batch, channels, height, width) → (batch, channels).
///
/// # Errors
/// [`Error::Backend`] if the input has another rank or the device fails.
pub fn global_avg_pool2d(xs: &Tensor) -> Result<Tensor> {
    xs.flatten_from(2)
        .and_then(|xs| xs.mean(D::Minus1))
        .during("global_avg_pool2d")
}

struct Op {
    pool: Pool,
    channels: usize,
    /// Where each maximum lies; set by the forward pass, read by the backward pass.
    places: OnceLock<Vec<u32>>,
}

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, xs: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let (y, places) = self.pool.forward(slices::of(xs, layout)?);
        // An operation runs forward once; were it run again, the places would be the same.
        let _ = self.places.set(places);
        let [height, width] = self.pool.output;
        let batch = self.pool.planes / self.channels.max(1);
        slices::result(y, (batch, self.channels, height, width))
    }

    fn bwd(&self, xs: &Tensor, _: &Tensor, dy: &Tensor) -> CandleResult<Option<Tensor>> {
        let Some(places) = self.places.get() else {
            bail!("{OP}: backward before forward");
        };
        let dx = slices::with(dy, |dy| self.pool.backward(dy, places))?;
        Ok(Some(slices::like(dx, xs)?))
    }
}

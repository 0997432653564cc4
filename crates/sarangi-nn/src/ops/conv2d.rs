//! Two-dimensional convolution.

use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Layout, Result as CandleResult, Shape, Tensor,
};
use sarangi_core::{During, Error, Result};

use super::{Geometry2d, slices};
use crate::composed;
use crate::cpu::conv::Conv;

const OP: &str = "conv2d";

/// Convolution (cross-correlation) of a batch of pictures, `torch.nn.functional.conv2d`.
///
/// # Shapes
/// `xs` (batch, in, height, width), `filter` (out, in / groups, kernel height, kernel width),
/// `bias` (out); the result is (batch, out, height′, width′) by [`Geometry2d::output`].
///
/// # Errors
/// [`Error::Shape`] or [`Error::Config`] if these do not fit each other, [`Error::Backend`] if the
/// device fails.
pub fn conv2d(
    xs: &Tensor,
    filter: &Tensor,
    bias: Option<&Tensor>,
    window: Geometry2d,
    groups: usize,
) -> Result<Tensor> {
    let conv = check(xs, filter, bias, window, groups)?;
    if !xs.device().is_cpu() {
        return composed::conv2d(xs, filter, bias, &conv).during(OP);
    }
    (|| {
        let (xs, filter) = (xs.contiguous()?, filter.contiguous()?);
        match bias {
            Some(bias) => xs.apply_op3(&filter, &bias.contiguous()?, Op(conv)),
            None => xs.apply_op2(&filter, Op(conv)),
        }
    })()
    .during(OP)
}

fn check(
    xs: &Tensor,
    filter: &Tensor,
    bias: Option<&Tensor>,
    window: Geometry2d,
    groups: usize,
) -> Result<Conv> {
    let shape =
        |expected: String, got: &Tensor| Error::shape(OP, expected, format!("{:?}", got.shape()));
    let &[batch, in_channels, height, width] = xs.dims() else {
        return Err(shape(
            "an input (batch, channels, height, width)".into(),
            xs,
        ));
    };
    let &[out_channels, per_group, kh, kw] = filter.dims() else {
        return Err(shape(
            "a filter (out, in / groups, height, width)".into(),
            filter,
        ));
    };
    if groups == 0 || in_channels % groups != 0 || out_channels % groups != 0 {
        let reason = format!(
            "must divide the {in_channels} input and {out_channels} output channels, got {groups}"
        );
        return Err(Error::config(OP, "groups", reason));
    }
    if per_group * groups != in_channels {
        let expected = format!("a filter over {} input channels", in_channels / groups);
        return Err(shape(expected, filter));
    }
    if [kh, kw] != window.kernel {
        return Err(shape(
            format!("a filter of size {:?}", window.kernel),
            filter,
        ));
    }
    if let Some(bias) = bias.filter(|bias| bias.dims() != [out_channels]) {
        return Err(shape(format!("a bias ({out_channels})"), bias));
    }
    let input = [height, width];
    let output = window.output(OP, input)?;
    Ok(Conv {
        batch,
        in_channels,
        out_channels,
        groups,
        input,
        output,
        window,
    })
}

/// Holds for two arguments (no bias) and for three.
struct Op(Conv);

impl Op {
    fn forward(
        &self,
        xs: &[f32],
        filter: &[f32],
        bias: Option<&[f32]>,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let [height, width] = self.0.output;
        let shape = (self.0.batch, self.0.out_channels, height, width);
        slices::result(self.0.forward(xs, filter, bias), shape)
    }

    /// Gradients of the input, if anything asks for it, of the filter and of the bias.
    fn backward(
        &self,
        xs: &Tensor,
        filter: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Tensor, Vec<f32>)> {
        slices::with(dy, |dy| {
            let dx = match xs.track_op() {
                true => {
                    let dx = slices::with(filter, |filter| self.0.backward_data(dy, filter))?;
                    Some(slices::like(dx, xs)?)
                }
                false => None,
            };
            let (dfilter, dbias) = slices::with(xs, |xs| self.0.backward_filter(xs, dy))?;
            Ok((dx, slices::like(dfilter, filter)?, dbias))
        })?
    }
}

impl CustomOp2 for Op {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        filter: &CpuStorage,
        filter_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        self.forward(
            slices::of(xs, xs_layout)?,
            slices::of(filter, filter_layout)?,
            None,
        )
    }

    fn bwd(
        &self,
        xs: &Tensor,
        filter: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        let (dx, dfilter, _) = self.backward(xs, filter, dy)?;
        Ok((dx, Some(dfilter)))
    }
}

impl CustomOp3 for Op {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        filter: &CpuStorage,
        filter_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let bias = slices::of(bias, bias_layout)?;
        self.forward(
            slices::of(xs, xs_layout)?,
            slices::of(filter, filter_layout)?,
            Some(bias),
        )
    }

    fn bwd(
        &self,
        xs: &Tensor,
        filter: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dfilter, dbias) = self.backward(xs, filter, dy)?;
        Ok((dx, Some(dfilter), Some(slices::like(dbias, bias)?)))
    }
}

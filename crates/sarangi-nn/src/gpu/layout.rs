//! Values side by side, parts of them, and other orders of their axes.

use candle_core::Tensor;
use sarangi_core::{During, Result};

use super::Resident;
use super::pointwise::back;
use super::resident::{channels_first, channels_last, records};
use super::through_candle::through_candle;
use crate::backward::GpuNode;
use crate::value::pictures;

/// The channels of all values one after the other.
pub(crate) fn concat(values: &[&Resident], dims: Vec<usize>, op: &'static str) -> Result<Resident> {
    let parts: Vec<&Tensor> = values.iter().map(|value| value.values()).collect();
    let y = Tensor::cat(&parts, 1).during(op)?;
    let node = records(values, []).then(|| {
        let parents: Vec<_> = values
            .iter()
            .map(|value| (value.of().channels, value.node().cloned()))
            .collect();
        GpuNode::new(move |dy: Tensor, flow| {
            let mut first = 0;
            for (channels, parent) in parents {
                if let Some(parent) = parent {
                    let dx = dy.narrow(1, first, channels);
                    let dx = dx.and_then(|dx| dx.contiguous()).during(op)?;
                    flow.give(&parent, dx);
                }
                first += channels;
            }
            Ok(())
        })
    });
    let tracked = values.iter().any(|value| value.tracked());
    Ok(Resident::result(dims, y, tracked, node))
}

/// Pictures as vectors, in torch's order.
pub(crate) fn flatten(xs: &Resident, dims: Vec<usize>, op: &'static str) -> Result<Resident> {
    let from = xs.dims().to_vec();
    let of = pictures(&dims);
    let rows = (of.pixels(), of.channels);
    let y = channels_first(xs.values(), &from).and_then(|y| y.reshape(rows));
    let node = back(xs, |parent| {
        GpuNode::new(move |dy: Tensor, flow| {
            flow.give(&parent, channels_last(&dy, &from).during(op)?);
            Ok(())
        })
    });
    Ok(Resident::result(dims, y.during(op)?, xs.tracked(), node))
}

/// Axes in another order.
pub(crate) fn permute(xs: &Resident, axes: &[usize], op: &'static str) -> Result<Resident> {
    through_candle(&[xs], &[], op, |x| x[0].permute(axes)?.contiguous())
}

/// A part along an axis.
pub(crate) fn narrow(
    xs: &Resident,
    axis: usize,
    start: usize,
    length: usize,
    op: &'static str,
) -> Result<Resident> {
    through_candle(&[xs], &[], op, |x| {
        x[0].narrow(axis, start, length)?.contiguous()
    })
}

//! Steps by the tensor library's own operations and their gradients.

use std::collections::HashSet;

use candle_core::{DType, Tensor, Var};
use sarangi_core::{During, Error, Result};

use super::Resident;
use super::resident::{channels_last, records};
use crate::backward::GpuNode;
use crate::composed;
use crate::cpu::resize::Resize;
use crate::value::Tracking;

/// Pictures of another size.
pub(crate) fn resize_bilinear(
    xs: &Resident,
    resize: &Resize,
    op: &'static str,
) -> Result<Resident> {
    through_candle(&[xs], &[], op, |x| composed::resize_bilinear(&x[0], resize))
}

/// Any computation with the tensor library, on tensors of f32 in torch's order. The gradients are the
/// library's, too: its graph is kept for the way back.
pub(crate) fn through_candle(
    xs: &[&Resident],
    parameters: &[&Tensor],
    op: &'static str,
    compute: impl FnOnce(&[Tensor]) -> candle_core::Result<Tensor>,
) -> Result<Resident> {
    let recorded = records(xs, parameters.iter().copied());
    let leaf = |x: &&Resident| {
        let tensor = x.tensor()?;
        match (recorded, x.node()) {
            (true, Some(_)) => Var::from_tensor(&tensor).map(Var::into_inner),
            _ => Ok(tensor),
        }
    };
    let inputs = xs.iter().map(leaf).collect::<candle_core::Result<Vec<_>>>();
    let inputs = inputs.during(op)?;
    let ys = compute(&inputs).during(op)?;
    if ys.rank() > 4 || ys.dtype() != DType::F32 {
        let got = format!("{:?} of {}", ys.shape(), ys.dtype().as_str());
        return Err(Error::shape(
            op,
            "a result of f32 with at most four axes",
            got,
        ));
    }
    let tracked = xs.iter().any(|x| x.tracked());
    let dtype = xs.first().map_or(DType::F32, |x| x.values().dtype());
    let tracking = match tracked {
        true => Tracking::Parameters,
        false => Tracking::Off,
    };
    let plain = Resident::from_tensor(&ys, tracking).during(op)?;
    let plain = plain.to_dtype(dtype).during(op)?;
    if !recorded {
        return Ok(plain);
    }
    let parents: Vec<_> = xs
        .iter()
        .map(|x| (x.node().cloned(), x.values().dtype()))
        .collect();
    // One that is named twice has one gradient.
    let mut seen = HashSet::new();
    let once = parameters.iter().filter(|p| seen.insert(p.id()));
    let parameters: Vec<Tensor> = once.map(|&parameter| parameter.clone()).collect();
    let result = plain.clone();
    let node = GpuNode::new(move |dy: Tensor, flow| {
        let dy = plain.planar(&dy).during(op)?;
        let store = (&ys * dy)
            .and_then(|product| product.sum_all()?.backward())
            .during(op)?;
        for (input, (parent, dtype)) in inputs.iter().zip(&parents) {
            if let (Some(parent), Some(dx)) = (parent, store.get(input)) {
                let dx = channels_last(dx, input.dims());
                let dx = dx.and_then(|dx| dx.to_dtype(*dtype)).during(op)?;
                flow.give(parent, dx);
            }
        }
        for parameter in &parameters {
            if let Some(gradient) = store.get(parameter) {
                flow.parameter(parameter, gradient.clone());
            }
        }
        Ok(())
    });
    let (dims, values) = (result.dims().to_vec(), result.values().clone());
    Ok(Resident::result(dims, values, tracked, Some(node)))
}

//! The values that stand for stored weights; `fixtures/make/networks/formula.py` is the other half.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use sarangi_nn::Params;

/// `count` numbers in [-1, 1), multiples of 2⁻²³, that depend on the name and the place alone.
pub(crate) fn values(name: &str, count: usize) -> Vec<f32> {
    // FNV-1a, then Wellons' lowbias32.
    let seed = name.bytes().fold(2_166_136_261_u32, |seed, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(16_777_619)
    });
    (0..count as u32)
        .map(|i| {
            let mut x = i.wrapping_mul(2_654_435_769).wrapping_add(seed);
            x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
            x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
            x ^= x >> 16;
            (x >> 8) as f32 * 2.0f32.powi(-23) - 1.0
        })
        .collect()
}

pub(crate) fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let values = values(name, shape.iter().product());
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Sets all weights and statistics of a network by their names.
pub(crate) fn fill(params: &Params, shift: f32) {
    let all = params.all();
    let of_norm = |name: &str| {
        let (layer, _) = name.rsplit_once('.').unwrap();
        let sibling = format!("{layer}.running_var");
        all.binary_search_by(|(name, _)| name.cmp(&sibling)).is_ok()
    };
    let tensors: BTreeMap<String, Tensor> = all
        .iter()
        .map(|(name, parameter)| {
            let shape = parameter.var.dims();
            let mut values = values(name, shape.iter().product());
            let (scale, offset) = match shape {
                [_, inner @ ..] if !inner.is_empty() => {
                    let fan_in = inner.iter().product::<usize>() as f64;
                    ((3.0 / fan_in).sqrt() as f32, 0.0)
                }
                _ if name.ends_with("running_var") => (0.5, 1.0),
                _ if name.ends_with(".weight") => (0.25, 1.0),
                _ if name.ends_with(".bias") && of_norm(name) => (0.125, shift),
                _ => (0.125, 0.0),
            };
            values.iter_mut().for_each(|v| *v = *v * scale + offset);
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
            (name.clone(), tensor)
        })
        .collect();
    params.load(&tensors).unwrap();
}

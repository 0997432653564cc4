//! Ten steps of Adam on the five-channel network, step for step torch's.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use ndarray::IxDyn;
use sarangi_core::{IntoTensor, Seed, Spec, TensorExt};
use sarangi_models::{FiveChannelCnnSpec, ModelContext, ModelSpec};
use sarangi_nn::{Mode, Model, Params, cross_entropy};
use sarangi_testkit::goldens;
use sarangi_train::{Adam, OptimiserSpec};

#[test]
fn ten_steps_equal_torch() {
    let golden = goldens("train").into_iter().find(|g| g.name.starts_with("adam")).unwrap();
    let number = |field: &str| golden.spec[field].as_f64().unwrap();
    let params = Params::new(Seed(1), &Device::Cpu);
    let spec = ModelSpec::FiveChannelCnn(FiveChannelCnnSpec { dropout: 0.0, first_kernel: 3 });
    let network =
        spec.build(ModelContext { params: &params, in_channels: 5, classes: 10 }).unwrap();
    let weights: BTreeMap<String, Tensor> = golden
        .names()
        .filter_map(|name| Some((name, name.strip_prefix("before.")?)))
        .map(|(name, key)| (key.into(), golden.array(name).into_tensor(&Device::Cpu).unwrap()))
        .collect();
    params.load(&weights).unwrap();

    let x = golden.array("x").into_tensor(&Device::Cpu).unwrap();
    let targets: Vec<u32> = golden.array("targets").iter().map(|&t| t as u32).collect();
    let targets = Tensor::from_vec(targets, 8, &Device::Cpu).unwrap();
    let lr = number("lr");
    let weight_decay = number("weight_decay");
    let spec = OptimiserSpec::Adam { lr, betas: (0.9, 0.999), eps: 1e-8, weight_decay };
    let mut adam = Adam::new(&spec, &params).unwrap();
    let losses = golden.array("losses");
    for &expected in &losses {
        let mut rng = Seed(0).rng(0, 0);
        let loss = cross_entropy(&network.forward(&x, Mode::Train(&mut rng)).unwrap(), &targets);
        let loss = loss.unwrap();
        let value = loss.to_scalar::<f32>().unwrap();
        assert!((value - expected).abs() < 1e-5 * expected.abs(), "{value} and {expected}");
        adam.step(&loss.backward().unwrap(), lr).unwrap();
    }
    let mut compared = 0;
    for (name, tensor) in params.snapshot().unwrap() {
        let check = |got: ndarray::ArrayView<'_, f32, IxDyn>| {
            golden.assert_close(&format!("after.{name}"), got);
        };
        tensor.with_array::<IxDyn, _>(check).unwrap();
        compared += 1;
    }
    assert_eq!(compared, weights.len());
}

//! Transfer learning: a base that training leaves as it is.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use sarangi_core::{Seed, Spec};
use sarangi_models::{ModelContext, ModelSpec};
use sarangi_nn::{CrossEntropy, Freeze, Mode, Model, Params, Targets, Value, cross_entropy};

use crate::formula;

fn frozen(name: &str, freeze: Freeze, channels: usize) -> (Params, Box<dyn Model>) {
    let params = Params::new(Seed(1), &Device::Cpu);
    let base = params.frozen(freeze);
    let cx = ModelContext {
        params: &base,
        in_channels: channels,
        classes: 4,
    };
    let network = ModelSpec::named(name, &[]).unwrap().build(cx).unwrap();
    formula::fill(&params, 2.0);
    (params, network)
}

fn names(params: &Params) -> Vec<String> {
    params
        .trainable()
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

fn step(params: &Params, network: &dyn Model, channels: usize) -> BTreeMap<String, Tensor> {
    let x = formula::tensor("input", &[4, channels, 33, 32]);
    let mut rng = Seed(0).rng(0, 0);
    let xs = Value::tracked(&x).unwrap();
    let logits = network.forward(&xs, Mode::Train(&mut rng)).unwrap();
    let targets = Targets::Classes(&[0, 1, 2, 3]);
    let loss = cross_entropy(&logits, targets, &CrossEntropy::default()).unwrap();
    let gradients = loss.backward().unwrap();
    let all = params.all().into_iter();
    all.filter_map(|(name, p)| Some((name, gradients.get(&p.var).unwrap()?)))
        .collect()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn only_the_head_of_a_frozen_base_learns_and_nothing_else_moves() {
    for (name, channels, head) in [
        ("resnet18", 3, ["fc.bias", "fc.weight"]),
        ("five-channel-cnn", 5, ["out.bias", "out.weight"]),
        (
            "mobilenet-v2",
            3,
            ["classifier.1.bias", "classifier.1.weight"],
        ),
    ] {
        let (params, network) = frozen(name, Freeze::Base, channels);
        assert_eq!(names(&params), head, "{name}");
        let before = params.snapshot().unwrap();
        let gradients = step(&params, network.as_ref(), channels);
        assert_eq!(gradients.keys().collect::<Vec<_>>(), head, "{name}");
        for (name, tensor) in params.snapshot().unwrap() {
            assert_eq!(flat(&tensor), flat(&before[&name]), "{name}");
        }
    }
}

/// `fill` loads after the network is built, so this also shows that a frozen layer sees what is
/// loaded later.
#[test]
fn a_frozen_network_answers_as_a_free_one() {
    let x = formula::tensor("input", &[2, 3, 33, 32]);
    let answers = [Freeze::Nothing, Freeze::Statistics, Freeze::Base].map(|freeze| {
        let (_, network) = frozen("resnet18", freeze, 3);
        flat(&network.predict(&x).unwrap())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn frozen_statistics_stay_while_weights_learn() {
    let (free, network) = frozen("resnet18", Freeze::Nothing, 3);
    let before = flat(&free.snapshot().unwrap()["bn1.running_mean"]);
    step(&free, network.as_ref(), 3);
    assert_ne!(flat(&free.snapshot().unwrap()["bn1.running_mean"]), before);

    let (still, network) = frozen("resnet18", Freeze::Statistics, 3);
    assert_eq!(names(&still), names(&free));
    let gradients = step(&still, network.as_ref(), 3);
    assert_eq!(gradients.len(), names(&still).len());
    for (name, tensor) in still.snapshot().unwrap() {
        if name.contains("running") {
            let want = flat(&formula_of(&name, tensor.dims()));
            assert_eq!(flat(&tensor), want, "{name}");
        }
    }
}

fn formula_of(name: &str, shape: &[usize]) -> Tensor {
    let (scale, offset) = match name.ends_with("running_var") {
        true => (0.5, 1.0),
        false => (0.125, 0.0),
    };
    let values = formula::values(name, shape.iter().product());
    let values: Vec<f32> = values.iter().map(|v| v * scale + offset).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

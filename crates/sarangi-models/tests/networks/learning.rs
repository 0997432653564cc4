//! Every network learns eight clips by heart.

use candle_core::{Device, Tensor, Var};
use sarangi_core::Seed;
use sarangi_nn::{AdamStep, CrossEntropy, Mode, Targets, Value, adam_step, cross_entropy};

use crate::{build, formula};

const LABELS: [u32; 8] = [0, 1, 2, 3, 0, 1, 2, 3];

/// Eight small feature maps: stripes as many as the class says, and noise of their own.
fn clips(channels: usize, [bins, frames]: [usize; 2]) -> Tensor {
    let shape = [8, channels, bins, frames];
    let mut values = formula::values("clips", shape.iter().product());
    for (place, value) in values.iter_mut().enumerate() {
        let frame = (place % frames) as f32 / frames as f32;
        let stripes = LABELS[place / (channels * bins * frames)] as f32 + 1.0;
        *value = 0.5 * *value + (std::f32::consts::TAU * stripes * frame).sin();
    }
    Tensor::from_vec(values, &shape, &Device::Cpu).unwrap()
}

/// Trains with Adam until the loss is under 0.05, which must be within 60 steps.
fn learn(name: &str, settings: &[(&str, &str)], channels: usize, size: [usize; 2]) {
    let (params, network) = build(name, settings, [channels, 4]);
    let x = clips(channels, size);
    let slots: Vec<(Var, [Var; 2])> = params
        .trainable()
        .into_iter()
        .map(|(_, var)| {
            let zeros = || Var::from_tensor(&var.zeros_like().unwrap()).unwrap();
            let moments = [zeros(), zeros()];
            (var, moments)
        })
        .collect();
    let mut last = f32::NAN;
    for step in 1..=60 {
        let mut rng = Seed(1).rng(step, 0);
        let xs = Value::tracked(&x).unwrap();
        let logits = network.forward(&xs, Mode::Train(&mut rng)).unwrap();
        let targets = Targets::Classes(&LABELS);
        let loss = cross_entropy(&logits, targets, &CrossEntropy::default()).unwrap();
        last = loss.scalar().unwrap();
        if last < 0.05 {
            return;
        }
        let gradients = loss.backward().unwrap();
        let adam = AdamStep {
            lr: 2e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            step,
        };
        for (var, [first, second]) in &slots {
            adam_step(var, &gradients, [first, second], adam).unwrap();
        }
    }
    panic!("{name}: the loss is {last} after 60 steps");
}

const STILL: (&str, &str) = ("dropout", "0");

#[test]
fn residual_networks_learn() {
    for name in ["resnet18", "resnet34", "resnet50"] {
        learn(name, &[], 3, [32, 33]);
    }
    learn(
        "resnet18",
        &[("stem", "3x3"), ("head", "hidden256"), STILL],
        1,
        [16, 16],
    );
}

#[test]
fn mobile_networks_and_xception_learn() {
    learn("mobilenet-v1", &[], 3, [32, 33]);
    learn("mobilenet-v2", &[STILL], 3, [32, 33]);
    learn("legacy-xception", &[], 3, [32, 33]);
}

#[test]
fn densenet_learns() {
    learn("densenet201", &[], 3, [32, 33]);
}

#[test]
fn small_networks_learn() {
    learn("five-channel-cnn", &[STILL], 5, [40, 44]);
    learn("basic-cnn", &[STILL, ("size", "[32, 40]")], 3, [32, 40]);
    learn("small-cnn", &[("size", "[32, 40]")], 3, [32, 40]);
    learn("softmax-regression", &[("size", "[32, 40]")], 3, [32, 40]);
}

#[test]
fn audio_networks_learn() {
    learn("short-chunk-cnn", &[STILL, ("channels", "16")], 1, [64, 65]);
    let still = [STILL, ("conv_dropout", "0"), ("channels", "8")];
    learn("cnn14", &still, 1, [64, 64]);
}

#[test]
fn late_fusions_learn() {
    for fusion in ["concatenation", "average", "gated"] {
        let settings = [STILL, ("fusion", fusion), ("base", "five-channel-cnn")];
        learn("late-fusion", &settings, 6, [24, 32]);
    }
    learn("late-fusion", &[STILL], 6, [32, 33]);
}

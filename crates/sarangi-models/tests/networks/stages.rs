//! Looking into networks: embeddings, stages, gradients to a stage.

use candle_core::Tensor;
use sarangi_core::{Error, Result};
use sarangi_nn::{Inputs, Mode, Model, Value};

use crate::{build, formula};

/// Networks of every kind on small pictures: name, settings, channels, size, numbers of the
/// embedding.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    usize,
    [usize; 2],
    usize,
);

const CASES: [Case; 8] = [
    ("five-channel-cnn", &[], 5, [13, 22], 128),
    ("resnet18", &[("head", "dropout_linear")], 3, [32, 33], 512),
    (
        "resnet18",
        &[("head", "hidden256"), ("stem", "3x3")],
        1,
        [17, 20],
        256,
    ),
    ("mobilenet-v2", &[], 3, [33, 32], 1280),
    ("basic-cnn", &[("size", "[16, 24]")], 3, [16, 24], 128),
    ("small-cnn", &[("size", "[22, 23]")], 3, [22, 23], 64),
    ("short-chunk-cnn", &[("channels", "4")], 1, [128, 61], 16),
    ("cnn14", &[("channels", "2")], 1, [64, 33], 64),
];

fn values(value: &Value) -> Vec<f32> {
    let tensor = value.tensor().unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn a_network_stopped_and_entered_at_any_stage_gives_the_same_logits() {
    for (name, settings, channels, [bins, frames], features) in CASES {
        let (params, network) = build(name, settings, [channels, 4]);
        formula::fill(&params, 2.0);
        let x = formula::tensor("input", &[2, channels, bins, frames]);
        let xs = Value::new(&x).unwrap();
        let logits = network.forward(&xs, Mode::Eval).unwrap();
        let stages: Vec<String> = network.stages().iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(stages.last().unwrap(), "logits", "{name}");
        for stage in &stages {
            let at = network
                .forward_to(stage, Inputs::One(&xs), Mode::Eval)
                .unwrap();
            let at = Value::new(&at.tensor().unwrap()).unwrap();
            let rest = network.forward_from(stage, &at, Mode::Eval).unwrap();
            let peak = values(&logits)
                .iter()
                .fold(0.0f32, |peak, x| peak.max(x.abs()));
            for (got, want) in values(&rest).iter().zip(values(&logits)) {
                assert!(
                    (got - want).abs() <= 1e-5 * peak,
                    "{name} at {stage}: {got}, {want}"
                );
            }
        }
        let embedding = network
            .forward_features(Inputs::One(&xs), Mode::Eval)
            .unwrap();
        assert_eq!(embedding.dims(), [2, features], "{name}");
        let last = network.forward_to(&stages[stages.len() - 2], Inputs::One(&xs), Mode::Eval);
        assert_eq!(values(&embedding), values(&last.unwrap()), "{name}");

        let mut seen = Vec::new();
        let mut watch = |stage: &str, value: Value| -> Result<Value> {
            seen.push(stage.to_owned());
            Ok(value)
        };
        let watched = network.forward_watched(Inputs::One(&xs), Mode::Eval, &mut watch);
        assert_eq!(values(&watched.unwrap()), values(&logits), "{name}");
        assert_eq!(seen, stages, "{name}");
    }
}

#[test]
fn what_is_no_stage_or_input_is_named() {
    let (_, network) = build("resnet18", &[], [3, 4]);
    let xs = Value::new(&formula::tensor("input", &[1, 3, 20, 20])).unwrap();
    let error = network
        .forward_to("layer5", (&xs).into(), Mode::Eval)
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("layer5") && message.contains("layer4"),
        "{message}"
    );
    assert!(network.forward_from("layer5", &xs, Mode::Eval).is_err());
    let named = Inputs::Named(&[("sound", &xs)]);
    let message = network
        .forward_inputs(named, Mode::Eval)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`input`") && message.contains("sound"),
        "{message}"
    );
    let named = Inputs::Named(&[("input", &xs)]);
    assert_eq!(
        network.forward_inputs(named, Mode::Eval).unwrap().dims(),
        [1, 4]
    );
    let wrong = Value::new(&formula::tensor("input", &[1, 2, 20, 20])).unwrap();
    let error = network.forward(&wrong, Mode::Eval).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn networks_of_one_size_say_which() {
    let (_, network) = build("small-cnn", &[("size", "[22, 30]")], [3, 4]);
    let xs = Value::new(&formula::tensor("input", &[1, 3, 22, 31])).unwrap();
    let message = network.forward(&xs, Mode::Eval).unwrap_err().to_string();
    assert!(message.contains("bins 22, frames 30"), "{message}");
    let (_, network) = build("densenet201", &[], [1, 2]);
    let run = |size| {
        let xs = formula::tensor("input", &[1, 1, size, size]);
        network.predict(&xs)
    };
    assert_eq!(run(29).unwrap().dims(), [1, 2]);
    assert!(matches!(run(28).unwrap_err(), Error::Shape { .. }));
}

/// The gradient of one class's score with respect to a stage's result, and the score itself.
fn at_stage(network: &dyn Model, x: &Tensor, stage: &str, class: usize) -> (Tensor, Tensor) {
    let xs = Value::tracked(x).unwrap();
    let mut variable = None;
    let mut watch = |name: &str, value: Value| -> Result<Value> {
        if name != stage {
            return Ok(value);
        }
        let made = Value::variable(&value.tensor()?)?;
        variable = Some(made.clone());
        Ok(made)
    };
    let logits = network
        .forward_watched((&xs).into(), Mode::Eval, &mut watch)
        .unwrap();
    let mut one = vec![0.0f32; 4];
    one[class] = 1.0;
    let one = Tensor::from_vec(one, (1, 4), x.device()).unwrap();
    let gradients = logits.backward_from(&Value::new(&one).unwrap()).unwrap();
    let variable = variable.unwrap();
    let gradient = gradients.of(&variable).unwrap().unwrap();
    (variable.tensor().unwrap(), gradient)
}

/// As Grad-CAM needs them; against central differences through `forward_from`.
#[test]
fn gradients_to_a_stage_are_right() {
    for (name, stage) in [("resnet18", "layer3"), ("mobilenet-v2", "features.14")] {
        let (params, network) = build(name, &[], [3, 4]);
        formula::fill(&params, 3.0);
        let x = formula::tensor("input", &[1, 3, 40, 33]);
        let (at, gradient) = at_stage(network.as_ref(), &x, stage, 2);
        assert_eq!(at.dims(), gradient.dims());
        let score = |at: &Tensor| -> f64 {
            let at = Value::new(at).unwrap();
            let logits = network.forward_from(stage, &at, Mode::Eval).unwrap();
            f64::from(values(&logits)[2])
        };
        // Along the gradient itself, so that the change is far above the rounding of the score.
        let norm = gradient
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap()
            .to_scalar::<f32>()
            .unwrap();
        let norm = f64::from(norm).sqrt();
        let direction = (&gradient / norm).unwrap();
        let step = 0.2;
        let moved = |sign: f64| score(&(&at + (&direction * (sign * step)).unwrap()).unwrap());
        let difference = (moved(1.0) - moved(-1.0)) / (2.0 * step);
        let error = (difference - norm).abs() / norm;
        assert!(error < 1e-2, "{name}: {difference} and {norm}");
    }
}

//! Transfer learning: a base that training leaves as it is.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use sarangi_core::Seed;
use sarangi_models::ModelSpec;
use sarangi_nn::{CrossEntropy, Freeze, Mode, Model, Params, Targets, Value, cross_entropy};

use crate::{any, formula};

/// A network on pictures of 33 × 32, small where it can be, without dropout.
struct Case {
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    channels: usize,
    /// The layers of its head.
    head: &'static [&'static str],
}

const fn case(
    name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    channels: usize,
    head: &'static [&'static str],
) -> Case {
    Case {
        name,
        settings,
        channels,
        head,
    }
}

const NO_DROPOUT: (&str, &str) = ("dropout", "0");
const SIZE: (&str, &str) = ("size", "[33, 32]");
const CNN_14: &[(&str, &str)] = &[
    ("mel_bins", "33"),
    ("channels", "2"),
    ("conv_dropout", "0"),
    NO_DROPOUT,
];
const BRANCHES: &[&str] = &[
    "branches.spectrogram.fc",
    "branches.wavelet.fc",
    "fc1",
    "fc2",
];

const CASES: [Case; 14] = [
    case("five-channel-cnn", &[NO_DROPOUT], 5, &["out"]),
    case("resnet18", &[NO_DROPOUT], 3, &["fc"]),
    case("resnet34", &[NO_DROPOUT], 3, &["fc"]),
    case("resnet50", &[NO_DROPOUT], 3, &["fc"]),
    case("legacy-xception", &[NO_DROPOUT], 3, &["fc"]),
    case("mobilenet-v1", &[NO_DROPOUT], 3, &["classifier"]),
    case("mobilenet-v2", &[NO_DROPOUT], 3, &["classifier.1"]),
    case("densenet201", &[NO_DROPOUT], 3, &["classifier"]),
    case("basic-cnn", &[SIZE, NO_DROPOUT], 3, &["fc2"]),
    case("small-cnn", &[SIZE], 3, &["fc"]),
    case("softmax-regression", &[SIZE], 3, &["fc"]),
    case(
        "short-chunk-cnn",
        &[("channels", "4"), NO_DROPOUT],
        1,
        &["dense2"],
    ),
    case("cnn14", CNN_14, 1, &["fc_audioset"]),
    case("late-fusion", &[NO_DROPOUT], 6, BRANCHES),
];

const RESNET_18: &Case = &CASES[1];

fn frozen(case: &Case, freeze: Freeze) -> (Params, Box<dyn Model>) {
    let params = Params::new(Seed(1), &Device::Cpu);
    let spec = ModelSpec::named(case.name, case.settings).unwrap();
    let network = any::build(&spec, &params.frozen(freeze), [case.channels, 4]).unwrap();
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
    assert_eq!(CASES.map(|case| case.name), ModelSpec::NAMES);
    for case in &CASES {
        let head = case.head.iter();
        let head = head.flat_map(|layer| ["bias", "weight"].map(|kind| format!("{layer}.{kind}")));
        let head: Vec<String> = head.collect();
        let name = case.name;
        let (params, network) = frozen(case, Freeze::Base);
        assert_eq!(names(&params), head, "{name}");
        let shapes = params.shapes().into_iter();
        let known = shapes.filter_map(|(name, shape)| shape.head.then_some(name));
        assert_eq!(known.collect::<Vec<_>>(), head, "{name}");
        let before = params.snapshot().unwrap();
        let gradients = step(&params, network.as_ref(), case.channels);
        assert!(gradients.keys().eq(&head), "{name}");
        for (name, tensor) in params.snapshot().unwrap() {
            assert_eq!(flat(&tensor), flat(&before[&name]), "{name}");
        }
    }
}

/// What training answers is what evaluation answers, as far as norms decide it; and where nothing
/// is frozen and there are norms it is not, or this would show nothing.
#[test]
fn frozen_norms_use_their_running_statistics_in_training() {
    for case in &CASES {
        let x = formula::tensor("input", &[4, case.channels, 33, 32]);
        let strays = |freeze| {
            let (params, network) = frozen(case, freeze);
            let evaluated = flat(&network.predict(&x).unwrap());
            let xs = Value::tracked(&x).unwrap();
            let mut rng = Seed(0).rng(0, 0);
            let trained = network.forward(&xs, Mode::Train(&mut rng)).unwrap();
            let trained = flat(&trained.tensor().unwrap());
            let peak = evaluated.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
            let pairs = trained.iter().zip(&evaluated);
            let worst = pairs.fold(0.0f32, |worst, (t, e)| worst.max((t - e).abs()));
            let has_norms = params.all().len() > params.trainable().len();
            (worst / peak, has_norms)
        };
        for freeze in [Freeze::Statistics, Freeze::Base] {
            let (stray, _) = strays(freeze);
            assert!(stray < 1e-5, "{}: {freeze:?}: {stray}", case.name);
        }
        let (stray, has_norms) = strays(Freeze::Nothing);
        assert_eq!(stray > 1e-3, has_norms, "{}: {stray}", case.name);
    }
}

/// `fill` loads after the network is built, so this also shows that a frozen layer sees what is
/// loaded later.
#[test]
fn a_frozen_network_answers_as_a_free_one() {
    let x = formula::tensor("input", &[2, 3, 33, 32]);
    let answers = [Freeze::Nothing, Freeze::Statistics, Freeze::Base].map(|freeze| {
        let (_, network) = frozen(RESNET_18, freeze);
        flat(&network.predict(&x).unwrap())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn frozen_statistics_stay_while_weights_learn() {
    let (free, network) = frozen(RESNET_18, Freeze::Nothing);
    let before = flat(&free.snapshot().unwrap()["bn1.running_mean"]);
    step(&free, network.as_ref(), 3);
    assert_ne!(flat(&free.snapshot().unwrap()["bn1.running_mean"]), before);

    let (still, network) = frozen(RESNET_18, Freeze::Statistics);
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

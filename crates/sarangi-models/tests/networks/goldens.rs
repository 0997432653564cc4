//! Logits, gradients and running statistics against torch's in f64; `fixtures/make/network_goldens.py`.

use candle_core::Tensor;
use ndarray::IxDyn;
use sarangi_core::{Seed, TensorExt};
use sarangi_nn::{CrossEntropy, Mode, Targets, Value, cross_entropy};
use sarangi_testkit::{Golden, goldens};

use crate::{build, formula};

/// 2-norm, scalar product with the formula's values, four elements.
fn probe(name: &str, tensor: &Tensor) -> [f64; 6] {
    let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let direction = formula::values(&format!("probe {name}"), values.len());
    let pairs = values.iter().zip(&direction);
    let sums = pairs.fold([0.0f64; 2], |[squares, product], (&v, &d)| {
        let (v, d) = (f64::from(v), f64::from(d));
        [squares + v * v, product + v * d]
    });
    let picked = |i: usize| f64::from(values[i * values.len() / 4]);
    [
        sums[0].sqrt(),
        sums[1],
        picked(0),
        picked(1),
        picked(2),
        picked(3),
    ]
}

/// Compares probes with the golden's: the differences as a share of the tensor's own norm. A gradient
/// that is 0 but for rounding, as of a bias before a norm, is measured by the whole gradient's.
fn assert_near(
    golden: &Golden,
    field: &str,
    (names, got): (&[String], &[[f64; 6]]),
    total: f64,
    rtol: impl Fn(&str) -> f64,
) {
    let want = golden.array(field);
    assert_eq!(want.shape(), [names.len(), 6]);
    assert_eq!(names.len(), got.len());
    for ((name, got), want) in names.iter().zip(got).zip(want.outer_iter()) {
        let want: Vec<f64> = want.iter().map(|&x| f64::from(x)).collect();
        let scale = match want[0] < 1e-10 * total {
            true => 1e-3 * total,
            false => want[0] + 1e-5 * total,
        };
        for (got, want) in got.iter().zip(&want) {
            let error = (got - want).abs() / scale;
            let (golden, rtol) = (&golden.name, rtol(name));
            assert!(
                error < rtol,
                "{golden}: `{name}` strays by {error:e}, not {rtol:e}"
            );
        }
    }
}

fn names(golden: &Golden, field: &str) -> Vec<String> {
    serde_json::from_value(golden.spec[field].clone()).unwrap()
}

/// As the network is described, but with every dropout off, since torch's draws are its own.
fn without_dropout(golden: &Golden) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let settings = golden.spec["settings"].as_object().unwrap();
    let mut settings: Vec<_> = settings
        .iter()
        .map(|(field, value)| (field.clone(), text(value)))
        .collect();
    let model = golden.spec["model"].as_str().unwrap();
    let none = ["small_cnn", "softmax_regression"];
    if !none.contains(&model) {
        settings.push(("dropout".to_owned(), "0".to_owned()));
    }
    if model == "cnn14" {
        settings.push(("conv_dropout".to_owned(), "0".to_owned()));
    }
    settings
}

fn check(golden: &Golden) {
    let number = |field: &str| golden.spec[field].as_u64().unwrap() as usize;
    let settings = without_dropout(golden);
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(field, value)| (field.as_str(), value.as_str()))
        .collect();
    let channels_classes = [number("in_channels"), number("classes")];
    let model = golden.spec["model"].as_str().unwrap();
    let (params, network) = build(model, &settings, channels_classes);
    formula::fill(&params, golden.spec["shift"].as_f64().unwrap() as f32);
    let trainable: Vec<String> = params
        .trainable()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(trainable, names(golden, "gradients"), "{}", golden.name);

    let shape: Vec<usize> = serde_json::from_value(golden.spec["input"].clone()).unwrap();
    let x = formula::tensor("input", &shape);
    let compare = |name: &str, tensor: &Tensor| {
        tensor
            .with_array::<IxDyn, _>(|got| golden.assert_close(name, got))
            .unwrap();
    };
    compare("eval", &network.predict(&x).unwrap());

    let mut rng = Seed(0).rng(0, 0);
    let xs = Value::tracked(&x).unwrap();
    let logits = network.forward(&xs, Mode::Train(&mut rng)).unwrap();
    compare("train", &logits.tensor().unwrap());
    let targets: Vec<u32> = (0..shape[0])
        .map(|i| (i % channels_classes[1]) as u32)
        .collect();
    let settings = CrossEntropy::default();
    let loss = cross_entropy(&logits, Targets::Classes(&targets), &settings).unwrap();
    compare("loss", &loss.tensor().unwrap().reshape(1).unwrap());
    let gradients = loss.backward().unwrap();
    let rtol = golden.spec["gradients_rtol"].as_f64().unwrap();

    let probes: Vec<_> = params
        .trainable()
        .iter()
        .map(|(name, var)| {
            let zeros = || var.zeros_like().unwrap();
            let gradient = gradients.get(var).unwrap().unwrap_or_else(zeros);
            probe(name, &gradient)
        })
        .collect();
    let total = f64::from(golden.array("total")[[0]]);
    // What nearly cancels is as exact as torch's own in f32, within a factor of two.
    let loose = |name: &str| golden.spec["torch_strays"][name].as_f64();
    let of_gradients = |name: &str| loose(name).map_or(rtol, |strays| (2.0 * strays).max(rtol));
    let gradients = (&trainable[..], &probes[..]);
    assert_near(golden, "gradients", gradients, total, of_gradients);

    let statistics = names(golden, "statistics");
    let moved = params.snapshot().unwrap();
    let probes: Vec<_> = statistics
        .iter()
        .map(|name| probe(name, &moved[name]))
        .collect();
    if !probes.is_empty() {
        assert_near(golden, "statistics", (&statistics, &probes), 0.0, |_| 1e-4);
    }
    assert_eq!(params.all().len(), trainable.len() + statistics.len());
}

/// Checks the goldens of some networks; several tests, so that they run side by side.
fn check_all(models: &[&str]) {
    let goldens: Vec<Golden> = goldens("models/networks")
        .into_iter()
        .filter(|golden| models.contains(&golden.spec["model"].as_str().unwrap()))
        .collect();
    assert!(goldens.len() >= models.len());
    goldens.iter().for_each(check);
}

#[test]
fn residual_networks_equal_torchvision() {
    check_all(&["resnet18", "resnet34", "resnet50"]);
}

#[test]
fn xception_and_mobilenets_equal_timm_and_torchvision() {
    check_all(&["legacy_xception", "mobilenet_v1", "mobilenet_v2"]);
}

#[test]
fn densenet_equals_torchvision() {
    check_all(&["densenet201"]);
}

#[test]
fn small_networks_equal_torch() {
    check_all(&[
        "five_channel_cnn",
        "basic_cnn",
        "small_cnn",
        "softmax_regression",
    ]);
}

#[test]
fn audio_networks_equal_torch() {
    check_all(&["short_chunk_cnn", "cnn14"]);
}

#[test]
fn late_fusions_equal_torch() {
    check_all(&["late_fusion"]);
}

/// Every name that a recipe may have.
#[test]
fn no_network_is_without_a_golden() {
    let have: Vec<String> = goldens("models/networks")
        .iter()
        .map(|golden| golden.spec["model"].as_str().unwrap().replace('_', "-"))
        .collect();
    for name in sarangi_models::ModelSpec::NAMES {
        let there = have.iter().any(|model| model == name);
        assert!(there, "{name}");
    }
}

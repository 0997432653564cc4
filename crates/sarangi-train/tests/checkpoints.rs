//! Model files of earlier versions load for ever, and answer as they did.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use sarangi_core::{Backend, Seed, Spec};
use sarangi_models::{ModelContext, ModelSpec};
use sarangi_nn::Params;
use sarangi_testkit::fixture;
use sarangi_train::{Classifier, ModelFile};

#[test]
fn a_model_of_version_1_answers() {
    let path = fixture("checkpoints/v1/quickstart.safetensors");
    let classifier = Classifier::load(path, Backend::Cpu).unwrap();
    assert_eq!(
        classifier.card().labels,
        ["drone", "march", "pluck", "pulse"]
    );
    for clip in ["drone.mp3", "march.ogg", "pluck.mp3", "pulse.flac"] {
        let answer = classifier
            .classify_file(fixture("unseen").join(clip))
            .unwrap();
        assert!(clip.starts_with(&answer.label), "{clip}: {}", answer.label);
        assert!(answer.confidence > 0.9, "{clip}: {}", answer.confidence);
        assert_eq!(answer.ranking.len(), 4);
        let sum: f32 = answer.ranking.iter().map(|(_, p)| p).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    }
}

/// The last layer behind a dropout was once called `fc.1`.
#[test]
fn a_model_with_the_older_name_of_its_last_layer_answers() {
    let mut model = ModelFile::read(fixture("checkpoints/v1/quickstart.safetensors")).unwrap();
    let settings = [("head", "dropout_linear")];
    model.card.recipe.model = ModelSpec::named("resnet18", &settings).unwrap();
    let params = Params::new(Seed(1), &Device::Cpu);
    let cx = ModelContext {
        params: &params,
        in_channels: model.card.input[0],
        classes: model.card.labels.len(),
    };
    let network = model.card.recipe.model.build(cx).unwrap();
    let older = |name: String| match name.strip_prefix("fc.") {
        Some(kind) => format!("fc.1.{kind}"),
        None => name,
    };
    let weights = params.snapshot().unwrap();
    let weights: BTreeMap<_, _> = weights.into_iter().map(|(n, t)| (older(n), t)).collect();
    assert!(weights.contains_key("fc.1.weight") && !weights.contains_key("fc.weight"));
    model.weights = weights;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.write(&path).unwrap();

    let read = ModelFile::read(&path).unwrap();
    assert!(read.weights.contains_key("fc.weight"));
    let again = read.network(&Device::Cpu).unwrap();
    let x = Tensor::ones((1, 5, 32, 32), DType::F32, &Device::Cpu).unwrap();
    let answers = [network, again].map(|network| {
        let logits = network.predict(&x).unwrap();
        logits.to_vec2::<f32>().unwrap()
    });
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn writing_what_was_read_makes_the_same_bytes() {
    let path = fixture("checkpoints/v1/quickstart.safetensors");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.safetensors");
    ModelFile::read(&path).unwrap().write(&copy).unwrap();
    assert!(std::fs::read(path).unwrap() == std::fs::read(copy).unwrap());
}

#[test]
fn files_that_are_no_models_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(fixture("checkpoints/v1/quickstart.safetensors")).unwrap();
    let later = String::from_utf8_lossy(&bytes[8..2000]).replace("version", "versiom");
    let mut renamed = bytes.clone();
    renamed[8..2000].copy_from_slice(&later.as_bytes()[..1992]);
    for (name, content) in [
        ("empty", &b""[..]),
        ("text", b"not a model"),
        ("half", &bytes[..bytes.len() / 2]),
        ("renamed", &renamed),
    ] {
        let path = folder.path().join(format!("{name}.safetensors"));
        std::fs::write(&path, content).unwrap();
        let error = Classifier::load(&path, Backend::Cpu)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(name) && error.lines().count() == 1,
            "{error}"
        );
    }
    let weights_alone = fixture("golden/models/five_channel_cnn_5.safetensors");
    let error = ModelFile::read(weights_alone).unwrap_err().to_string();
    assert!(error.contains("sarangi.recipe"), "{error}");
}

//! Trained models as lists of operations.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use sarangi_core::Error;
use sarangi_data::Normalisation;
use sarangi_nn::Operation;
use sarangi_testkit::fixture;
use sarangi_train::ModelFile;

fn model() -> ModelFile {
    ModelFile::read(fixture("checkpoints/v1/quickstart.safetensors")).unwrap()
}

#[test]
fn features_are_scaled_in_the_graph() {
    let mut file = model();
    let Normalisation::Standardise { mean, deviation } = file.card.normalisation.clone() else {
        panic!("{:?}", file.card.normalisation)
    };
    let graph = file.graph().unwrap();
    assert_eq!(graph.inputs[0].dims, [1, 5, 40, 130]);
    let Operation::BatchNorm {
        gamma,
        mean: center,
        eps,
        ..
    } = graph.nodes[0].operation
    else {
        panic!("{:?}", graph.nodes[0])
    };
    assert_eq!(eps, 0.0);
    let constant = |number: usize| {
        let constant = &graph.constants[number];
        (
            constant.name.as_str(),
            constant.tensor.to_vec1::<f32>().unwrap(),
        )
    };
    let scale = deviation.iter().map(|deviation| 1.0 / deviation).collect();
    assert_eq!(constant(gamma), ("normalisation.weight", scale));
    assert_eq!(constant(center), ("normalisation.running_mean", mean));

    file.card.normalisation = Normalisation::None;
    let plain = file.graph().unwrap();
    assert_eq!(plain.nodes.len() + 1, graph.nodes.len());
    assert!(matches!(plain.nodes[0].operation, Operation::Conv2d { .. }));
}

#[test]
fn the_options_hold_the_whole_card() {
    let file = model();
    let options = file.onnx_options().unwrap();
    assert_eq!(options.labels, file.card.labels);
    let card = serde_json::from_str(&options.metadata["sarangi.recipe"]).unwrap();
    assert_eq!(file.card, card);
}

#[test]
fn models_that_do_not_fit_themselves_are_refused() {
    let unfit = |spoil: fn(&mut ModelFile), part: &str| {
        let mut file = model();
        spoil(&mut file);
        let error = file.graph().unwrap_err();
        assert!(matches!(error, Error::Shape { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    unfit(|file| file.card.input = [5, 40, 131], "front end");
    unfit(|file| file.card.labels.truncate(3), "out.");
    unfit(|file| file.weights = [].into(), "block1.0.weight");
    unfit(
        |file| {
            file.card.normalisation = Normalisation::Standardise {
                mean: vec![0.0; 5],
                deviation: vec![1e-45; 5],
            };
        },
        "normalisation.weight",
    );
}

//! `sarangi export`.

use std::path::Path;

use ndarray::{ArrayD, Axis, Ix4};
use ndarray_npy::read_npy;
use sarangi::core::{Seed, Spec};
use sarangi::models::{ModelContext, ModelSpec, save_weights};
use sarangi::nn::Params;
use sarangi_testkit::{fixture, goldens};
use serde_json::{Value, json};
use tract_onnx::prelude::{Framework, InferenceModelExt, IntoTValue, TVec, Tensor};

use crate::support::{Folder, Ran, run};

/// What another program makes of the file.
fn logits(file: &Path, inputs: &[&ArrayD<f32>]) -> ArrayD<f32> {
    let model = tract_onnx::onnx().model_for_path(file).unwrap();
    let plan = model.into_optimized().unwrap().into_runnable().unwrap();
    let tensor = |x: &&ArrayD<f32>| {
        let values: Vec<f32> = x.iter().copied().collect();
        Tensor::from_shape(x.shape(), &values)
            .unwrap()
            .into_tvalue()
    };
    let outputs = plan
        .run(inputs.iter().map(tensor).collect::<TVec<_>>())
        .unwrap();
    let values = outputs[0].as_slice::<f32>().unwrap().to_vec();
    ArrayD::from_shape_vec(outputs[0].shape(), values).unwrap()
}

fn answer(ran: Ran) -> Value {
    serde_json::from_str(&ran.done()).unwrap()
}

#[test]
fn a_trained_model_says_elsewhere_what_it_says_here() {
    let folder = Folder::new();
    let model = fixture("checkpoints/v1/quickstart.safetensors");
    let file = folder.path("out/model.onnx");
    let said = answer(run!("export", "--json", &model, &file));
    let input = json!([{ "name": "input", "shape": ["batch", 5, 40, 130] }]);
    assert_eq!(said["inputs"], input);
    assert_eq!(said["logits"], json!(["batch", 4]));
    assert_eq!(said["labels"], json!(["drone", "march", "pluck", "pulse"]));
    assert_eq!(said["weights"], Value::Null);
    assert_eq!(folder.files(""), ["out/model.onnx"]);

    let song = fixture("unseen/march.ogg");
    let features = folder.path("features.npy");
    run!(
        "extract",
        "--feature",
        "five-channel",
        "--chunk",
        "3",
        &song,
        &features
    )
    .done();
    let features: ArrayD<f32> = read_npy(&features).unwrap();
    let predicted = answer(run!("predict", "--json", "--chunks", &model, &song));
    let chunks = predicted[0]["chunks"].as_array().unwrap();
    let scores = logits(&file, &[&features]);
    // Prediction leaves out the silence at the end that features are filled up with.
    assert!(!chunks.is_empty() && chunks.len() <= scores.len_of(Axis(0)));
    for (chunk, scores) in chunks.iter().zip(scores.axis_iter(Axis(0))) {
        let peak = scores.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f32 = scores.iter().map(|s| (s - peak).exp()).sum();
        for (said, score) in chunk["probabilities"]
            .as_array()
            .unwrap()
            .iter()
            .zip(scores)
        {
            let (here, there) = (
                said.as_f64().unwrap(),
                f64::from((score - peak).exp() / sum),
            );
            assert!((here - there).abs() < 1e-4, "{here} and {there}");
        }
    }

    let proto = tract_onnx::onnx().proto_model_for_path(&file).unwrap();
    let entry = |key: &str| {
        let mut entries = proto.metadata_props.iter();
        let entry = entries.find(|entry| entry.key == key).unwrap();
        serde_json::from_str::<Value>(&entry.value).unwrap()
    };
    assert_eq!(entry("labels"), said["labels"]);
    assert_eq!(
        entry("sarangi.recipe")["recipe"]["front_end"]["rate"],
        22_050
    );

    let text = run!("export", &model, &file);
    assert_eq!(text.err, "");
    let expected = "model.onnx  input (batch, 5, 40, 130) -> logits (batch, 4)\n";
    assert!(text.out.ends_with(expected), "{text:?}");
}

#[test]
fn a_network_by_name_takes_anybodys_weights() {
    let golden = goldens("models").into_iter();
    let golden = golden
        .clone()
        .find(|golden| golden.name == "five_channel_cnn_5");
    let golden = golden.unwrap();
    let folder = Folder::new();
    let file = folder.path("x.onnx");
    let weights = fixture("golden/models/five_channel_cnn.pth");
    let x = golden.array("x").into_dimensionality::<Ix4>().unwrap();
    let (_, channels, height, width) = x.dim();
    let size = format!("{channels}x{height}x{width}");
    let network = ["--model", "five-channel-cnn", "--size"];
    let [model, name, flag] = network;
    let ran = run!("export", &weights, &file, model, name, flag, &size);
    assert!(ran.err.contains("20 mapped"), "{ran:?}");
    ran.done();
    golden.assert_close("y", logits(&file, &[&x.into_dyn()]).view());
    let size = format!("mel={size}");
    let said = run!(
        "export", "--json", "--quiet", &weights, &file, model, name, flag, &size
    );
    assert_eq!(said.err, "");
    let said = answer(said);
    assert_eq!(said["inputs"][0]["name"], "mel");
    assert_eq!(said["weights"]["mapped"].as_array().unwrap().len(), 20);
}

#[test]
fn several_inputs_are_several() {
    let folder = Folder::new();
    let settings = [("base", "five-channel-cnn")];
    let params = Params::new(Seed(1), &sarangi::prelude::Backend::Cpu.device().unwrap());
    let cx = ModelContext {
        params: &params,
        in_channels: 4,
        classes: 3,
    };
    let spec = ModelSpec::named("late-fusion", &settings).unwrap();
    spec.build(cx).unwrap();
    let weights = folder.path("fusion.safetensors");
    save_weights(&params, &weights).unwrap();
    let file = folder.path("x.onnx");
    let export = |sizes: &[&str]| {
        let sizes = sizes.iter().flat_map(|size| ["--size", size]);
        let network = ["--json", "--quiet", "--model", "late-fusion"];
        let settings = ["--set", "base=five-channel-cnn", "--classes", "3"];
        let rest = network.into_iter().chain(settings).chain(sizes);
        let paths = [weights.as_os_str(), file.as_os_str()].into_iter();
        let first = ["export".as_ref()].into_iter().chain(paths);
        crate::support::sarangi(first.chain(rest.map(std::ffi::OsStr::new)))
    };
    let said = answer(export(&["spectrogram=2x12x13", "wavelet=2x20x9"]));
    assert_eq!(said["inputs"][1]["name"], "wavelet");
    assert_eq!(said["inputs"][1]["shape"], json!(["batch", 2, 20, 9]));
    let pictures = [[2, 2, 12, 13], [2, 2, 20, 9]].map(|dims| ArrayD::from_elem(&dims[..], 0.5));
    let [a, b] = &pictures;
    assert_eq!(logits(&file, &[a, b]).shape(), [2, 3]);
    let said = answer(export(&["4x12x13"]));
    assert_eq!(said["inputs"][0]["shape"], json!(["batch", 4, 12, 13]));

    std::fs::remove_file(&file).unwrap();
    let ran = export(&["spectrogram=2x12x13", "2x20x9"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("wavelet=3x64x64"), "{ran:?}");
    export(&["spectrogram=2x12x13", "wave=2x20x9"]).failed(&["wave", "`wavelet`"]);
    export(&["spectrogram=2x12x13", "wavelet=2x3x9"]).failed(&["--size", "at least 4"]);
    assert_eq!(folder.files(""), ["fusion.safetensors"]);
}

#[test]
fn what_cannot_be_exported_is_named_and_nothing_is_written() {
    let folder = Folder::new();
    let file = folder.path("x.onnx");
    let weights = fixture("golden/models/five_channel_cnn.pth");
    run!("export", folder.path("none.safetensors"), &file).failed(&["none.safetensors"]);
    let text = folder.write("in/text.txt", "no model");
    run!("export", &text, &file).failed(&["text.txt"]);
    run!("export", &weights, &file).failed(&[
        "five_channel_cnn.pth",
        "--model NAME",
        "--size CxHxW",
    ]);
    let by_name = |size: &str, name: &str| {
        run!(
            "export", "--quiet", &weights, &file, "--model", name, "--size", size
        )
    };
    by_name("3x13x22", "five-channel-cnn").failed(&["five_channel_cnn.pth", "block1.0.weight"]);
    by_name("5x3x22", "five-channel-cnn").failed(&["--size", "at least 4"]);
    by_name("5x13x22", "six-channel-cnn").failed(&["six-channel-cnn", "five-channel-cnn"]);
    let model = fixture("checkpoints/v1/quickstart.safetensors");
    let below = text.join("x.onnx");
    run!("export", &model, &below).failed(&["text.txt"]);
    for (ran, part) in [
        (run!("export", &model), "OUT.onnx"),
        (
            run!("export", &model, &file, "--size", "5x40x130"),
            "--model",
        ),
        (
            run!("export", &weights, &file, "--model", "five-channel-cnn"),
            "--size",
        ),
        (by_name("5x40", "five-channel-cnn"), "5x40"),
        (by_name("0x40x130", "five-channel-cnn"), "0x40x130"),
    ] {
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(part), "`{part}` is not in {ran:?}");
    }
    assert_eq!(folder.files(""), ["in/text.txt"]);
}

//! Whose name is whose: whole networks of torchvision and timm against ours.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/build.rs"]
mod any;

use std::collections::BTreeMap;
use std::fs;

use candle_core::{DType, Device, Tensor};
use sarangi_core::{Error, Seed};
use sarangi_models::{
    ModelSpec, WeightOptions, WeightReport, apply_weights, class_count, load_weights,
    match_weights, read_weights, save_weights,
};
use sarangi_nn::Params;
use sarangi_testkit::fixture;
use serde_json::Value;

/// The names and shapes of a network elsewhere, in the order in which it has them.
fn names(network: &str) -> Vec<(String, Vec<usize>)> {
    let text = fs::read_to_string(fixture("weights/names.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let names = all[network].as_object().unwrap().iter();
    names
        .map(|(name, shape)| (name.clone(), serde_json::from_value(shape.clone()).unwrap()))
        .collect()
}

/// The tensors of a network elsewhere; `rename` says what they are called this time.
fn tensors(network: &str, rename: impl Fn(&str) -> String) -> BTreeMap<String, Tensor> {
    let zeros = |shape: Vec<usize>| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let names = names(network).into_iter();
    names
        .map(|(name, shape)| (rename(&name), zeros(shape)))
        .collect()
}

fn build(spec: &str, in_channels: usize, classes: usize) -> Params {
    build_at(
        Params::new(Seed(1), &Device::Cpu),
        spec,
        in_channels,
        classes,
    )
}

/// Names and shapes alone.
fn outline(spec: &str, in_channels: usize, classes: usize) -> Params {
    build_at(Params::outline(&Device::Cpu), spec, in_channels, classes)
}

fn build_at(params: Params, spec: &str, in_channels: usize, classes: usize) -> Params {
    let spec: ModelSpec = serde_json::from_str(spec).unwrap();
    any::build(&spec, &params, [in_channels, classes]).unwrap();
    params
}

const RESNET_18: &str = r#"{"type": "resnet", "layers": 18}"#;
const RESNET_34: &str = r#"{"type": "resnet", "layers": 34}"#;
const MOBILENET_V2: &str = r#"{"type": "mobilenet_v2"}"#;
const MOBILENET_V1: &str = r#"{"type": "mobilenet_v1"}"#;
const RESNET_50: &str = r#"{"type": "resnet", "layers": 50}"#;
const DENSENET_201: &str = r#"{"type": "densenet201"}"#;
const LEGACY_XCEPTION: &str = r#"{"type": "legacy_xception"}"#;

#[track_caller]
fn matched(params: &Params, tensors: &BTreeMap<String, Tensor>) -> WeightReport {
    let report = match_weights(params, tensors, &WeightOptions::default());
    assert!(report.is_complete(), "{report}");
    report
}

#[test]
fn networks_of_torchvision_and_timm_are_ours_name_for_name() {
    for (spec, theirs) in [
        (RESNET_18, "torchvision resnet18"),
        (RESNET_18, "timm resnet18"),
        (RESNET_34, "timm resnet34"),
        (MOBILENET_V2, "torchvision mobilenet_v2"),
        (LEGACY_XCEPTION, "timm legacy_xception"),
        (RESNET_50, "torchvision resnet50"),
        (MOBILENET_V1, "timm mobilenetv1_100"),
        (DENSENET_201, "torchvision densenet201"),
        (DENSENET_201, "timm densenet201"),
    ] {
        let params = outline(spec, 3, 1000);
        let report = matched(&params, &tensors(theirs, str::to_owned));
        assert!(report.mapped.iter().all(|m| m.from == m.to), "{theirs}");
        assert!(report.unused.len() > 10, "{theirs}");
    }
}

#[test]
fn names_of_mobilenet_v2_in_timm_mean_what_stands_at_the_same_place_in_torchvision() {
    let params = outline(MOBILENET_V2, 3, 1000);
    let report = matched(&params, &tensors("timm mobilenetv2_100", str::to_owned));
    let mapped = report.mapped.iter();
    let mapped: BTreeMap<_, _> = mapped.map(|m| (m.from.clone(), m.to.clone())).collect();
    // Both make their layers in the order of the paper.
    let ours = names("torchvision mobilenet_v2").into_iter();
    for ((theirs, _), (ours, _)) in names("timm mobilenetv2_100").into_iter().zip(ours) {
        assert_eq!(
            theirs.ends_with("num_batches_tracked"),
            ours.ends_with("num_batches_tracked")
        );
        if !ours.ends_with("num_batches_tracked") {
            assert_eq!(mapped[&theirs], ours, "{theirs}");
        }
    }
    assert_eq!(mapped.len(), 262);
}

#[test]
fn wrappers_and_the_systems_own_names_are_understood() {
    let params = build(RESNET_18, 3, 1000);
    let theirs = |rename: fn(&str) -> String| tensors("torchvision resnet18", rename);
    for tensors in [
        theirs(|name| format!("module.{name}")),
        theirs(|name| format!("model.{name}")),
        theirs(|name| format!("module._orig_mod.{name}")),
        theirs(|name| name.replace("downsample", "shortcut")),
        theirs(|name| format!("base_model.{}", name.replace("fc.", "fc.1."))),
        theirs(|name| name.replace("fc.", "last_linear.")),
    ] {
        let report = matched(&params, &tensors);
        assert_eq!(report.mapped.len(), 102);
        assert_eq!(class_count(&tensors), Some(1000));
        for mapped in &report.mapped {
            let layer = |name: &str| {
                name.split('.')
                    .rev()
                    .take(2)
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            if !mapped.to.starts_with("fc") {
                assert_eq!(layer(&mapped.from), layer(&mapped.to), "{mapped:?}");
            }
        }
    }
}

#[test]
fn the_old_names_of_densenets_are_understood() {
    let params = outline(DENSENET_201, 3, 1000);
    matched(&params, &tensors("timm densenet201", str::to_owned));
    let old = |name: &str| {
        let mut name = name.to_owned();
        if name.contains("denselayer") {
            for (new, old) in [
                ("norm1", "norm.1"),
                ("norm2", "norm.2"),
                ("conv1", "conv.1"),
                ("conv2", "conv.2"),
            ] {
                name = name.replace(new, old);
            }
        }
        name
    };
    let theirs = tensors("torchvision densenet201", old);
    assert!(theirs.contains_key("features.denseblock4.denselayer32.conv.2.weight"));
    let report = matched(&params, &theirs);
    for mapped in report.mapped {
        assert_eq!(mapped.from, old(&mapped.to));
    }
}

#[test]
fn what_does_not_fit_is_named_and_changes_nothing() {
    let params = build(RESNET_18, 3, 10);
    let mut theirs = tensors("torchvision resnet18", str::to_owned);
    theirs.remove("layer4.1.bn2.bias");
    theirs.insert("fc2.weight".into(), theirs["fc.weight"].clone());
    theirs.insert("module.bn1.bias".into(), theirs["bn1.bias"].clone());
    let report = match_weights(&params, &theirs, &WeightOptions::default());
    assert_eq!(report.missing[0].name, "layer4.1.bn2.bias");
    let left_over: Vec<_> = report.left_over.iter().map(|t| t.name.as_str()).collect();
    // One place, one tensor: the second that could be it is left over.
    assert_eq!(left_over, ["fc2.weight", "module.bn1.bias"]);
    let mis_shaped: Vec<_> = report.mis_shaped.iter().map(|t| t.from.as_str()).collect();
    assert_eq!(mis_shaped, ["fc.bias", "fc.weight"]);
    let text = report.to_string();
    for part in [
        "missing    layer4.1.bn2.bias [512]",
        "left over  fc2.weight [1000, 512]",
        "mis-shaped fc.bias [1000] instead of [10]",
    ] {
        assert!(text.contains(part), "{text}");
    }

    let before = params.snapshot().unwrap()["conv1.weight"].to_string();
    let error = apply_weights(&params, theirs, &WeightOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }));
    let message = error.to_string();
    for part in [
        "`fc.bias` has shape [1000] instead of [10]",
        "`layer4.1.bn2.bias` is missing",
        "`fc2.weight`, `module.bn1.bias` are unknown",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(
        params.snapshot().unwrap()["conv1.weight"].to_string(),
        before
    );
    let file = fixture("golden/models/five_channel_cnn.pth");
    let message = load_weights(&params, file).unwrap_err().to_string();
    for part in ["five_channel_cnn.pth: ", "`block1.0.weight`", "missing"] {
        assert!(message.contains(part), "{message}");
    }
    let another = tensors("timm legacy_xception", str::to_owned);
    let message = apply_weights(&params, another, &WeightOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains(" more are missing") && message.len() < 1000,
        "{message}"
    );
}

#[test]
fn a_new_head_stays_as_it_was_drawn() {
    let params = build(RESNET_18, 3, 10);
    let head = params.snapshot().unwrap()["fc.weight"].to_string();
    let options = WeightOptions {
        without_head: true,
        ..WeightOptions::default()
    };
    let theirs = tensors("torchvision resnet18", |name| format!("module.{name}"));
    let report = apply_weights(&params, theirs, &options).unwrap();
    assert_eq!(report.kept, ["fc.bias", "fc.weight"]);
    assert_eq!(report.left_out, ["module.fc.bias", "module.fc.weight"]);
    assert_eq!(report.mapped.len(), 100);
    let after = params.snapshot().unwrap();
    assert_eq!(after["fc.weight"].to_string(), head);
    let stem = after["conv1.weight"].abs().unwrap().sum_all().unwrap();
    assert_eq!(stem.to_scalar::<f32>().unwrap(), 0.0);
    // A file without any head will do, too.
    let mut headless = tensors("torchvision resnet18", str::to_owned);
    headless.retain(|name, _| !name.starts_with("fc."));
    assert_eq!(class_count(&headless), None);
    apply_weights(&params, headless, &options).unwrap();
}

/// A network knows what its head is, whatever it is called; what stays is everything else.
#[test]
fn without_the_head_every_network_takes_its_base_from_another_of_other_classes() {
    const LATE_FUSION: &str = r#"{"type": "late_fusion", "fusion": "gated", "shared_base": true}"#;
    let hidden = r#"{"type": "resnet", "layers": 18, "head": "hidden256"}"#;
    for (spec, channels, kept) in [
        (r#"{"type": "basic_cnn", "size": [16, 16]}"#, 3, 2),
        (r#"{"type": "cnn14", "channels": 1}"#, 1, 2),
        (r#"{"type": "short_chunk_cnn", "channels": 1}"#, 1, 2),
        (r#"{"type": "five_channel_cnn"}"#, 5, 2),
        (LATE_FUSION, 6, 2 * 6),
        (hidden, 3, 4),
    ] {
        let (here, there) = (build(spec, channels, 7), build(spec, channels, 10));
        let theirs = there.snapshot().unwrap();
        assert_eq!(class_count(&theirs), Some(10), "{spec}");
        let options = WeightOptions {
            without_head: true,
            ..WeightOptions::default()
        };
        let report = apply_weights(&here, theirs.clone(), &options).unwrap();
        assert_eq!(report.kept.len(), kept, "{spec}: {report}");
        assert_eq!(report.left_out, report.kept, "{spec}");
        let mapped = here.all().len() - kept;
        assert_eq!(report.mapped.len(), mapped, "{spec}: {report}");
        let strict = match_weights(&here, &theirs, &WeightOptions::default());
        assert!(!strict.is_complete(), "{spec}");
    }
}

#[test]
fn a_stem_is_adapted_only_when_asked() {
    let params = build(RESNET_18, 1, 1000);
    let mut theirs = tensors("torchvision resnet18", str::to_owned);
    let ones = Tensor::ones((64, 3, 7, 7), DType::F32, &Device::Cpu).unwrap();
    theirs.insert("conv1.weight".into(), ones);
    let strict = apply_weights(&params, theirs.clone(), &WeightOptions::default());
    let message = strict.unwrap_err().to_string();
    assert!(
        message.contains("`conv1.weight` has shape [64, 3, 7, 7]"),
        "{message}"
    );
    let options = WeightOptions {
        adapt_stem: true,
        ..WeightOptions::default()
    };
    let report = apply_weights(&params, theirs, &options).unwrap();
    let adapted: Vec<_> = report
        .mapped
        .iter()
        .filter(|m| m.adapted_from.is_some())
        .collect();
    assert_eq!(adapted.len(), 1);
    assert_eq!(adapted[0].adapted_from, Some(vec![64, 3, 7, 7]));
    let stem = params.snapshot().unwrap()["conv1.weight"]
        .flatten_all()
        .unwrap();
    assert_eq!(stem.to_vec1::<f32>().unwrap(), vec![3.0; 64 * 49]);
}

/// What `load_state_dict` asks for: the library's own names, all of them, with a dropout or without.
#[test]
fn names_are_those_of_torchvision_and_timm_with_either_head() {
    for (network, theirs) in [
        (r#""type": "resnet18""#, "torchvision resnet18"),
        (r#""type": "resnet34""#, "timm resnet34"),
        (r#""type": "resnet50""#, "torchvision resnet50"),
        (r#""type": "legacy_xception""#, "timm legacy_xception"),
        (r#""type": "mobilenet_v1""#, "timm mobilenetv1_100"),
        (r#""type": "mobilenet_v2""#, "torchvision mobilenet_v2"),
        (r#""type": "densenet201""#, "torchvision densenet201"),
        (r#""type": "densenet201""#, "timm densenet201"),
    ] {
        let mut want = names(theirs);
        want.retain(|(name, _)| !name.ends_with("num_batches_tracked"));
        want.sort();
        for head in ["linear", "dropout_linear"] {
            let params = outline(&format!(r#"{{{network}, "head": "{head}"}}"#), 3, 1000);
            let ours = params.shapes().into_iter();
            let got: Vec<_> = ours.map(|(name, shape)| (name, shape.dims)).collect();
            assert_eq!(got, want, "{theirs}, {head}");
        }
    }
}

#[test]
fn what_is_saved_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (here, there) = (build(RESNET_18, 3, 10), build(RESNET_18, 3, 10));
    let stem = &here
        .all()
        .into_iter()
        .find(|(name, _)| name == "conv1.weight")
        .unwrap()
        .1
        .var;
    stem.set(&(stem.as_tensor() * 2.0).unwrap()).unwrap();
    save_weights(&here, &path).unwrap();
    let report = load_weights(&there, &path).unwrap();
    assert!(report.mapped.iter().all(|m| m.from == m.to));
    let values = |params: &Params| -> Vec<(String, Vec<f32>)> {
        let all = params.snapshot().unwrap().into_iter();
        all.map(|(name, t)| (name, t.flatten_all().unwrap().to_vec1().unwrap()))
            .collect()
    };
    assert!(values(&here) == values(&there));
    assert_eq!(read_weights(&path).unwrap().len(), 102);
}

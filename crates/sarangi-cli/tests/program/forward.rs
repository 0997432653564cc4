//! `sarangi forward`, and what `inspect` says of weights.

use std::collections::BTreeMap;

use ndarray::{Array2, Array4, Ix4};
use ndarray_npy::{WriteNpyExt, read_npy};
use sarangi_testkit::{Golden, fixture, goldens};
use serde_json::Value;

use crate::support::{Folder, Ran, run};

fn golden(channels: usize) -> Golden {
    let name = format!("five_channel_cnn_{channels}");
    let mut all = goldens("models").into_iter();
    all.find(|golden| golden.name == name).unwrap()
}

fn write_npy<D: ndarray::Dimension>(
    folder: &Folder,
    name: &str,
    array: &ndarray::Array<f32, D>,
) -> std::path::PathBuf {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    folder.write(name, bytes)
}

fn forward(folder: &Folder, weights: &str, more: &[&str]) -> Ran {
    let weights = fixture(weights);
    let arguments = ["forward", "--model", "five-channel-cnn", "--weights"]
        .map(std::ffi::OsString::from)
        .into_iter()
        .chain([weights.into()])
        .chain(more.iter().map(std::ffi::OsString::from))
        .chain([folder.path("in.npy").into(), folder.path("out.npy").into()]);
    crate::support::sarangi(arguments)
}

#[test]
fn logits_are_torchs_from_every_kind_of_file() {
    let golden = golden(5);
    let folder = Folder::new();
    let x = golden.array("x").into_dimensionality::<Ix4>().unwrap();
    write_npy(&folder, "in.npy", &x);
    for weights in ["five_channel_cnn.pth", "five_channel_cnn.ckpt"] {
        let ran = forward(&folder, &format!("golden/models/{weights}"), &[]);
        for part in [
            "20 mapped",
            "mapped     out.weight [10, 128]",
            "0 missing, 0 left over",
        ] {
            assert!(ran.err.contains(part), "`{part}` is not in {ran:?}");
        }
        assert!(ran.done().ends_with("out.npy  (2, 10)\n"));
        let y: Array2<f32> = read_npy(folder.path("out.npy")).unwrap();
        golden.assert_close("y", y.view().into_dyn());
    }
    let ran = forward(&folder, "golden/models/five_channel_cnn.pth", &["--quiet"]);
    assert_eq!(ran.err, "");
    let more = ["--json", "--classes", "10", "--set", "dropout=0.1"];
    let answer = forward(&folder, "golden/models/five_channel_cnn.pth", &more);
    let answer: Value = serde_json::from_str(&answer.done()).unwrap();
    assert_eq!(answer["shape"], serde_json::json!([2, 10]));
    let mapped = answer["weights"]["mapped"].as_array().unwrap();
    assert_eq!(mapped.len(), 20);
    assert_eq!(answer["weights"]["missing"], serde_json::json!([]));
}

#[test]
fn many_items_are_answered_as_each_alone() {
    let golden = golden(5);
    let folder = Folder::new();
    let x = golden.array("x").into_dimensionality::<Ix4>().unwrap();
    let (_, channels, height, width) = x.dim();
    let many = Array4::from_shape_fn((35, channels, height, width), |(n, c, h, w)| {
        x[[n % 2, c, h, w]]
    });
    write_npy(&folder, "in.npy", &many);
    forward(&folder, "golden/models/five_channel_cnn.pth", &[]).done();
    let y: Array2<f32> = read_npy(folder.path("out.npy")).unwrap();
    assert_eq!(y.dim(), (35, 10));
    for start in [0, 16, 32] {
        let pair = y.slice(ndarray::s![start..start + 2, ..]).to_owned();
        golden.assert_close("y", pair.view().into_dyn());
    }
}

#[test]
fn weights_that_do_not_fit_are_named_and_nothing_is_written() {
    let folder = Folder::new();
    write_npy(&folder, "in.npy", &Array4::zeros((1, 3, 13, 22)));
    let pth = "golden/models/five_channel_cnn.pth";
    let quiet = |more: &[&str]| forward(&folder, pth, &[&["--quiet"], more].concat());
    quiet(&[]).failed(&[
        "five_channel_cnn.pth",
        "`block1.0.weight` has shape [32, 5, 3, 3] instead of [32, 3, 3, 3]",
    ]);
    let ran = forward(&folder, pth, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("mis-shaped block1.0.weight"), "{ran:?}");
    quiet(&["--classes", "7"]).failed(&["`out.bias` has shape [10] instead of [7]"]);
    let ran = quiet(&["--json", "--set", "in_channels=5", "--classes", "7"]);
    assert_eq!(ran.code, 1);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(answer["error"].as_str().unwrap().contains("out.bias"));
    assert_eq!(answer["weights"]["mis_shaped"][0]["to"], "out.bias");
    // The weights fit, the input does not.
    quiet(&["--set", "in-channels=5"]).failed(&[
        "in.npy",
        "(batch, 5, bins, frames)",
        "got [1, 3, 13, 22]",
    ]);
    quiet(&["--set", "dropuot=0.1"]).failed(&["dropuot"]);
    quiet(&["--set", "in_channels=no"]).failed(&["in_channels", "`no`"]);
    quiet(&["--set", "in-channels=no"]).failed(&["in_channels", "`no`"]);
    quiet(&["--set", "type=resnet18"]).failed(&["type", "five-channel-cnn"]);
    quiet(&["--set", "dropout=2"]).failed(&["dropout"]);
    let weights = fixture("weights/module.pth");
    let (x, y) = (folder.path("in.npy"), folder.path("out.npy"));
    let model = |name: &str| {
        run!(
            "forward",
            "--quiet",
            "--model",
            name,
            "--weights",
            &weights,
            &x,
            &y
        )
    };
    model("resnet18").failed(&["module.pth", "state_dict()"]);
    model("resnet-eighteen").failed(&["resnet-eighteen", "resnet34"]);
    let ran = run!(
        "forward",
        "--model",
        "resnet18",
        "--weights",
        &weights,
        "--classes",
        "1",
        &x,
        &y
    );
    assert_eq!(ran.code, 2);
    assert_eq!(folder.files(""), ["in.npy"]);
}

/// A safetensors file of these names and shapes, each number by its name and place.
fn safetensors(tensors: &[(&str, &[usize])], value: impl Fn(&str, usize) -> f32) -> Vec<u8> {
    let (mut header, mut values) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors {
        let start = values.len();
        let places = 0..shape.iter().product();
        values.extend(places.flat_map(|place| value(name, place).to_le_bytes()));
        let offsets = [start, values.len()];
        let of = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": offsets});
        header.insert((*name).to_owned(), of);
    }
    let header = Value::Object(header).to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &values].concat()
}

/// All of its weights are 0 but the last layer's bias, so that the logits are that bias.
#[test]
fn a_state_dictionary_of_torchvision_answers_under_its_own_names() {
    let folder = Folder::new();
    write_npy(&folder, "in.npy", &Array4::ones((1, 3, 32, 32)));
    let names = std::fs::read_to_string(fixture("weights/names.json")).unwrap();
    let names: Value = serde_json::from_str(&names).unwrap();
    let names = names["torchvision resnet18"].as_object().unwrap();
    let tensors = names.iter().map(|(name, shape)| {
        let mut shape: Vec<usize> = serde_json::from_value(shape.clone()).unwrap();
        if name.starts_with("fc.") {
            shape[0] = 4;
        }
        (format!("module.{name}"), shape)
    });
    let tensors: Vec<_> = tensors.collect();
    let tensors: Vec<(&str, &[usize])> = tensors
        .iter()
        .map(|(name, shape)| (name.as_str(), shape.as_slice()))
        .collect();
    let bias = |name: &str, place| {
        if name == "module.fc.bias" {
            place as f32
        } else {
            0.0
        }
    };
    let weights = folder.write("weights.safetensors", safetensors(&tensors, bias));
    for head in ["head=linear", "head=dropout_linear"] {
        let (x, y) = (folder.path("in.npy"), folder.path("out.npy"));
        let ran = run!(
            "forward",
            "--model",
            "resnet18",
            "--set",
            head,
            "--weights",
            &weights,
            &x,
            &y
        );
        let mapped = "102 mapped (102 under another name), 0 missing, 0 left over";
        assert!(ran.err.contains(mapped), "{ran:?}");
        assert!(ran.done().ends_with("out.npy  (1, 4)\n"));
        let y: Array2<f32> = read_npy(y).unwrap();
        assert_eq!(y.as_slice().unwrap(), [0.0, 1.0, 2.0, 3.0]);
    }
}

/// A last layer for a million classes would be 8 GiB behind DenseNet's or Xception's features.
#[test]
fn the_classes_of_a_file_are_not_believed_before_its_weights_fit() {
    let folder = Folder::new();
    write_npy(&folder, "in.npy", &Array4::zeros((1, 3, 32, 32)));
    let file = |tensors: &[(&str, &[usize])]| {
        folder.write("weights.safetensors", safetensors(tensors, |_, _| 0.0));
        let (x, y) = (folder.path("in.npy"), folder.path("out.npy"));
        let weights = folder.path("weights.safetensors");
        let ran = run!(
            "forward",
            "--quiet",
            "--model",
            "resnet50",
            "--weights",
            &weights,
            &x,
            &y
        );
        assert_eq!(folder.files(""), ["in.npy", "weights.safetensors"]);
        ran
    };
    for shape in [&[1 << 20, 0][..], &[1 << 20], &[0, 2048], &[1, 2, 3]] {
        file(&[("fc.weight", shape), ("one", &[1])]).failed(&["weights.safetensors", "--classes"]);
    }
    file(&[("fc.weight", &[1 << 20, 1])]).failed(&[
        "weights.safetensors",
        "`fc.weight` has shape [1048576, 1] instead of [1048576, 2048]",
    ]);
}

#[test]
fn inputs_that_are_no_pictures_are_refused() {
    let folder = Folder::new();
    let pth = "golden/models/five_channel_cnn.pth";
    let check = |parts: &[&str]| forward(&folder, pth, &["--quiet"]).failed(parts);
    check(&["in.npy"]);
    let good = write_npy(&folder, "in.npy", &Array4::zeros((2, 5, 13, 22)));
    let good = std::fs::read(good).unwrap();
    let with = |from: &str, to: &str| {
        let text: Vec<char> = good.iter().map(|b| char::from(*b)).collect();
        let text: String = text.into_iter().collect();
        assert!(text.contains(from), "{text:?}");
        text.replacen(from, to, 1)
            .chars()
            .map(|c| c as u8)
            .collect::<Vec<u8>>()
    };
    let cases: BTreeMap<&str, (Vec<u8>, &str)> = BTreeMap::from([
        ("empty", (Vec::new(), "not a .npy file")),
        (
            "text",
            (b"these are no numbers at all".to_vec(), "not a .npy file"),
        ),
        (
            "cut",
            (good[..good.len() - 4].to_vec(), "truncated or damaged"),
        ),
        ("header", (good[..40].to_vec(), "truncated")),
        (
            "more",
            ([&good[..], &[0; 4]].concat(), "truncated or damaged"),
        ),
        ("double", (with("<f4", "<f8"), "float32")),
        (
            "axes",
            (with("(2, 5, 13, 22)", "(2, 5, 286)  "), "four axes"),
        ),
        (
            "huge",
            (
                with("(2, 5, 13, 22)", "(2, 5, 13, 9999999999999999999)"),
                "shape",
            ),
        ),
        ("large", (with("22)}", "99999999999999999)}"), "damaged")),
        ("none", (with("(2, ", "(0, "), "nothing")),
    ]);
    for (content, part) in cases.values() {
        folder.write("in.npy", content);
        check(&["in.npy", part]);
    }
    folder.write("in.npy", with("(2, 5, 13, 22)", "(5, 2, 13, 22)"));
    check(&["block1.0.weight"]);
}

#[test]
fn inspect_lists_what_a_file_of_weights_holds() {
    let ran = run!("inspect", fixture("golden/models/five_channel_cnn.ckpt")).done();
    for part in ["numbers   30477", "classes   10", "bn_fc.running_var [128]"] {
        assert!(ran.contains(part), "`{part}` is not in {ran}");
    }
    let answer = run!("inspect", "--json", fixture("weights/types-legacy.pth")).done();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["tensors"].as_array().unwrap().len(), 10);
    assert_eq!(answer["classes"], Value::Null);
    let expected = run!("inspect", fixture("weights/expected.safetensors")).done();
    assert!(
        expected.contains("state.pth:conv.weight [4, 3, 3, 3]"),
        "{expected}"
    );
    run!("inspect", fixture("weights/module.pth")).failed(&["module.pth", "__main__.Net"]);
}

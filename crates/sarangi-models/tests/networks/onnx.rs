//! Exported networks, run by another program and held against ours.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use sarangi_core::{Error, Result, Seed};
use sarangi_models::{ModelSpec, OnnxOptions, export_onnx, save_onnx};
use sarangi_nn::{
    Conv2d, Conv2dSpec, Geometry2d, Graph, Inputs, Linear, Mode, Model, Params, Value,
    adaptive_avg_pool2d, adaptive_max_pool2d, add, avg_pool2d, concat, flatten, max_pool2d, mul,
    narrow, permute, relu, resize_bilinear, sigmoid, softmax, trace,
};
use tract_onnx::prelude::{
    Framework, Graph as TractGraph, InferenceModelExt, IntoTValue, SimplePlan, TVec,
    Tensor as TractTensor, TypedFact, TypedOp,
};

use crate::{build, formula};

type Plan = SimplePlan<TypedFact, Box<dyn TypedOp>, TractGraph<TypedFact, Box<dyn TypedOp>>>;

fn plan(file: &[u8]) -> Plan {
    let model = tract_onnx::onnx().model_for_read(&mut &file[..]).unwrap();
    model.into_optimized().unwrap().into_runnable().unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn run(plan: &Plan, inputs: &[Tensor]) -> (Vec<usize>, Vec<f32>) {
    let inputs = inputs.iter().map(|x| {
        let x = TractTensor::from_shape(x.dims(), &flat(x)).unwrap();
        x.into_tvalue()
    });
    let outputs = plan.run(inputs.collect::<TVec<_>>()).unwrap();
    let [logits] = &outputs[..] else {
        panic!("{} outputs", outputs.len())
    };
    let values = logits.as_slice::<f32>().unwrap().to_vec();
    (logits.shape().to_vec(), values)
}

fn ours(model: &dyn Model, names: &[&str], inputs: &[Tensor]) -> Tensor {
    let values: Vec<Value> = inputs.iter().map(|x| Value::new(x).unwrap()).collect();
    let logits = match &values[..] {
        [one] => model.forward(one, Mode::Eval),
        several => {
            let named: Vec<_> = names.iter().copied().zip(several).collect();
            model.forward_inputs(Inputs::Named(&named), Mode::Eval)
        }
    };
    logits.unwrap().tensor().unwrap()
}

/// Pictures each of which has twice the contrast of the one before it.
fn items(name: &str, dims: &[usize]) -> Tensor {
    let pictures = formula::tensor(name, dims);
    let contrast = (0..dims[0]).map(|item| (1 << item) as f32).collect();
    let mut per_item = vec![1; dims.len()];
    per_item[0] = dims[0];
    let contrast = Tensor::from_vec(contrast, per_item, &Device::Cpu).unwrap();
    pictures.broadcast_mul(&contrast).unwrap()
}

/// Exports a network and holds what tract makes of the file against ours, for one item and three.
fn check(what: &str, model: &dyn Model, params: &Params, inputs: &[(&str, &[usize])]) {
    let graph = trace(model, inputs, params).unwrap();
    let plan = plan(&export_onnx(&graph, &OnnxOptions::default()).unwrap());
    let names: Vec<&str> = inputs.iter().map(|(name, _)| *name).collect();
    for batch in [1, 3] {
        let tensors = inputs.iter().map(|(name, dims)| {
            let dims = [&[batch], *dims].concat();
            items(&format!("{what} {name}"), &dims)
        });
        let tensors: Vec<Tensor> = tensors.collect();
        let want = ours(model, &names, &tensors);
        let (dims, got) = run(&plan, &tensors);
        assert_eq!(dims, want.dims(), "{what}");
        let want = flat(&want);
        let peak = want.iter().fold(0.0f32, |peak, v| peak.max(v.abs()));
        for (got, want) in got.iter().zip(&want) {
            let error = (got - want).abs() / peak;
            assert!(error <= 1e-4, "{what}: {got}, not {want}; peak {peak}");
        }
        // What says the same of everything would prove nothing.
        if batch > 1 {
            let items: Vec<_> = want.chunks(want.len() / batch).collect();
            let pairs = items[0].iter().zip(items[1]);
            let apart = pairs.fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
            assert!(apart > 1e-3 * peak, "{what}: {items:?}");
        }
    }
}

/// A network by name on pictures of one input.
fn network(name: &str, settings: &[(&str, &str)], dims: [usize; 3]) {
    let (params, model) = build(name, settings, [dims[0], 5]);
    formula::fill(&params, 0.5);
    check(name, model.as_ref(), &params, &[("input", &dims)]);
}

#[test]
fn residual_networks() {
    network("resnet18", &[], [3, 40, 41]);
    let small = [("stem", "3x3"), ("head", "dropout-linear"), ("pool", "max")];
    network("resnet34", &small, [1, 17, 24]);
    network("resnet50", &[("head", "hidden256")], [2, 32, 33]);
}

#[test]
fn mobile_networks_and_xception() {
    network("mobilenet-v1", &[], [3, 33, 40]);
    network("mobilenet-v2", &[("head", "dropout-linear")], [1, 40, 33]);
    network("legacy-xception", &[], [3, 40, 37]);
}

#[test]
fn densenet() {
    network("densenet201", &[("head", "hidden256")], [3, 32, 35]);
}

#[test]
fn small_networks() {
    network("five-channel-cnn", &[], [5, 40, 130]);
    network("five-channel-cnn", &[("first_kernel", "4")], [4, 13, 23]);
    network("basic-cnn", &[("size", "[33, 40]")], [3, 33, 40]);
    network("small-cnn", &[("size", "[31, 40]")], [3, 31, 40]);
    network("softmax-regression", &[("size", "[9, 7]")], [3, 9, 7]);
}

#[test]
fn audio_networks() {
    network("short-chunk-cnn", &[("channels", "16")], [1, 64, 65]);
    network("cnn14", &[], [1, 64, 45]);
    network(
        "cnn14",
        &[("channels", "4"), ("mel_bins", "40")],
        [2, 40, 64],
    );
}

#[test]
fn late_fusions() {
    let base = ("base", "five-channel-cnn");
    for fusion in ["concatenation", "average", "gated"] {
        for shared in ["false", "true"] {
            for wiring in ["own", "first"] {
                let settings = [
                    base,
                    ("fusion", fusion),
                    ("shared_base", shared),
                    ("wiring", wiring),
                ];
                let (params, model) = build("late-fusion", &settings, [6, 4]);
                formula::fill(&params, 0.5);
                let what = format!("{settings:?}");
                // Side by side in one, and each by its name and of its own size.
                check(&what, model.as_ref(), &params, &[("input", &[6, 16, 20])]);
                let named: [(&str, &[usize]); 2] =
                    [("spectrogram", &[3, 16, 20]), ("wavelet", &[3, 23, 9])];
                check(&what, model.as_ref(), &params, &named);
            }
        }
    }
    let three = [("inputs", r#"["a", "b", "c"]"#), ("fusion", "gated")];
    let (params, model) = build("late-fusion", &three, [3, 4]);
    formula::fill(&params, 0.5);
    let picture: &[usize] = &[1, 32, 33];
    let named = [("a", picture), ("b", picture), ("c", picture)];
    check("three", model.as_ref(), &params, &named);
}

#[test]
fn every_name_is_exported_somewhere_above() {
    let source = include_str!("onnx.rs");
    for name in ModelSpec::NAMES {
        let exported = source.contains(&format!("network(\"{name}\""))
            || source.contains(&format!("build(\"{name}\""));
        assert!(exported, "{name}");
    }
}

/// A network of one function and the parameters that it has.
struct Of<F>(F);

impl<F: Fn(&Value) -> Result<Value> + Send + Sync> Model for Of<F> {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        (self.0)(xs)
    }
}

fn function(what: &str, dims: &[usize], network: impl Fn(&Value) -> Result<Value> + Send + Sync) {
    let params = Params::new(Seed(1), &Device::Cpu);
    check(what, &Of(network), &params, &[("x", dims)]);
}

#[test]
fn poolings_of_every_kind() {
    let pictures = [4, 13, 9];
    for to in [
        [1, 1],
        [13, 9],
        [13, 1],
        [1, 9],
        [4, 3],
        [5, 2],
        [6, 4],
        [3, 9],
        [20, 11],
    ] {
        let what = format!("adaptive pooling to {to:?}");
        function(&what, &pictures, |x| adaptive_avg_pool2d(x, to));
        function(&what, &pictures, |x| adaptive_max_pool2d(x, to));
    }
    for (kernel, stride, padding) in [
        ([3, 3], 2, [1, 1]),
        ([2, 4], 1, [0, 2]),
        ([5, 1], 3, [2, 0]),
    ] {
        let window = Geometry2d {
            padding,
            ..Geometry2d::new(kernel).stride(stride)
        };
        let what = format!("{window:?}");
        function(&what, &pictures, |x| max_pool2d(x, window));
        for count_include_pad in [false, true] {
            function(&what, &pictures, |x| {
                avg_pool2d(x, window, count_include_pad)
            });
        }
    }
}

#[test]
fn resized_pictures() {
    for from in [[7, 8], [1, 6], [5, 1]] {
        for to in [[7, 8], [4, 4], [13, 17], [1, 5], [3, 1]] {
            for align_corners in [false, true] {
                let what = format!("{from:?} to {to:?}, {align_corners}");
                let dims = [3, from[0], from[1]];
                function(&what, &dims, |x| resize_bilinear(x, to, align_corners));
            }
        }
    }
}

/// What a user may write who knows of this crate's layers and nothing of exports.
#[test]
fn a_network_of_ones_own() {
    struct Own {
        conv: Conv2d,
        gate: Conv2d,
        head: Linear,
    }

    impl Model for Own {
        fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
            let xs = relu(&self.conv.forward(xs)?)?;
            let xs = mul(&sigmoid(&self.gate.forward(&xs)?)?, &xs)?;
            let turned = permute(&xs, &[0, 1, 3, 2])?;
            let xs = concat(&[&add(&xs, &turned)?, &narrow(&xs, 1, 1, 2)?])?;
            let xs = flatten(&narrow(&xs, 3, 2, 3)?)?;
            softmax(&self.head.forward(&xs)?)
        }
    }

    let params = Params::new(Seed(3), &Device::Cpu);
    let mut dilated = Conv2dSpec::same(2, 6, 3);
    dilated.window.dilation = [2, 1];
    dilated.window.padding = [2, 1];
    dilated.groups = 2;
    let model = Own {
        conv: Conv2d::new(&params.sub("conv"), dilated).unwrap(),
        gate: Conv2d::new(&params.sub("logits"), Conv2dSpec::same(6, 6, 1)).unwrap(),
        head: Linear::new(&params.sub("head"), 8 * 8 * 3, 4).unwrap(),
    };
    check("own", &model, &params, &[("logits", &[2, 8, 8])]);
}

fn identity() -> (Params, Graph) {
    let params = Params::new(Seed(3), &Device::Cpu);
    let graph = trace(&Of(|x: &Value| Ok(x.clone())), &[("x", &[2])], &params).unwrap();
    (params, graph)
}

#[test]
fn what_is_handed_through_is_a_network_too() {
    let (params, _) = identity();
    check(
        "nothing",
        &Of(|x: &Value| Ok(x.clone())),
        &params,
        &[("x", &[2, 3, 4])],
    );
}

#[test]
fn the_file_says_what_it_is() {
    let (params, model) = build("five-channel-cnn", &[], [5, 3]);
    let graph = trace(model.as_ref(), &[("mel \"x\"", &[5, 12, 13])], &params).unwrap();
    let options = OnnxOptions {
        labels: vec!["blues".to_owned(), "a \"b\"".to_owned(), "é".to_owned()],
        metadata: BTreeMap::from([("licence".to_owned(), "MIT".to_owned())]),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/x.onnx");
    save_onnx(&path, &graph, &options).unwrap();
    let file = std::fs::read(&path).unwrap();
    assert_eq!(file, export_onnx(&graph, &options).unwrap());
    let proto = tract_onnx::onnx().proto_model_for_path(&path).unwrap();
    assert_eq!((proto.ir_version, proto.opset_import[0].version), (7, 13));
    assert_eq!(proto.producer_name, "sarangi");
    assert_eq!(proto.producer_version, env!("CARGO_PKG_VERSION"));
    let metadata: BTreeMap<_, _> = proto
        .metadata_props
        .iter()
        .map(|entry| (entry.key.as_str(), entry.value.as_str()))
        .collect();
    let labels = r#"["blues","a \"b\"","é"]"#;
    assert_eq!(
        metadata,
        BTreeMap::from([("labels", labels), ("licence", "MIT")])
    );
    let written = proto.graph.unwrap();
    assert_eq!(written.input[0].name, "mel \"x\"");
    assert_eq!(written.output[0].name, "logits");
    let names: Vec<_> = written
        .initializer
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    for (name, parameter) in params.all() {
        let place = names.iter().position(|known| *known == name);
        let tensor = &written.initializer[place.unwrap_or_else(|| panic!("{name}"))];
        let dims: Vec<i64> = parameter.var.dims().iter().map(|&d| d as i64).collect();
        assert_eq!(tensor.dims, dims, "{name}");
    }
}

#[test]
fn what_no_file_can_hold_is_refused_before_it_is_copied() {
    let (_, mut graph) = identity();
    let one = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
    // 2 GiB and a little, of one number.
    let huge = one.broadcast_as((1 << 15, 1 << 14)).unwrap();
    graph.constants.push(sarangi_nn::GraphConstant {
        name: "huge".to_owned(),
        tensor: huge,
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.onnx");
    let error = save_onnx(&path, &graph, &OnnxOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("2147483648 bytes"), "{error}");
    assert!(!path.exists());

    let (_, mut graph) = identity();
    let tensor = Tensor::zeros(1, DType::F64, &Device::Cpu).unwrap();
    graph.constants.push(sarangi_nn::GraphConstant {
        name: "wide".to_owned(),
        tensor,
    });
    let message = export_onnx(&graph, &OnnxOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`wide`") && message.contains("f64"),
        "{message}"
    );
}

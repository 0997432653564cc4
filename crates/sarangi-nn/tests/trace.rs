//! Networks written down, and what cannot be.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{DType, Device, Tensor, Var};
use sarangi_core::{Error, Result, Seed};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, CrossEntropy, Freeze, Geometry2d, Graph, Inputs,
    Linear, Mode, Model, Operand, Operation, Params, Targets, Value, adaptive_max_pool2d, add,
    add_relu, avg_pool2d, batch_norm_train, binary_cross_entropy_with_logits, concat, conv2d,
    cross_entropy, dropout, flatten, focal_loss, global_avg_pool2d, linear, log_softmax,
    max_pool2d, mul, mul_scalar, narrow, permute, relu, relu6, resize_bilinear, sigmoid, softmax,
    trace, with_candle,
};

/// A network that is one function.
struct Of<F>(F);

impl<F: Fn(&Value) -> Result<Value> + Send + Sync> Model for Of<F> {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        (self.0)(xs)
    }
}

/// A network of two inputs.
struct Sum;

impl Model for Sum {
    fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
        Ok(xs.clone())
    }

    fn forward_inputs(&self, inputs: Inputs<'_>, _: Mode<'_>) -> Result<Value> {
        match inputs {
            Inputs::Named([("left", left), ("right", right)]) => add(left, right),
            other => panic!("{other:?}"),
        }
    }
}

fn params() -> Params {
    Params::new(Seed(1), &Device::Cpu)
}

fn of(dims: &[usize], network: impl Fn(&Value) -> Result<Value> + Send + Sync) -> Result<Graph> {
    trace(&Of(network), &[("x", dims)], &params())
}

fn operations(graph: &Graph) -> Vec<&Operation> {
    graph.nodes.iter().map(|node| &node.operation).collect()
}

#[test]
fn every_operation_leaves_itself_with_all_that_it_needs() {
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap();
    let (filter, bias, weight) = (ones(&[4, 3, 3, 2]), ones(&[4]), ones(&[2, 40]));
    let window = Geometry2d::new([3, 2]).stride(2).padding(1);
    let pool = Geometry2d::square(2);
    let graph = of(&[6, 9, 8], |x| {
        let x = conv2d(x, &filter, Some(&bias), window, 2)?;
        let x = add_relu(&x, &relu6(&x)?)?;
        let x = max_pool2d(&x, pool.padding(1))?;
        let x = avg_pool2d(&x, pool, false)?;
        let x = adaptive_max_pool2d(&x, [4, 3])?;
        let x = resize_bilinear(&x, [7, 5], true)?;
        let x = permute(&narrow(&x, 2, 1, 5)?, &[0, 3, 2, 1])?;
        let x = concat(&[&sigmoid(&x)?, &mul(&x, &mul_scalar(&x, 0.5)?)?])?;
        let x = flatten(&narrow(&x, 1, 0, 2)?)?;
        softmax(&log_softmax(&linear(&x, &weight, None)?)?)
    })
    .unwrap();
    let expected = [
        Operation::Conv2d {
            filter: 0,
            bias: Some(1),
            window,
            groups: 2,
        },
        Operation::Relu6,
        Operation::Add,
        Operation::Relu,
        Operation::MaxPool2d {
            window: pool.padding(1),
        },
        Operation::AvgPool2d {
            window: pool,
            count_include_pad: false,
        },
        Operation::AdaptiveMaxPool2d { size: [4, 3] },
        Operation::ResizeBilinear {
            size: [7, 5],
            align_corners: true,
        },
        Operation::Narrow {
            axis: 2,
            start: 1,
            length: 5,
        },
        Operation::Permute {
            axes: vec![0, 3, 2, 1],
        },
        Operation::Sigmoid,
        Operation::MulScalar { scalar: 0.5 },
        Operation::Mul,
        Operation::Concat,
        Operation::Narrow {
            axis: 1,
            start: 0,
            length: 2,
        },
        Operation::Flatten,
        Operation::Linear {
            weight: 2,
            bias: None,
        },
        Operation::LogSoftmax,
        Operation::Softmax,
    ];
    assert_eq!(operations(&graph), expected.iter().collect::<Vec<_>>());
    assert_eq!(graph.inputs[0].dims, [1, 6, 9, 8]);
    assert_eq!(graph.nodes[0].dims, [1, 4, 5, 5]);
    assert_eq!(graph.nodes[2].reads, [Operand::Node(0), Operand::Node(1)]);
    assert_eq!(graph.nodes[9].dims, [1, 5, 5, 4]);
    assert_eq!(
        graph.nodes[13].reads,
        [Operand::Node(10), Operand::Node(12)]
    );
    assert_eq!(graph.nodes[18].dims, [1, 2]);
    assert_eq!(graph.output, Operand::Node(18));
}

#[test]
fn tensors_have_their_parameters_names_whoever_holds_them() {
    let params = params();
    // What is frozen reaches its layers by another handle than the one that is stored.
    let base = params.frozen(Freeze::Base).sub("base");
    let conv = Conv2d::new(&base.sub("conv"), Conv2dSpec::same(1, 4, 3)).unwrap();
    let norm = BatchNorm::new(&base.sub("norm"), 4, BatchNormSpec::default()).unwrap();
    let head = Linear::new(&params.sub("constant"), 4, 2).unwrap();
    let own = Var::zeros((2, 2), DType::F32, &Device::Cpu).unwrap();
    // A parameter that is called as an unnamed tensor would be.
    params
        .weight("constant.0", 1, sarangi_nn::Init::Const(0.0))
        .unwrap();
    let network = Of(|x: &Value| {
        // Twice the same layer: its tensors are there once.
        let x = norm.forward(&conv.forward(x)?, Mode::Eval)?;
        let x = head.forward(&global_avg_pool2d(&x)?)?;
        add(&linear(&x, &own, None)?, &linear(&x, &own, None)?)
    });
    let graph = trace(&network, &[("x", &[1, 5, 6])], &params).unwrap();
    let names: Vec<_> = graph.constants.iter().map(|c| c.name.as_str()).collect();
    let expected = [
        "base.conv.weight",
        "base.conv.bias",
        "base.norm.weight",
        "base.norm.bias",
        "base.norm.running_mean",
        "base.norm.running_var",
        "constant.weight",
        "constant.bias",
        "constant.1",
    ];
    assert_eq!(names, expected);
    for constant in &graph.constants {
        assert!(!constant.tensor.is_variable(), "{}", constant.name);
    }
}

#[test]
fn several_inputs_have_names() {
    let inputs: [(&str, &[usize]); 2] = [("left", &[3]), ("right", &[3])];
    let graph = trace(&Sum, &inputs, &params()).unwrap();
    assert_eq!(graph.inputs[1].name, "right");
    assert_eq!(graph.nodes[0].reads, [Operand::Input(0), Operand::Input(1)]);
    // One input is the network's own, whatever it is called.
    let model: Box<dyn Model> = Box::new(Sum);
    struct Whole(Box<dyn Model>);
    impl Model for Whole {
        fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
            self.0.forward(xs, mode)
        }
    }
    let graph = trace(&Whole(model), &[("mel", &[3])], &params());
    let graph = graph.unwrap();
    assert_eq!(
        (graph.output, graph.nodes.len()),
        (Operand::Input(0), 0),
        "{graph:?}"
    );
}

#[test]
fn shapes_are_checked_as_those_of_numbers() {
    let weight = Tensor::ones((2, 4), DType::F32, &Device::Cpu).unwrap();
    for dims in [&[3][..], &[2, 2]] {
        let error = of(dims, |x| linear(x, &weight, None)).unwrap_err();
        let zeros = Tensor::zeros([&[1], dims].concat(), DType::F32, &Device::Cpu).unwrap();
        let real = linear(&Value::new(&zeros).unwrap(), &weight, None);
        assert_eq!(error.to_string(), real.unwrap_err().to_string());
    }
    let error = of(&[1, 3, 3], |x| max_pool2d(x, Geometry2d::square(4))).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn what_needs_numbers_is_refused_and_named() {
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap();
    let constant = Value::new(&ones(&[1, 2])).unwrap();
    let rng = || Seed(1).rng(0, 0);
    let settings = CrossEntropy::default();
    type Network<'a> = &'a (dyn Fn(&Value) -> Result<Value> + Send + Sync);
    let cases: [(Network<'_>, &str); 16] = [
        (&|x| Value::new(&x.tensor()?), "reading numbers"),
        (&|x| x.scalar().map(|_| x.clone()), "loss"),
        (&|x| x.backward().map(|_| x.clone()), "loss"),
        (&|x| x.backward_from(x).map(|_| x.clone()), "backward_from"),
        (
            &|x| with_candle(&[x], &[], |x| Ok(x[0].clone())),
            "with_candle",
        ),
        (&|x| dropout(x, 0.5, &mut rng()), "dropout"),
        (
            &|x| {
                let x = resize_bilinear(x, [4, 4], false)?;
                Ok(batch_norm_train(&x, &ones(&[2]), &ones(&[2]), 0.1)?.0)
            },
            "batch_norm_train",
        ),
        (
            &|x| cross_entropy(x, Targets::Classes(&[0]), &settings),
            "cross_entropy",
        ),
        (&|x| focal_loss(x, &[0], 1.0, None), "focal_loss"),
        (
            &|x| binary_cross_entropy_with_logits(x, &[0.0, 1.0], None),
            "binary_cross_entropy_with_logits",
        ),
        (&|x| add(x, &constant), "add with a value that is no input"),
        (&|x| mul(&constant, x), "mul with a value that is no input"),
        (&|x| concat(&[x, &constant]), "concat with a value"),
        (&|_| Ok(constant.clone()), "does not come from the inputs"),
        (&|x| permute(x, &[1, 0]), "axis of the batch"),
        (&|x| narrow(x, 0, 0, 1), "out of the batch"),
    ];
    for (network, part) in cases {
        let dims = match part {
            "batch_norm_train" => &[2, 1, 1][..],
            _ => &[2],
        };
        let error = of(dims, network).unwrap_err();
        assert!(error.to_string().contains(part), "`{part}`: {error}");
        if part != "loss" {
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        }
    }
    // A loss of one number is no loss either while there are no numbers.
    for part in ["reading numbers", "backward"] {
        let network = |x: &Value| match part {
            "backward" => x.backward().map(|_| x.clone()),
            _ => x.scalar().map(|_| x.clone()),
        };
        let error = of(&[1], network).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_value_of_one_network_is_none_of_another() {
    let kept = std::sync::Mutex::new(None);
    of(&[2], |x| {
        *kept.lock().unwrap() = Some(x.clone());
        relu(x)
    })
    .unwrap();
    let kept = kept.lock().unwrap().clone().unwrap();
    for error in [
        of(&[2], |x| add(x, &kept)).unwrap_err(),
        of(&[2], |_| relu(&kept)).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    }
    // It has a shape still, and nothing waits to be computed.
    kept.settle();
    assert_eq!(kept.dims(), [1, 2]);
}

#[test]
fn senseless_inputs_are_named() {
    type Sizes<'a> = &'a [(&'a str, &'a [usize])];
    let cases: [(Sizes<'_>, &str); 5] = [
        (&[], "at least one"),
        (&[("", &[2])], "distinct names"),
        (&[("a", &[2]), ("a", &[2])], "\"a\""),
        (&[("a", &[2, 0])], "`a` has [2, 0]"),
        (&[("a", &[2, 1, 1, 1])], "at most three axes"),
    ];
    for (inputs, part) in cases {
        let message = trace(&Sum, inputs, &params()).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

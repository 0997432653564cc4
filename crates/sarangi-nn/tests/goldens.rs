//! Every golden of `fixtures/golden/nn`: results and gradients against torch's, in f64 there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{Device, Tensor, Var};
use ndarray::IxDyn;
use sarangi_core::{IntoTensor, TensorExt};
use sarangi_nn::{
    Geometry2d, batch_norm_eval, batch_norm_train, conv2d, cross_entropy, linear, max_pool2d, relu,
};
use sarangi_testkit::{Golden, goldens};

fn variable(golden: &Golden, name: &str) -> Var {
    Var::from_tensor(&golden.array(name).into_tensor(&Device::Cpu).unwrap()).unwrap()
}

fn check(golden: &Golden, name: &str, got: &Tensor) {
    got.with_array::<IxDyn, _>(|got| golden.assert_close(name, got))
        .unwrap();
}

/// Holds `y`, and the gradient of `sum(y · dy)` for each named variable, against the golden.
fn check_with_gradients(golden: &Golden, y: &Tensor, variables: &[(&str, &Var)]) {
    check(golden, "y", y);
    let dy = golden.array("dy").into_tensor(&Device::Cpu).unwrap();
    let gradients = (y * dy).unwrap().sum_all().unwrap().backward().unwrap();
    for (name, variable) in variables {
        check(
            golden,
            &format!("d{name}"),
            gradients.get(variable).unwrap(),
        );
    }
}

fn pair(golden: &Golden, field: &str) -> [usize; 2] {
    serde_json::from_value(golden.spec[field].clone()).unwrap()
}

fn window(golden: &Golden, kernel: [usize; 2]) -> Geometry2d {
    let [stride, padding, dilation] = ["stride", "padding", "dilation"].map(|f| pair(golden, f));
    Geometry2d {
        kernel,
        stride,
        padding,
        dilation,
    }
}

#[test]
fn results_and_gradients_equal_torch() {
    for golden in goldens("nn") {
        let op = golden.spec["op"].as_str().unwrap();
        let x = variable(&golden, "x");
        match op {
            "conv2d" => {
                let w = variable(&golden, "w");
                let b = golden.has("b").then(|| variable(&golden, "b"));
                let groups = golden.spec["groups"].as_u64().unwrap() as usize;
                let (_, _, kh, kw) = w.dims4().unwrap();
                let window = window(&golden, [kh, kw]);
                let y = conv2d(&x, &w, b.as_deref(), window, groups).unwrap();
                let mut variables = vec![("x", &x), ("w", &w)];
                variables.extend(b.as_ref().map(|b| ("b", b)));
                check_with_gradients(&golden, &y, &variables);
            }
            "max_pool2d" => {
                let y = max_pool2d(&x, window(&golden, pair(&golden, "kernel"))).unwrap();
                check_with_gradients(&golden, &y, &[("x", &x)]);
            }
            "batch_norm" => {
                let [gamma, beta, mean, var] =
                    ["gamma", "beta", "mean", "var"].map(|name| variable(&golden, name));
                let y = if golden.spec["training"].as_bool().unwrap() {
                    let (y, batch_mean, batch_var) =
                        batch_norm_train(&x, &gamma, &beta, 1e-5).unwrap();
                    let moved = |running: &Tensor, batch: Tensor| {
                        ((running * 0.9).unwrap() + (batch * 0.1).unwrap()).unwrap()
                    };
                    check(&golden, "mean_after", &moved(&mean, batch_mean));
                    check(&golden, "var_after", &moved(&var, batch_var));
                    y
                } else {
                    batch_norm_eval(&x, &gamma, &beta, &mean, &var, 1e-5).unwrap()
                };
                let variables = [("x", &x), ("gamma", &gamma), ("beta", &beta)];
                check_with_gradients(&golden, &y, &variables);
            }
            "linear" => {
                let (w, b) = (variable(&golden, "w"), variable(&golden, "b"));
                let y = linear(&x, &w, &b).unwrap();
                check_with_gradients(&golden, &y, &[("x", &x), ("w", &w), ("b", &b)]);
            }
            "relu" => check_with_gradients(&golden, &relu(&x).unwrap(), &[("x", &x)]),
            "cross_entropy" => {
                let targets = golden
                    .array("targets")
                    .mapv(|t| t as u32)
                    .into_raw_vec_and_offset()
                    .0;
                let count = targets.len();
                let targets = Tensor::from_vec(targets, count, &Device::Cpu).unwrap();
                check_with_gradients(&golden, &cross_entropy(&x, &targets).unwrap(), &[("x", &x)]);
            }
            other => panic!("{}: no test for `{other}`", golden.name),
        }
    }
}

//! Every golden of `fixtures/golden/nn`: results and gradients against torch's, in f64 there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{Device, Tensor, Var};
use ndarray::IxDyn;
use sarangi_core::{IntoTensor, TensorExt};
use sarangi_nn::{
    AdamStep, CrossEntropy, Geometry2d, SgdStep, Targets, Value, adam_step, adaptive_avg_pool2d,
    adaptive_max_pool2d, avg_pool2d, batch_norm_eval, batch_norm_train,
    binary_cross_entropy_with_logits, conv2d, cross_entropy, focal_loss, global_avg_pool2d,
    global_max_pool2d, linear, log_softmax, max_pool2d, relu, relu6, resize_bilinear, sgd_step,
    softmax, with_candle,
};
use sarangi_testkit::{Golden, goldens};

fn variable(golden: &Golden, name: &str) -> Var {
    Var::from_tensor(&golden.array(name).into_tensor(&Device::Cpu).unwrap()).unwrap()
}

fn value(golden: &Golden, name: &str) -> Value {
    Value::variable(&golden.array(name).into_tensor(&Device::Cpu).unwrap()).unwrap()
}

fn check(golden: &Golden, name: &str, got: &Tensor) {
    got.with_array::<IxDyn, _>(|got| golden.assert_close(name, got))
        .unwrap();
}

/// Holds `y`, and the gradients of `sum(y · dy)` for `x` and each named parameter, against the
/// golden.
fn check_with_gradients(golden: &Golden, x: &Value, y: &Value, parameters: &[(&str, &Var)]) {
    check(golden, "y", &y.tensor().unwrap());
    let gradients = y.backward_from(&value(golden, "dy")).unwrap();
    check(golden, "dx", &gradients.of(x).unwrap().unwrap());
    for (name, parameter) in parameters {
        let gradient = gradients.get(parameter).unwrap().unwrap();
        check(golden, &format!("d{name}"), &gradient);
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

fn numbers(golden: &Golden, name: &str) -> Option<Vec<f32>> {
    let array = golden.has(name).then(|| golden.array(name));
    array.map(|array| array.iter().copied().collect())
}

fn classes(golden: &Golden) -> Vec<u32> {
    let targets = numbers(golden, "targets").unwrap();
    targets.into_iter().map(|target| target as u32).collect()
}

fn number(golden: &Golden, field: &str) -> f64 {
    golden.spec[field].as_f64().unwrap_or(0.0)
}

fn flag(golden: &Golden, field: &str) -> bool {
    golden.spec[field].as_bool().unwrap()
}

#[test]
fn results_and_gradients_equal_torch() {
    let mut compared = 0;
    for golden in goldens("nn") {
        let op = golden.spec["op"].as_str().unwrap();
        if op.ends_with("_step") {
            steps_equal_torch(&golden, op);
            continue;
        }
        compared += 1;
        let x = value(&golden, "x");
        let [w, b, gamma, beta] =
            ["w", "b", "gamma", "beta"].map(|n| golden.has(n).then(|| variable(&golden, n)));
        let filter = || w.as_ref().unwrap();
        let y = match op {
            "conv2d" => {
                let groups = golden.spec["groups"].as_u64().unwrap() as usize;
                let (_, _, kh, kw) = filter().dims4().unwrap();
                let window = window(&golden, [kh, kw]);
                conv2d(&x, filter(), b.as_deref(), window, groups)
            }
            "linear" => linear(&x, filter(), b.as_deref()),
            "max_pool2d" => max_pool2d(&x, window(&golden, pair(&golden, "kernel"))),
            "avg_pool2d" => {
                let window = Geometry2d {
                    stride: pair(&golden, "stride"),
                    padding: pair(&golden, "padding"),
                    ..Geometry2d::new(pair(&golden, "kernel"))
                };
                avg_pool2d(&x, window, flag(&golden, "count_include_pad"))
            }
            "adaptive_avg_pool2d" => adaptive_avg_pool2d(&x, pair(&golden, "output_size")),
            "adaptive_max_pool2d" => adaptive_max_pool2d(&x, pair(&golden, "output_size")),
            "global_avg_pool2d" => global_avg_pool2d(&x),
            "global_max_pool2d" => global_max_pool2d(&x),
            "batch_norm" => {
                let (gamma, beta) = (gamma.as_ref().unwrap(), beta.as_ref().unwrap());
                let [mean, var] = ["mean", "var"].map(|name| variable(&golden, name));
                if flag(&golden, "training") {
                    batch_norm_train(&x, gamma, beta, 1e-5).map(|(y, batch_mean, batch_var)| {
                        let moved = |running: &Tensor, batch: Tensor| {
                            ((running * 0.9).unwrap() + (batch * 0.1).unwrap()).unwrap()
                        };
                        check(&golden, "mean_after", &moved(&mean, batch_mean));
                        check(&golden, "var_after", &moved(&var, batch_var));
                        y
                    })
                } else {
                    batch_norm_eval(&x, gamma, beta, &mean, &var, 1e-5)
                }
            }
            "relu" => relu(&x),
            "relu6" => relu6(&x),
            "interpolate" => {
                resize_bilinear(&x, pair(&golden, "size"), flag(&golden, "align_corners"))
            }
            "log_softmax" => log_softmax(&x),
            "softmax" => softmax(&x),
            "cross_entropy" => {
                let settings = CrossEntropy {
                    label_smoothing: number(&golden, "label_smoothing") as f32,
                    class_weights: numbers(&golden, "weight"),
                };
                match numbers(&golden, "soft_targets") {
                    Some(soft) => cross_entropy(&x, Targets::Probabilities(&soft), &settings),
                    None => cross_entropy(&x, Targets::Classes(&classes(&golden)), &settings),
                }
            }
            "focal_loss" => {
                let alpha = golden.spec["alpha"].as_f64();
                let weights = alpha.map(|alpha| vec![alpha as f32; x.dims()[1]]);
                let gamma = number(&golden, "gamma") as f32;
                focal_loss(&x, &classes(&golden), gamma, weights.as_deref())
            }
            "binary_cross_entropy_with_logits" => {
                let targets = numbers(&golden, "targets").unwrap();
                let weights = numbers(&golden, "pos_weight");
                binary_cross_entropy_with_logits(&x, &targets, weights.as_deref())
            }
            other => panic!("{}: no test for `{other}`", golden.name),
        };
        let named = [("w", &w), ("b", &b), ("gamma", &gamma), ("beta", &beta)];
        let parameters: Vec<(&str, &Var)> = named
            .iter()
            .filter_map(|(name, var)| Some((*name, var.as_ref()?)))
            .collect();
        check_with_gradients(&golden, &x, &y.unwrap(), &parameters);
    }
    assert!(compared > 300, "{compared} goldens");
}

/// An optimiser's steps on given gradients.
fn steps_equal_torch(golden: &Golden, op: &str) {
    let p = variable(golden, "start");
    let zeros = || Var::from_tensor(&p.zeros_like().unwrap()).unwrap();
    let state = [zeros(), zeros()];
    let mut steps = Vec::new();
    for (step, gradient) in (1..).zip(golden.array("gradients").outer_iter()) {
        let gradient = gradient.to_owned().into_tensor(&Device::Cpu).unwrap();
        // The gradient of sum(p · g) with respect to p is g.
        let nothing = Tensor::zeros((1, 1), candle_core::DType::F32, &Device::Cpu).unwrap();
        let nothing = Value::tracked(&nothing).unwrap();
        let product = |_: &[Tensor]| (p.as_tensor() * gradient)?.sum_all();
        let loss = with_candle(&[&nothing], &[&p], product).unwrap();
        let gradients = loss.backward().unwrap();
        let [lr, weight_decay, eps] = ["lr", "weight_decay", "eps"].map(|f| number(golden, f));
        let stepped = if op == "sgd_step" {
            let step = SgdStep {
                lr,
                momentum: number(golden, "momentum"),
                dampening: number(golden, "dampening"),
                weight_decay,
                nesterov: flag(golden, "nesterov"),
                step,
            };
            let velocity = (step.momentum != 0.0).then_some(&state[0]);
            sgd_step(&p, &gradients, velocity, step)
        } else {
            let step = AdamStep {
                lr,
                betas: serde_json::from_value(golden.spec["betas"].clone()).unwrap(),
                eps,
                weight_decay,
                decoupled: op == "adamw_step",
                step,
            };
            adam_step(&p, &gradients, state.each_ref(), step)
        };
        assert!(stepped.unwrap());
        steps.push(p.as_tensor().copy().unwrap());
    }
    check(golden, "steps", &Tensor::stack(&steps, 0).unwrap());
}

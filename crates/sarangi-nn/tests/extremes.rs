//! Infinities, absurd sizes and wrong uses: what must neither panic nor pass in silence.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{Device, Tensor, Var};
use sarangi_core::{Error, Result};
use sarangi_nn::{
    AdamStep, CrossEntropy, Geometry2d, SgdStep, Targets, Value, adam_step, adaptive_avg_pool2d,
    conv2d, cross_entropy, linear, log_softmax, max_pool2d, relu, resize_bilinear, sgd_step,
    with_candle,
};

const CPU: Device = Device::Cpu;

fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
    Tensor::from_slice(values, shape, &CPU).unwrap()
}

fn zeros(shape: &[usize]) -> Value {
    Value::new(&Tensor::zeros(shape, candle_core::DType::F32, &CPU).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    let tensor = value.tensor().unwrap().flatten_all().unwrap();
    tensor.to_vec1().unwrap()
}

#[track_caller]
fn refused<T>(result: Result<T>, says: &str) {
    let Err(error) = result else {
        panic!("accepted: {says}");
    };
    let fault = matches!(
        error,
        Error::Shape { .. } | Error::Config { .. } | Error::Data { .. }
    );
    assert!(fault && error.to_string().contains(says), "{says}: {error}");
}

#[test]
fn a_masked_class_costs_nothing() {
    for logits in [[0.0, f32::NEG_INFINITY], [3e38, -3e38]] {
        let x = Value::variable(&tensor(&logits, &[1, 2])).unwrap();
        let loss = cross_entropy(&x, Targets::Classes(&[0]), &CrossEntropy::default()).unwrap();
        assert_eq!(loss.scalar().unwrap(), 0.0, "{logits:?}");
        let dx = loss.backward().unwrap().of(&x).unwrap().unwrap();
        assert_eq!(dx.to_vec2::<f32>().unwrap(), [[0.0, 0.0]]);
    }
}

/// A network that has diverged must say so, whatever is computed of it.
#[test]
fn what_is_not_a_number_reaches_the_scores() {
    for channels in [1, 5, 40] {
        let count = channels * 64;
        let mut values = vec![0.5; count];
        values[count / 2] = f32::NAN;
        let x = relu(&Value::new(&tensor(&values, &[1, channels, 8, 8])).unwrap()).unwrap();
        assert!(numbers(&x).iter().any(|y| y.is_nan()), "relu, {channels}");
        let window = Geometry2d::square(3).padding(1);
        for groups in [1, channels] {
            let shape = [channels, channels / groups, 3, 3];
            let filter = tensor(&vec![0.1; shape.iter().product()], &shape);
            let y = conv2d(&x, &filter, None, window, groups).unwrap();
            let y = max_pool2d(&relu(&y).unwrap(), Geometry2d::square(2).stride(2)).unwrap();
            assert!(
                numbers(&y).iter().any(|y| y.is_nan()),
                "{channels}, {groups} groups"
            );
        }
    }
}

#[test]
fn sizes_beyond_all_memory_are_refused() {
    let x = zeros(&[1, 1, 4, 4]);
    let filter = tensor(&[1.0], &[1, 1, 1, 1]);
    let conv = |padding| conv2d(&x, &filter, None, Geometry2d::square(1).padding(padding), 1);
    refused(conv(1 << 40), "padding");
    refused(conv(1 << 23), "at most");
    refused(adaptive_avg_pool2d(&x, [usize::MAX, 1]), "at most");
    refused(resize_bilinear(&x, [1 << 40; 2], false), "at most");
    let tall = Geometry2d {
        padding: [1 << 39, 0],
        ..Geometry2d::new([1 << 40, 1])
    };
    refused(max_pool2d(&x, tall), "kernel");
    // No values, but more rows than can be counted.
    let rows = Tensor::zeros(((1 << 62) + 1, 0), candle_core::DType::F32, &CPU).unwrap();
    refused(Value::new(&rows), "at most");
}

#[test]
fn nothing_to_compute_is_no_panic() {
    let x = Value::variable(&tensor(&[1.0, 2.0], &[2, 1])).unwrap();
    let (weight, bias) = (Var::from_tensor(&tensor(&[], &[0, 1])), tensor(&[], &[0]));
    let y = linear(&x, &weight.unwrap(), Some(&bias)).unwrap();
    assert_eq!(y.dims(), [2, 0]);
    refused(log_softmax(&y), "classes");
    let classes = Targets::Classes(&[0, 0]);
    refused(
        cross_entropy(&y, classes, &CrossEntropy::default()),
        "classes",
    );
    // A depthwise filter without filters has no say in the gradient.
    let x = Value::variable(&tensor(&[1.0; 48], &[1, 3, 4, 4])).unwrap();
    let filter = Var::from_tensor(&tensor(&[], &[0, 1, 3, 3])).unwrap();
    let y = conv2d(&x, &filter, None, Geometry2d::square(3), 3).unwrap();
    let dy = zeros(y.dims());
    let dx = y.backward_from(&dy).unwrap().of(&x).unwrap().unwrap();
    assert!(
        dx.flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
            .iter()
            .all(|&d| d == 0.0)
    );
}

#[test]
fn a_way_back_is_gone_once() {
    let w = Var::from_tensor(&tensor(&[2.0], &[1, 1])).unwrap();
    let plain = linear(&zeros(&[1, 1]), &w, None).unwrap();
    refused(plain.backward(), "tracked");
    let x = Value::tracked(&tensor(&[3.0], &[1, 1])).unwrap();
    let y = linear(&x, &w, None).unwrap();
    assert_eq!(y.scalar().unwrap(), 6.0, "one number, whatever its shape");
    y.backward().unwrap();
    assert!(y.backward().is_err());
}

#[test]
fn optimisers_refuse_what_does_not_fit() {
    let p = Var::from_tensor(&tensor(&[1.0; 10], &[10])).unwrap();
    let x = Value::tracked(&tensor(&[1.0], &[1, 1])).unwrap();
    let product = |x: &[Tensor]| {
        x[0].broadcast_mul(p.as_tensor())?
            .sum_all()?
            .reshape((1, 1))
    };
    let loss = with_candle(&[&x], &[&p, &p], product).unwrap();
    let gradients = loss.backward().unwrap();
    let once = gradients
        .get(&p)
        .unwrap()
        .unwrap()
        .to_vec1::<f32>()
        .unwrap();
    assert_eq!(once, [1.0; 10], "a parameter named twice counts once");
    let state = |len| Var::from_tensor(&tensor(&vec![0.0; len], &[len])).unwrap();
    let adam = |step| AdamStep {
        lr: 0.1,
        betas: (0.9, 0.999),
        eps: 1e-8,
        weight_decay: 0.0,
        decoupled: false,
        step,
    };
    let (short, whole) = (state(5), state(10));
    refused(adam_step(&p, &gradients, [&short, &whole], adam(1)), "[10]");
    refused(
        adam_step(&p, &gradients, [&whole, &state(10)], adam(0)),
        "step",
    );
    let sgd = SgdStep {
        lr: 0.1,
        momentum: 0.9,
        dampening: 0.0,
        weight_decay: 0.0,
        nesterov: false,
        step: 1,
    };
    refused(sgd_step(&p, &gradients, Some(&short), sgd), "[10]");
    refused(sgd_step(&p, &gradients, None, sgd), "momentum");
    assert_eq!(
        p.to_vec1::<f32>().unwrap(),
        [1.0; 10],
        "nothing was changed"
    );
    assert!(sgd_step(&p, &gradients, Some(&whole), sgd).unwrap());
}

#[test]
fn a_result_that_the_engine_cannot_hold_is_refused() {
    let x = Value::variable(&tensor(&[1.0, 2.0], &[1, 2])).unwrap();
    let five = with_candle(&[&x], &[], |x| x[0].reshape((1, 1, 1, 1, 2)));
    refused(five, "four axes");
    let wide = with_candle(&[&x], &[], |x| x[0].to_dtype(candle_core::DType::F64));
    refused(wide, "f32");
}

//! The same bits on one thread and on two.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use candle_core::{Device, Tensor, Var};
use sarangi_core::Seed;
use sarangi_nn::{
    Geometry2d, Value, add_relu, batch_norm_train, conv2d, dropout, max_pool2d, relu,
};

fn step() -> Vec<Vec<f32>> {
    let mut rng = Seed(11).named("data");
    let mut random = |shape: &[usize]| {
        let values = (0..shape.iter().product())
            .map(|_| rng.normal() as f32)
            .collect::<Vec<_>>();
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu).unwrap()).unwrap()
    };
    let x = Value::variable(&random(&[19, 3, 21, 18])).unwrap();
    let (w, b) = (random(&[40, 3, 3, 3]), random(&[40]));
    let (gamma, beta) = (random(&[40]), random(&[40]));
    let (deep, depthwise) = (random(&[40, 40, 3, 3]), random(&[40, 1, 3, 3]));
    let window = Geometry2d {
        padding: [1, 1],
        ..Geometry2d::new([3, 3])
    };
    let y = relu(&conv2d(&x, &w, Some(&b), window, 1).unwrap()).unwrap();
    let (y, mean, variance) = batch_norm_train(&y, &gamma, &beta, 1e-5).unwrap();
    let y = dropout(&y, 0.3, &mut Seed(4).rng(0, 0)).unwrap();
    let shortcut = conv2d(&y, &depthwise, None, window, 40).unwrap();
    let y = add_relu(&conv2d(&y, &deep, None, window, 1).unwrap(), &shortcut).unwrap();
    let y = max_pool2d(
        &y,
        Geometry2d {
            stride: [2, 2],
            ..window
        },
    )
    .unwrap();
    let gradients = y.backward_from(&y).unwrap();
    let mut all = vec![y.tensor().unwrap(), mean, variance];
    all.push(gradients.of(&x).unwrap().unwrap());
    let parameters = [&w, &b, &gamma, &beta, &deep, &depthwise];
    all.extend(parameters.map(|v| gradients.get(v).unwrap().unwrap()));
    all.iter()
        .map(|t| t.flatten_all().unwrap().to_vec1().unwrap())
        .collect()
}

#[test]
fn one_thread_and_two_make_the_same_bits() {
    let run = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(step)
    };
    let bits = |all: Vec<Vec<f32>>| -> Vec<Vec<u32>> {
        all.into_iter()
            .map(|v| v.into_iter().map(f32::to_bits).collect())
            .collect()
    };
    assert_eq!(bits(run(1)), bits(run(2)));
}

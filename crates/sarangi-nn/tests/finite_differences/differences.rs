//! The comparison: what the engine says of `Σ y · dy`, and what differences of f64 sums say.

use std::fmt::Debug;

use candle_core::{Device, Tensor, Var};
use ndarray::{ArrayD, IxDyn};
use sarangi_core::{IntoTensor, Result, Rng, Seed, TensorExt};
use sarangi_nn::Value;

/// Numbers in f64 that f32 holds exactly.
pub(crate) type Array = ArrayD<f64>;

/// A step so small that the third derivative is of no account, and so large that rounding is not.
const STEP: f64 = 1e-6;

/// Values of one tensor that are moved one by one. All move together once as well, so that none
/// goes unseen.
const MOVED: usize = 48;

/// Normally distributed values.
pub(crate) fn random(rng: &mut Rng, shape: &[usize]) -> Array {
    Array::from_shape_simple_fn(shape, || f64::from(rng.normal() as f32))
}

/// Values within ±`peak` in random order, none zero and no two alike or so near that a step could
/// change which is larger: for operations with kinks.
pub(crate) fn spaced(rng: &mut Rng, shape: &[usize], peak: f64) -> Array {
    let count = shape.iter().product::<usize>();
    let middle = count as f64 / 2.0;
    let place = |i: usize| (i as f64 + 0.25 - middle) / middle * peak;
    let mut values: Vec<f64> = (0..count).map(|i| f64::from(place(i) as f32)).collect();
    rng.shuffle(&mut values);
    Array::from_shape_vec(shape, values).unwrap()
}

pub(crate) fn tensor(array: &Array) -> Tensor {
    let rounded = array.mapv(|v| v as f32);
    rounded.into_tensor(&Device::Cpu).unwrap()
}

pub(crate) fn array(tensor: &Tensor) -> Array {
    let widened = tensor.with_array::<IxDyn, _>(|values| values.mapv(f64::from));
    widened.unwrap()
}

/// Holds an operation and its gradients against `reference`, which gets the values of `xs` and
/// then those of `parameters`.
pub(crate) fn check(
    what: impl Debug,
    xs: &[Array],
    parameters: &[Array],
    engine: impl Fn(&[Value], &[Var]) -> Result<Value>,
    reference: impl Fn(&[Array]) -> Array,
) {
    let values: Vec<Value> = xs
        .iter()
        .map(|x| Value::variable(&tensor(x)).unwrap())
        .collect();
    let vars: Vec<Var> = parameters
        .iter()
        .map(|p| Var::from_tensor(&tensor(p)).unwrap())
        .collect();
    let mut inputs = [xs, parameters].concat();
    let mut rng = Seed(0).named("differences");

    let y = engine(&values, &vars).unwrap();
    let want = reference(&inputs);
    let got = array(&y.tensor().unwrap());
    assert_eq!(got.shape(), want.shape(), "{what:?}: the result's shape");
    let error = largest(&(&got - &want)) / peak(&want);
    assert!(error <= 1e-5, "{what:?}: the result is {error:e} off");

    let dy = random(&mut rng, want.shape());
    let gradients = y.backward_from(&Value::new(&tensor(&dy)).unwrap()).unwrap();
    let of_values = values.iter().map(|value| gradients.of(value).unwrap());
    let of_vars = vars.iter().map(|var| gradients.get(var).unwrap());
    let all: Vec<Array> = of_values
        .chain(of_vars)
        .enumerate()
        .map(|(input, gradient)| {
            let gradient = gradient.unwrap_or_else(|| panic!("{what:?}: none of input {input}"));
            array(&gradient)
        })
        .collect();
    for (input, gradient) in all.iter().enumerate() {
        let shape = inputs[input].shape().to_vec();
        assert_eq!(gradient.shape(), shape, "{what:?}: shape of {input}");
        let mut slope = |along: &Array| {
            let start = inputs[input].clone();
            let mut at = |step: f64| {
                inputs[input] = &start + along * step;
                reference(&inputs)
            };
            let difference = at(STEP) - at(-STEP);
            inputs[input] = start;
            (difference * &dy).sum() / (2.0 * STEP)
        };

        let mut one = Array::zeros(shape.as_slice());
        let mut pairs = Vec::new();
        for place in places(&mut rng, gradient.len()) {
            one.as_slice_mut().unwrap()[place] = 1.0;
            pairs.push((gradient.as_slice().unwrap()[place], slope(&one)));
            one.as_slice_mut().unwrap()[place] = 0.0;
        }
        let peak = pairs
            .iter()
            .fold(FLOOR, |peak, (_, want)| peak.max(want.abs()));
        for (got, want) in pairs {
            let error = (got - want).abs() / peak;
            assert!(
                error <= 1e-4,
                "{what:?}: gradient of input {input} is {got}, not {want}; peak {peak}"
            );
        }

        let along = random(&mut rng, &shape);
        let (got, want) = ((gradient * &along).sum(), slope(&along));
        let size = (gradient * gradient).sum().sqrt().max(FLOOR);
        assert!(
            (got - want).abs() <= 1e-4 * size,
            "{what:?}: all of input {input} together: {got}, not {want}; size {size}"
        );
    }
}

/// Below this a gradient counts as zero.
const FLOOR: f64 = 1e-4;

fn peak(values: &Array) -> f64 {
    largest(values).max(FLOOR)
}

fn largest(values: &Array) -> f64 {
    // Not `f64::max`, which would pass over a NaN.
    values
        .iter()
        .fold(0.0, |most, v| if v.abs() <= most { most } else { v.abs() })
}

fn places(rng: &mut Rng, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    if count > MOVED {
        rng.shuffle(&mut all);
        all.truncate(MOVED);
    }
    all
}

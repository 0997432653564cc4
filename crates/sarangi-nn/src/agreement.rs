//! All engines held against each other on random shapes.

use std::sync::OnceLock;

use candle_core::{Device, Tensor, Var};
use proptest::prelude::*;
use sarangi_core::{Result, Rng, Seed};

use crate::Value;
use crate::geometry::Geometry2d;
use crate::gpu::{Resident, emulator};
use crate::ops::{self, CrossEntropy, Targets};
use crate::value::Tracking;

fn random(rng: &mut Rng, shape: &[usize]) -> Var {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| rng.normal() as f32).collect();
    Var::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Whole numbers, so that maxima tie and activations hit their ends.
fn whole(rng: &mut Rng, shape: &[usize]) -> Var {
    let x = random(rng, shape);
    Var::from_tensor(&(x.as_tensor() * 2.0).unwrap().round().unwrap()).unwrap()
}

/// Whatever computes besides the CPU's own engine.
struct Engine {
    name: String,
    device: Device,
    /// A tracked value whose gradient is wanted.
    variable: fn(&Tensor) -> Value,
}

/// The compositions and the kernels of GPUs, both on the CPU, and every device of this machine.
fn engines() -> &'static [Engine] {
    static ENGINES: OnceLock<Vec<Engine>> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let mut engines = vec![Engine {
            name: "composed".to_owned(),
            device: Device::Cpu,
            variable: |x| Value::composed(x, Tracking::Itself).unwrap(),
        }];
        if emulator::answers() {
            engines.push(Engine {
                name: "kernels of GPUs".to_owned(),
                device: Device::Cpu,
                variable: |x| Value::gpu(Resident::from_tensor(x, Tracking::Itself).unwrap()),
            });
        }
        let devices = sarangi_testkit::devices().into_iter();
        engines.extend(devices.filter(|d| !d.is_cpu()).map(|device| Engine {
            name: format!("{device:?}"),
            device,
            variable: |x| Value::variable(x).unwrap(),
        }));
        engines
    })
}

/// Runs an operation by the CPU's engine and by every other, and holds its result, the gradient of
/// its input and those of `parameters` against each other. `op` gets the parameters, too, where the
/// engine computes.
fn agree(
    x: &Var,
    parameters: &[&Var],
    rng: &mut Rng,
    op: impl Fn(&Value, &[Var]) -> Result<Value>,
) {
    let x = x.as_tensor();
    let own: Vec<Var> = parameters.iter().map(|&p| p.clone()).collect();
    let input = Value::variable(x).unwrap();
    let output = op(&input, &own).unwrap();
    let dy = random(rng, output.dims());
    let expected = found(&input, &output, &dy, &own);
    for engine in engines() {
        let there = |t: &Tensor| t.to_device(&engine.device).unwrap();
        let parameters: Vec<Var> = own
            .iter()
            .map(|p| Var::from_tensor(&there(p)).unwrap())
            .collect();
        let input = (engine.variable)(&there(x));
        let output = op(&input, &parameters).unwrap();
        let found = found(&input, &output, &dy, &parameters);
        assert_eq!(expected.len(), found.len());
        for (number, (a, b)) in expected.iter().zip(&found).enumerate() {
            let (Some(a), Some(b)) = (a, b) else {
                assert!(a.is_none() && b.is_none(), "{}: {number}", engine.name);
                continue;
            };
            assert_eq!(a.dims(), b.dims());
            let [a, b] = [a, b].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
            let peak = b.iter().fold(0.0f32, |peak, v| peak.max(v.abs()));
            for (a, b) in a.iter().zip(&b) {
                assert!(
                    (a - b).abs() <= 1e-5 + 2e-5 * peak,
                    "{}, {number}: {a} and {b}, peak {peak}",
                    engine.name
                );
            }
        }
    }
}

/// The result, and the gradients of the input and of the parameters.
fn found(input: &Value, output: &Value, dy: &Tensor, parameters: &[Var]) -> Vec<Option<Tensor>> {
    let gradients = output.backward_from(&Value::new(dy).unwrap()).unwrap();
    let mut all = vec![Some(output.tensor().unwrap()), gradients.of(input).unwrap()];
    all.extend(parameters.iter().map(|p| gradients.get(p).unwrap()));
    all
}

fn windows() -> impl Strategy<Value = Geometry2d> {
    let pair = |low: usize, high: usize| [low..=high, low..=high];
    (pair(1, 4), pair(1, 3), pair(0, 2), pair(1, 2)).prop_map(
        |(kernel, stride, padding, dilation)| Geometry2d {
            kernel,
            stride,
            padding,
            dilation,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn convolutions_agree(
        window in windows(),
        (batch, groups, per_group, out) in (1usize..4, 1usize..4, 1usize..4, 1usize..4),
        size in [1usize..12, 1usize..12],
        seed: u64,
    ) {
        prop_assume!(window.output("conv2d", size).is_ok());
        let mut rng = Seed(seed).named("conv");
        let x = random(&mut rng, &[batch, groups * per_group, size[0], size[1]]);
        let [kh, kw] = window.kernel;
        let w = random(&mut rng, &[groups * out, per_group, kh, kw]);
        let b = random(&mut rng, &[groups * out]);
        agree(&x, &[&w, &b], &mut rng, |x, p| ops::conv2d(x, &p[0], Some(&p[1]), window, groups));
    }

    #[test]
    fn wide_convolutions_agree(
        (inputs, outputs) in (1usize..70, 1usize..70),
        kernel in prop::sample::select(vec![1usize, 3]),
        stride in 1usize..3,
        size in [3usize..9, 3usize..9],
        seed: u64,
    ) {
        let window = Geometry2d {
            stride: [stride; 2],
            padding: [kernel / 2; 2],
            ..Geometry2d::new([kernel; 2])
        };
        let mut rng = Seed(seed).named("conv");
        let x = random(&mut rng, &[2, inputs, size[0], size[1]]);
        let w = random(&mut rng, &[outputs, inputs, kernel, kernel]);
        agree(&x, &[&w], &mut rng, |x, p| ops::conv2d(x, &p[0], None, window, 1));
    }

    #[test]
    fn pools_agree(
        window in windows(),
        channels in 1usize..20,
        size in [1usize..12, 1usize..12],
        count_include_pad: bool,
        to in [1usize..5, 1usize..5],
        seed: u64,
    ) {
        prop_assume!(window.output("pool", size).is_ok());
        prop_assume!((0..2).all(|i| window.padding[i] * 2 <= window.kernel[i]));
        // Every window must see the picture: with dilation it may lie in the padding alone.
        prop_assume!((0..2).all(|i| window.dilation[i] == 1 || window.padding[i] == 0));
        let mut rng = Seed(seed).named("pool");
        let x = whole(&mut rng, &[2, channels, size[0], size[1]]);
        agree(&x, &[], &mut rng, |x, _| ops::max_pool2d(x, window));
        agree(&x, &[], &mut rng, |x, _| ops::adaptive_avg_pool2d(x, to));
        agree(&x, &[], &mut rng, |x, _| ops::adaptive_max_pool2d(x, to));
        agree(&x, &[], &mut rng, |x, _| ops::global_avg_pool2d(x));
        agree(&x, &[], &mut rng, |x, _| ops::global_max_pool2d(x));
        agree(&x, &[], &mut rng, |x, _| ops::resize_bilinear(x, to, count_include_pad));
        agree(&x, &[], &mut rng, |x, _| ops::concat(&[x, &ops::relu(x)?]));
        agree(&x, &[], &mut rng, |x, _| ops::mul(x, &ops::sigmoid(x)?));
        agree(&x, &[], &mut rng, |x, _| ops::permute(&ops::mul_scalar(x, 0.3)?, &[2, 0, 3, 1]));
        agree(&x, &[], &mut rng, |x, _| ops::narrow(x, 1, channels / 2, channels.div_ceil(2)));
        let window = Geometry2d { dilation: [1, 1], ..window };
        agree(&x, &[], &mut rng, |x, _| ops::avg_pool2d(x, window, count_include_pad));
    }

    /// Norm, activation and dropout in every order, and what reads them.
    #[test]
    fn chains_agree(
        (batch, channels) in (2usize..5, 1usize..40),
        size in [1usize..6, 1usize..6],
        steps in prop::collection::vec(0usize..8, 1..5),
        seed: u64,
    ) {
        let mut rng = Seed(seed).named("chain");
        let x = random(&mut rng, &[batch, channels, size[0], size[1]]);
        let [gamma, beta, mean] = [(); 3].map(|()| random(&mut rng, &[channels]));
        let variance = Var::from_tensor(&(mean.sqr().unwrap() + 0.1).unwrap()).unwrap();
        // Scaled to keep the size of what it filters: an activation may clamp the result, and then
        // its peak says nothing about the sums that were rounded.
        let w = random(&mut rng, &[channels, channels, 3, 3]);
        let w = (w.as_tensor() / (9.0 * channels as f64).sqrt()).unwrap();
        let w = Var::from_tensor(&w).unwrap();
        let window = Geometry2d { padding: [1, 1], ..Geometry2d::new([3, 3]) };
        agree(&x, &[&gamma, &beta, &w, &mean, &variance], &mut rng, |x, p| {
            let [gamma, beta, w, mean, variance] = p else { unreachable!() };
            let mut x = x.clone();
            for (i, step) in steps.iter().enumerate() {
                x = match step {
                    0 => ops::relu(&x)?,
                    1 => ops::relu6(&x)?,
                    2 => ops::batch_norm_train(&x, gamma, beta, 0.1)?.0,
                    3 => ops::batch_norm_eval(&x, gamma, beta, mean, variance, 0.1)?,
                    4 => ops::dropout(&x, 0.3, &mut Seed(seed).rng(0, i as u64))?,
                    5 => ops::conv2d(&x, w, None, window, 1)?,
                    6 => ops::add_relu(&x, &ops::relu(&x)?)?,
                    _ => ops::add(&x, &x)?,
                };
            }
            Ok(x)
        });
    }

    #[test]
    fn dense_layers_and_losses_agree(
        (batch, inputs, classes) in (1usize..6, 1usize..40, 2usize..6),
        smoothing in 0.0f32..1.0,
        seed: u64,
    ) {
        let mut rng = Seed(seed).named("dense");
        let x = random(&mut rng, &[batch, inputs, 2, 1]);
        let w = random(&mut rng, &[classes, inputs * 2]);
        let b = random(&mut rng, &[classes]);
        let labels: Vec<u32> = (0..batch).map(|i| (i % classes) as u32).collect();
        let settings = CrossEntropy { label_smoothing: smoothing, class_weights: None };
        let logits = |x: &Value, p: &[Var]| ops::linear(&ops::flatten(x)?, &p[0], Some(&p[1]));
        let parameters = [&w, &b];
        agree(&x, &parameters, &mut rng, logits);
        agree(&x, &parameters, &mut rng, |x, p| ops::log_softmax(&logits(x, p)?));
        agree(&x, &parameters, &mut rng, |x, p| ops::softmax(&logits(x, p)?));
        agree(&x, &parameters, &mut rng, |x, p| {
            ops::cross_entropy(&logits(x, p)?, Targets::Classes(&labels), &settings)
        });
        agree(&x, &parameters, &mut rng, |x, p| ops::focal_loss(&logits(x, p)?, &labels, 2.0, None));
    }
}

/// Ends, infinities and what is not a number: on every device as in torch.
#[test]
fn activations_at_the_extremes_agree() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = [-inf, -1.0, 0.0, 3.0, 6.0, 7.0, inf, nan];
    let x = Var::from_tensor(&Tensor::new(&[x], &Device::Cpu).unwrap()).unwrap();
    let dy = Tensor::new(&[[2f32; 8]], &Device::Cpu).unwrap();
    let row = |t: Tensor| t.to_vec2::<f32>().unwrap().remove(0);
    for op in [ops::relu, ops::relu6] {
        let both = |x: Value| {
            let y = op(&x).unwrap();
            let gradients = y.backward_from(&Value::new(&dy).unwrap()).unwrap();
            let dx = gradients.of(&x).unwrap().unwrap();
            [row(y.tensor().unwrap()), row(dx)]
        };
        let ours = both(Value::variable(&x).unwrap());
        for engine in engines() {
            let theirs = both((engine.variable)(&x.to_device(&engine.device).unwrap()));
            for i in 0..8 {
                let [[y, dx], [want, slope]] =
                    [&ours, &theirs].map(|rows| [rows[0][i], rows[1][i]]);
                let same = y == want || y.is_nan() && want.is_nan();
                assert!(same, "{}, {i}: {y} {want}", engine.name);
                // The CPU's kernels multiply what is not finite by a norm's terms, which are 0 here.
                let lost = !want.is_finite() && dx.is_nan();
                assert!(dx == slope || lost, "{}, {i}: {dx} {slope}", engine.name);
            }
        }
        assert!(ours[0][7].is_nan() && ours[1][2] == 0.0);
    }
}

#[test]
fn a_tensor_survives_the_engine() {
    let mut rng = Seed(3).named("there and back");
    for shape in [
        vec![2, 3],
        vec![2, 3, 4],
        vec![2, 3, 4, 5],
        vec![0, 3],
        vec![1, 1, 1, 1],
    ] {
        let x = random(&mut rng, &shape);
        let y = Value::new(&x).unwrap().tensor().unwrap();
        assert_eq!(y.dims(), shape);
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(&x), values(&y));
    }
}

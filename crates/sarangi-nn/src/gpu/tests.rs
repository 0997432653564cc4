//! Steps of training by the kernels of GPUs, run on the CPU, beside those of the CPU's engine.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use sarangi_cluster::Threads;
use sarangi_core::{Communicator, Result, Rng, Seed};

use super::{Resident, emulator};
use crate::value::Tracking;
use crate::{
    AdamStep, CrossEntropy, Exchange, Geometry2d, SgdStep, Share, Targets, Value, adam_step,
    batch_norm_shared, batch_norm_train, conv2d, cross_entropy, dropout, global_avg_pool2d, linear,
    max_pool2d, relu, sgd_step,
};

const BATCH: usize = 6;
const CLASSES: usize = 3;

fn random(rng: &mut Rng, shape: &[usize], scale: f32) -> Tensor {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|_| scale * rng.normal() as f32).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// A small network of everything that is usual, and a batch for it.
struct Network {
    x: Tensor,
    parameters: Vec<Var>,
}

impl Network {
    fn new() -> Self {
        let rng = &mut Seed(5).rng(0, 0);
        let shapes: [&[usize]; 6] = [&[8, 3, 3, 3], &[8], &[8], &[8, 1, 3, 3], &[3, 8], &[3]];
        Self {
            x: random(rng, &[BATCH, 3, 11, 9], 1.0),
            parameters: shapes
                .iter()
                .map(|shape| Var::from_tensor(&random(rng, shape, 0.5)).unwrap())
                .collect(),
        }
    }

    /// The loss of the batch's examples in `range`.
    fn loss(&self, x: &Value, labels: &[u32], share: Option<&Share>) -> Result<Value> {
        let [filter, gamma, beta, depthwise, weight, bias] = &self.parameters[..] else {
            unreachable!()
        };
        let window = Geometry2d::square(3).padding(1);
        let x = conv2d(x, filter, None, window, 1)?;
        let x = match share {
            Some(share) => batch_norm_shared(&x, gamma, beta, 1e-5, share)?.0,
            None => batch_norm_train(&x, gamma, beta, 1e-5)?.0,
        };
        let x = max_pool2d(&relu(&x)?, window.stride(2))?;
        let x = global_avg_pool2d(&conv2d(&x, depthwise, None, window, 8)?)?;
        let rng = &mut Seed(6).rng(0, 0);
        let x = match share {
            Some(share) => crate::dropout_shared(&x, 0.3, rng, share)?,
            None => dropout(&x, 0.3, rng)?,
        };
        let logits = linear(&x, weight, Some(bias))?;
        cross_entropy(&logits, Targets::Classes(labels), &CrossEntropy::default())
    }
}

fn labels() -> Vec<u32> {
    (0..BATCH).map(|i| (i % CLASSES) as u32).collect()
}

fn on_gpu(x: &Tensor) -> Value {
    Value::gpu(Resident::from_tensor(x, Tracking::Parameters).unwrap())
}

/// How far two lists are apart, as a share of the second's peak.
fn distance(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let peak = expected.iter().fold(1e-9f32, |peak, x| peak.max(x.abs()));
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0f32, |most, (a, b)| most.max((a - b).abs())) / peak
}

#[test]
fn half_precision_is_near_single_and_its_gradients_are_f32() {
    if !emulator::answers() {
        return;
    }
    let network = Network::new();
    let gradients = |x: Value| {
        let loss = network.loss(&x, &labels(), None).unwrap();
        let gradients = loss.backward().unwrap();
        let each = network.parameters.iter().map(|parameter| {
            let gradient = gradients.get(parameter).unwrap().unwrap();
            assert_eq!(gradient.dtype(), DType::F32);
            flat(&gradient)
        });
        (loss.scalar().unwrap(), each.collect::<Vec<_>>())
    };
    let (loss, expected) = gradients(Value::tracked(&network.x).unwrap());
    for (dtype, within) in [(DType::F32, 1e-5), (DType::F16, 2e-2), (DType::BF16, 1e-1)] {
        let (found_loss, found) = gradients(on_gpu(&network.x).to_dtype(dtype).unwrap());
        assert!(
            (found_loss - loss).abs() < within * loss,
            "{dtype:?}: {found_loss} {loss}"
        );
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let distance = distance(found, expected);
            assert!(distance < within, "{dtype:?}, {number}: {distance}");
        }
    }
}

#[test]
fn several_steps_of_the_optimisers_agree() {
    if !emulator::answers() {
        return;
    }
    let adam = |step, decoupled| AdamStep {
        lr: 0.01,
        betas: (0.9, 0.99),
        eps: 1e-8,
        weight_decay: 0.1,
        decoupled,
        step,
    };
    let sgd = |step, momentum, nesterov| SgdStep {
        lr: 0.05,
        momentum,
        dampening: if nesterov { 0.0 } else { 0.1 },
        weight_decay: 0.01,
        nesterov,
        step,
    };
    for rule in 0..5 {
        let train = |input: &dyn Fn(&Tensor) -> Value| {
            let network = Network::new();
            let memory: Vec<[Var; 2]> = network
                .parameters
                .iter()
                .map(|p| [(); 2].map(|()| Var::from_tensor(&p.zeros_like().unwrap()).unwrap()))
                .collect();
            for step in 1..=3 {
                let x = input(&network.x);
                let loss = network.loss(&x, &labels(), None).unwrap();
                let gradients = loss.backward().unwrap();
                for (p, [a, b]) in network.parameters.iter().zip(&memory) {
                    let done = match rule {
                        0 => adam_step(p, &gradients, [a, b], adam(step, true)),
                        1 => adam_step(p, &gradients, [a, b], adam(step, false)),
                        2 => sgd_step(p, &gradients, None, sgd(step, 0.0, false)),
                        3 => sgd_step(p, &gradients, Some(a), sgd(step, 0.9, false)),
                        _ => sgd_step(p, &gradients, Some(a), sgd(step, 0.9, true)),
                    };
                    assert!(done.unwrap());
                }
            }
            network
                .parameters
                .iter()
                .map(|p| flat(p))
                .collect::<Vec<_>>()
        };
        let expected = train(&|x| Value::tracked(x).unwrap());
        let found = train(&on_gpu);
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let distance = distance(found, expected);
            // Adam divides by the root of what may be near 0.
            let within = if rule < 2 { 1e-3 } else { 2e-5 };
            assert!(distance < within, "rule {rule}, {number}: {distance}");
        }
    }
}

#[test]
fn shares_of_a_batch_give_the_gradients_of_all_of_it() {
    if !emulator::answers() {
        return;
    }
    let gradients = |ranks: Arc<dyn Communicator>| -> Result<Vec<Vec<f32>>> {
        let network = Network::new();
        let range = ranks.shard().range(BATCH);
        let x = network.x.narrow(0, range.start, range.len()).unwrap();
        let share = Share::new(range.start, range.len()).with_statistics_of(Arc::clone(&ranks));
        let weight = range.len() as f32 / BATCH as f32;
        let mut exchange = Exchange::new(ranks, 300);
        let mut found = Vec::new();
        // The second way back goes by what the first has told.
        for _ in 0..2 {
            let loss = network.loss(&on_gpu(&x), &labels()[range.clone()], Some(&share))?;
            let dy = Value::new(&Tensor::new(weight, &Device::Cpu).unwrap())?;
            let gradients = exchange.backward_from(&loss, &dy, &network.parameters)?;
            found = network
                .parameters
                .iter()
                .map(|p| flat(&gradients.get(p).unwrap().unwrap()))
                .collect();
        }
        Ok(found)
    };
    let network = Network::new();
    let loss = network.loss(&Value::tracked(&network.x).unwrap(), &labels(), None);
    let whole = loss.unwrap().backward().unwrap();
    for ranks in [2, 4] {
        for found in Threads::run(ranks, gradients).unwrap() {
            for (number, (found, p)) in found.iter().zip(&network.parameters).enumerate() {
                let distance = distance(found, &flat(&whole.get(p).unwrap().unwrap()));
                assert!(distance < 5e-5, "{ranks} ranks, {number}: {distance}");
            }
        }
    }
}

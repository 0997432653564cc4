//! Several ranks on shares of a batch give what one gives on all of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use sarangi_cluster::Threads;
use sarangi_core::{Alone, Communicator, Result, Seed};
use sarangi_nn::{
    BatchNorm, BatchNormSpec, Conv2d, Conv2dSpec, CrossEntropy, Dropout, Exchange, Geometry2d,
    Linear, Mode, Params, Share, Targets, Value, conv2d, cross_entropy, global_avg_pool2d,
    max_pool2d, relu,
};

const BATCH: usize = 7;
const CLASSES: usize = 3;

/// Convolution, norm, activation, pooling, a filter that is used twice, dropout, and a norm of vectors.
struct Network {
    first: Conv2d,
    norm: BatchNorm,
    twice: Tensor,
    dropout: Dropout,
    flat: BatchNorm,
    out: Linear,
}

impl Network {
    fn new(params: &Params) -> Result<Self> {
        let spec = BatchNormSpec::default();
        // A bias before a norm has no gradient but what rounding makes.
        let first = Conv2dSpec {
            bias: false,
            ..Conv2dSpec::new(2, 6, Geometry2d::square(3))
        };
        Ok(Self {
            first: Conv2d::new(&params.sub("first"), first)?,
            norm: BatchNorm::new(&params.sub("norm"), 6, spec)?,
            twice: params.weight("twice", (6, 6, 1, 1), sarangi_nn::Init::Normal { std: 0.3 })?,
            dropout: Dropout { p: 0.3 },
            flat: BatchNorm::new(&params.sub("flat"), 6, spec)?,
            out: Linear::new(&params.sub("out"), 6, CLASSES)?,
        })
    }

    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let point = Geometry2d::square(1);
        let xs = self.first.forward(xs)?;
        let xs = relu(&self.norm.forward(&xs, mode.reborrow())?)?;
        let xs = max_pool2d(&xs, Geometry2d::square(2).stride(2))?;
        let xs = conv2d(&xs, &self.twice, None, point, 1)?;
        let xs = relu(&conv2d(&xs, &self.twice, None, point, 1)?)?;
        let xs = self.dropout.forward(&xs, mode.reborrow())?;
        let xs = self.flat.forward(&global_avg_pool2d(&xs)?, mode)?;
        self.out.forward(&xs)
    }
}

/// Loss, gradients by name, and running statistics.
type Found = (f64, Vec<(String, Vec<f32>)>);

fn examples() -> (Vec<f32>, Vec<u32>) {
    let mut rng = Seed(11).rng(0, 0);
    let values = (0..BATCH * 2 * 12 * 10).map(|_| 3.0 + rng.normal() as f32);
    (values.collect(), (0..BATCH as u32).map(|i| i % 3).collect())
}

/// Three steps without an optimiser, so that the third runs by what the first has told.
fn steps(ranks: &Arc<dyn Communicator>, bucket: usize) -> Result<Found> {
    let params = Params::new(Seed(1), &Device::Cpu);
    let network = Network::new(&params)?;
    let (xs, labels) = examples();
    let mut range = ranks.shard().range(BATCH);
    let stands_in = range.is_empty();
    if stands_in {
        range = 0..1;
    }
    let picture = xs.len() / BATCH;
    let part = &xs[range.start * picture..range.end * picture];
    let part = Tensor::from_slice(part, (range.len(), 2, 12, 10), &Device::Cpu).unwrap();
    let labels = &labels[range.clone()];
    let weight = if stands_in {
        0.0
    } else {
        range.len() as f32 / BATCH as f32
    };
    let mut share = Share::new(range.start, range.len()).with_statistics_of(Arc::clone(ranks));
    if stands_in {
        share = share.standing_in();
    }
    let trainable: Vec<Var> = params.trainable().into_iter().map(|(_, var)| var).collect();
    let mut exchange = Exchange::new(Arc::clone(ranks), bucket);
    let mut found = None;
    for step in 0..3 {
        let rng = &mut Seed(2).rng(0, step);
        let mode = match ranks.size() {
            1 => Mode::Train(rng),
            _ => Mode::TrainShare(rng, &share),
        };
        let logits = network.forward(&Value::tracked(&part)?, mode)?;
        let loss = cross_entropy(&logits, Targets::Classes(labels), &CrossEntropy::default())?;
        let dy = Value::new(&Tensor::new(weight, &Device::Cpu).unwrap())?;
        let gradients = match ranks.size() {
            1 => loss.backward()?,
            _ => exchange.backward_from(&loss, &dy, &trainable)?,
        };
        let mut sum = [f64::from(loss.scalar()?) * f64::from(weight)];
        ranks.all_reduce_sum_f64(&mut sum)?;
        let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let mut all = Vec::new();
        for (name, var) in params.trainable() {
            all.push((name, flat(&gradients.get(&var)?.unwrap())));
        }
        for (name, parameter) in params.all() {
            if !parameter.trainable {
                all.push((name, flat(parameter.var.as_tensor())));
            }
        }
        found = Some((sum[0], all));
    }
    Ok(found.unwrap())
}

#[test]
fn shares_of_a_batch_give_the_gradients_of_all_of_it() {
    let alone: Arc<dyn Communicator> = Arc::new(Alone);
    let (loss, expected) = steps(&alone, Exchange::BUCKET_BYTES).unwrap();
    // Four ranks have shares of 2, 2, 2 and 1; of nine, two have none.
    for size in [2, 4, 9] {
        for bucket in [1, 200, Exchange::BUCKET_BYTES] {
            let all = Threads::run(size, |ranks| steps(&ranks, bucket)).unwrap();
            for (found_loss, found) in &all {
                assert!((found_loss - loss).abs() < 1e-6, "{found_loss} {loss}");
                assert_eq!(found.len(), expected.len());
                for ((name, found), (_, expected)) in found.iter().zip(&expected) {
                    let peak = expected.iter().fold(1e-6f32, |peak, x| peak.max(x.abs()));
                    for (found, expected) in found.iter().zip(expected) {
                        let error = (found - expected).abs() / peak;
                        assert!(error < 2e-5, "{size} ranks, {name}: {found} for {expected}");
                    }
                }
            }
            // To the bit alike on all ranks.
            assert!(all.iter().all(|found| found.1 == all[0].1));
        }
    }
}

/// A network whose use of a parameter differs from step to step.
#[test]
fn a_way_back_that_differs_from_the_first_is_summed_too() {
    let gradient = |ranks: &Arc<dyn Communicator>, uses: &[usize]| -> Result<Vec<f32>> {
        let params = Params::new(Seed(1), &Device::Cpu);
        let square = Linear::new(&params, 2, 2)?;
        let parameters: Vec<Var> = params.trainable().into_iter().map(|(_, v)| v).collect();
        let mut exchange = Exchange::new(Arc::clone(ranks), 1);
        let mut last = Vec::new();
        for &uses in uses {
            let mine = 1.0 + ranks.rank() as f32;
            let xs = Tensor::new(&[[mine, 2.0]], &Device::Cpu).unwrap();
            let mut ys = Value::tracked(&xs)?;
            for _ in 0..uses {
                ys = square.forward(&ys)?;
            }
            let ones = Value::new(&Tensor::new(&[[1.0f32, 1.0]], &Device::Cpu).unwrap())?;
            let gradients = exchange.backward_from(&ys, &ones, &parameters)?;
            last.clear();
            for parameter in &parameters {
                let gradient = gradients.get(parameter)?.unwrap();
                last.extend(gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap());
            }
        }
        Ok(last)
    };
    for uses in [[1, 3, 2], [3, 1, 3], [2, 3, 1]] {
        let whole = Threads::run(2, |ranks| gradient(&ranks, &uses)).unwrap();
        let fresh = Threads::run(2, |ranks| gradient(&ranks, &uses[2..])).unwrap();
        assert_eq!(whole, fresh);
        assert_eq!(whole[0], whole[1]);
    }
}

#[test]
fn a_rank_that_ends_ends_the_others_way_back() {
    let error = Threads::run(2, |ranks| {
        if ranks.rank() == 1 {
            return Err(sarangi_core::Error::data("music", "is gone"));
        }
        steps(&ranks, 1).map(|_| ())
    });
    assert_eq!(error.unwrap_err().to_string(), "music: is gone");
}

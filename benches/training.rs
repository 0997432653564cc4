//! Steps of the five-channel network: `cargo bench --bench training`. The number of threads is
//! `RAYON_NUM_THREADS`.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]
#![allow(clippy::expect_used, reason = "a benchmark stops at the first error")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array4;
use sarangi::core::{IntoTensor, Seed, Spec};
use sarangi::models::{FiveChannelCnnSpec, ModelContext, ModelSpec};
use sarangi::nn::{CrossEntropy, Mode, Params, Targets, Value, cross_entropy};
use sarangi::prelude::Backend;
use sarangi::train::{Optimiser, OptimiserSpec};

const BATCH: usize = 32;

fn five_channel_cnn(c: &mut Criterion) {
    let mut group = c.benchmark_group("five-channel-cnn");
    group.throughput(Throughput::Elements(BATCH as u64));
    for backend in [Backend::Cpu, Backend::Cuda(0), Backend::Metal(0)] {
        // A device that this build or machine lacks has nothing to measure.
        let Ok(device) = backend.device() else {
            continue;
        };
        let params = Params::new(Seed(1), &device);
        let cx = ModelContext {
            params: &params,
            in_channels: 5,
            classes: 10,
        };
        let network = ModelSpec::FiveChannelCnn(FiveChannelCnnSpec::default())
            .build(cx)
            .expect("the spec");
        let mut rng = Seed(2).named("batch");
        let batch = Array4::from_shape_simple_fn((BATCH, 5, 40, 130), || rng.normal() as f32);
        let xs = batch.into_tensor(&device).expect("a batch");
        let targets: Vec<u32> = (0..BATCH as u32).map(|i| i % 10).collect();
        let mut optimiser = Optimiser::new(&OptimiserSpec::default(), &params).expect("the spec");

        group.bench_function(format!("forward/{backend}"), |b| {
            b.iter(|| network.predict(&xs).expect("a forward pass"));
        });
        group.bench_function(format!("train-step/{backend}"), |b| {
            b.iter(|| {
                let xs = Value::tracked(&xs).expect("a batch");
                let logits = network
                    .forward(&xs, Mode::Train(&mut rng))
                    .expect("a forward pass");
                let targets = Targets::Classes(&targets);
                let loss = cross_entropy(&logits, targets, &CrossEntropy::default());
                let loss = loss.expect("a loss");
                optimiser
                    .step(&loss.backward().expect("gradients"), 1e-3)
                    .expect("a step");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, five_channel_cnn);
criterion_main!(benches);

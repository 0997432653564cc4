//! Answers: a second of a stream, a whole track, several tracks together.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sarangi::core::{SampleRate, Stop, Waveform};
use sarangi::prelude::{Backend, Classifier};
use sarangi::train::Prepared;

const RATE: SampleRate = SampleRate::HZ_22050;

fn sound(seconds: f64) -> Waveform {
    let samples = (0..RATE.samples(seconds)).map(|n| {
        let t = n as f32 / RATE.as_f64() as f32;
        0.4 * (2.0 * 330.0 * t).sin() * (1.0 - (2.0 * t).fract()) + 0.1 * (5.0 * 330.0 * t).sin()
    });
    Waveform::mono(samples.collect(), RATE)
}

fn prediction(c: &mut Criterion) {
    let model = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/checkpoints/v1/quickstart.safetensors");
    let classifier = match Classifier::load(model, Backend::Cpu) {
        Ok(classifier) => classifier,
        Err(error) => panic!("{error}"),
    };
    let second = sound(1.0);
    let mut group = c.benchmark_group("listen/five-channel");
    group.throughput(Throughput::Elements(1));
    // The latency of an update: from its last sample to the answer.
    group.bench_function("second", |b| {
        let listener = classifier.listen(RATE).map(|l| l.with_memory(30.0));
        let mut listener = listener.unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..40 {
            black_box(listener.push(&second).ok());
        }
        b.iter(|| {
            listener
                .push(black_box(&second))
                .map(|updates| updates.len())
        });
    });
    group.finish();

    let track = sound(30.0);
    let mut group = c.benchmark_group("classify/five-channel");
    group.throughput(Throughput::Elements(1));
    group.bench_function("track", |b| {
        b.iter(|| classifier.classify(black_box(&track)).is_ok())
    });
    let prepared = classifier.prepare(&track, &Stop::new());
    let prepared = prepared.unwrap_or_else(|error| panic!("{error}"));
    for count in [1, 16] {
        let tracks: Vec<Prepared> = vec![prepared.clone(); count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("network/{count}"), |b| {
            b.iter(|| classifier.classify_batch(black_box(&tracks)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(benches, prediction);
criterion_main!(benches);

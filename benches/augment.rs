//! Augmentation of one clip on one thread: `cargo bench --bench augment`.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]
#![allow(clippy::expect_used, reason = "a benchmark stops at the first error")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sarangi::augment::WaveformAugmentation;
use sarangi::core::Augment;
use sarangi::prelude::*;
use sarangi_benches::sound;
use serde_json::{Map, Value, json};

/// Transforms that take more than a pass over the samples, with one setting each.
fn cases() -> [(&'static str, Value); 16] {
    [
        ("time-stretch", json!({"rate": 0.9})),
        ("time-stretch", json!({"rate": 0.9, "method": "librosa"})),
        ("pitch-shift", json!({"semitones": 2})),
        ("pitch-shift", json!({"semitones": -2})),
        ("pitch-shift", json!({"semitones": 2, "method": "librosa"})),
        ("gaussian-noise", json!({})),
        ("color-noise", json!({})),
        ("reverb", json!({})),
        ("air-absorption", json!({})),
        ("low-pass", json!({})),
        ("seven-band-parametric-eq", json!({})),
        ("limiter", json!({})),
        ("loudness-normalization", json!({})),
        ("resample-jitter", json!({})),
        ("aliasing", json!({})),
        ("clipping-distortion", json!({})),
    ]
}

fn transforms(c: &mut Criterion) {
    let wave = sound(30.0);
    for (name, settings) in cases() {
        let label = match &settings {
            Value::Object(map) if map.is_empty() => "defaults".to_owned(),
            settings => settings.to_string().replace(['{', '}', '"'], ""),
        };
        let settings: Map<String, Value> = settings.as_object().cloned().unwrap_or_default();
        let spec = WaveformAugmentation::from_name(name, settings).expect("a known transform");
        let plan = spec.build(wave.rate()).expect("settings that make sense");
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(wave.len() as u64));
        group.bench_function(format!("{label}/30s"), |b| {
            b.iter_batched(
                || wave.clone(),
                |wave| {
                    plan.augment(black_box(wave), &mut Seed(1).rng(0, 0))
                        .expect("a sound")
                },
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, transforms);
criterion_main!(benches);

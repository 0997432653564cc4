//! Features of one clip on one thread: `cargo bench --bench features`.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]
#![allow(clippy::expect_used, reason = "a benchmark stops at the first error")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sarangi::features::HpssSpec;
use sarangi::prelude::*;
use sarangi_benches::sound;

fn features(c: &mut Criterion) {
    let cases = [
        ("stft-magnitude", 30.0),
        ("log-mel", 30.0),
        ("mfcc", 30.0),
        ("chroma-stft", 30.0),
        ("chroma-cqt", 30.0),
        ("cqt", 30.0),
        ("scalogram", 30.0),
        ("spectral-contrast", 30.0),
        ("harmonic", 30.0),
        ("yin", 30.0),
        ("pyin", 30.0),
        ("onset", 30.0),
        ("beat", 30.0),
        ("five-channel", 3.0),
    ];
    for (name, seconds) in cases {
        let wave = sound(seconds);
        let spec = FeatureSpec::from_name(name, Default::default()).expect("a known feature");
        let plan = spec.build(wave.rate()).expect("librosa's defaults");
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(wave.len() as u64));
        group.bench_function(format!("librosa-defaults/{seconds}s"), |b| {
            b.iter(|| plan.apply(black_box(&wave)).expect("a sound"));
        });
        group.finish();
    }
}

/// Both parts of a sound as sounds.
fn separation(c: &mut Criterion) {
    let wave = sound(30.0);
    let hpss = HpssSpec::default().build(()).expect("librosa's defaults");
    let samples = wave.channel(0).expect("a channel");
    let mut group = c.benchmark_group("hpss");
    group.throughput(Throughput::Elements(wave.len() as u64));
    group.bench_function("librosa-defaults/30s", |b| {
        b.iter(|| hpss.separate(black_box(samples)).expect("a sound"));
    });
    group.finish();
}

criterion_group!(benches, features, separation);
criterion_main!(benches);

//! How near each feature comes to the library that its golden files were made with:
//! `cargo run --release --example parity_report`.
//!
//! One line for each feature and set of parameters: the largest difference over all sounds, in the
//! feature's unit and as a share of the peak of the map it lies in.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a report that is read on the screen and stops at the first error"
)]

use std::collections::BTreeMap;

use ndarray::{Axis, s};
use sarangi_core::{SampleRate, Spec, Transform, Waveform};
use sarangi_features::FeatureSpec;
use sarangi_testkit::goldens;

/// A map whose peak is no larger is one of silence.
const SILENT: f32 = 1e-3;

#[derive(Default)]
struct Worst {
    maps: usize,
    difference: f32,
    share: f32,
    sound: String,
}

fn main() {
    let mut report: BTreeMap<(String, String), Worst> = BTreeMap::new();
    for golden in goldens("features") {
        let wave = Waveform::new(golden.sound(), SampleRate::HZ_22050).expect("a sound");
        for (output, spec) in golden.spec["outputs"].as_object().expect("named outputs") {
            let name = spec["type"].as_str().expect("a feature").to_owned();
            let mut settings = spec.clone();
            settings.as_object_mut().expect("fields").remove("type");
            let spec: FeatureSpec = serde_json::from_value(spec.clone()).expect("a feature");
            let plan = spec.build(wave.rate()).expect("settings that make sense");
            let map = plan.apply(&wave).expect("a sound that is long enough");
            let map = map.slice(s![.., .., ..;golden.every()]);
            let want = golden.array(output);
            let worst = report.entry((name, settings.to_string())).or_default();
            worst.maps += 1;
            for (got, want) in map.axis_iter(Axis(0)).zip(want.axis_iter(Axis(0))) {
                let peak = want.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
                let pairs = got.iter().zip(&want);
                let difference = pairs.fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
                // The derivative of silence is rounding: it has no peak to compare with.
                let share = if peak > SILENT {
                    difference / peak
                } else {
                    0.0
                };
                worst.difference = worst.difference.max(difference);
                if share >= worst.share {
                    (worst.share, worst.sound) = (share, golden.name.clone());
                }
            }
        }
    }
    println!("| feature | parameters | sounds | largest difference | of the peak | on |");
    println!("|---|---|--:|--:|--:|---|");
    for ((name, settings), worst) in report {
        let Worst {
            maps,
            difference,
            share,
            sound,
        } = worst;
        println!("| `{name}` | `{settings}` | {maps} | {difference:.1e} | {share:.1e} | {sound} |");
    }
}

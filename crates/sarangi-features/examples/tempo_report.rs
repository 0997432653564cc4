//! Tempi and beats of both methods on tracks with known beats:
//! `cargo run --release -p sarangi-features --example tempo_report -- [FOLDER]`.
//!
//! With a folder the tracks are written there, `000.f32` and so on (mono, 22,050 Hz), and
//! `index.jsonl` with the truth and what both methods say, for others to be compared.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a report that is read on the screen and stops at the first error"
)]

use std::fs;
use std::path::PathBuf;

use sarangi_core::{SampleRate, Spec};
use sarangi_features::{Beat, BeatMethod, BeatSpec};
use serde_json::json;

#[path = "../tests/tempo/band.rs"]
mod band;
#[path = "../tests/tempo/score.rs"]
mod score;
#[path = "../tests/tempo/sounds.rs"]
mod sounds;
#[path = "../tests/tempo/styles.rs"]
mod styles;

use band::{Track, easy, track};
use score::Score;
use styles::{DESIGN, EASY_TEMPI, HELD_OUT, Style};

/// The tracks in sets; the last two had no part in the design.
fn sets() -> [(&'static str, Vec<Track>); 4] {
    let of = |styles: &[Style], seeds: std::ops::Range<u64>| {
        let all = styles.iter();
        all.flat_map(|&style| seeds.clone().map(move |seed| track(style, seed)))
            .collect()
    };
    [
        ("easy", (0..2 * EASY_TEMPI.len()).map(easy).collect()),
        ("design", of(&DESIGN, 0..10)),
        ("other seeds", of(&DESIGN, 10..14)),
        ("other patterns", of(&HELD_OUT, 0..10)),
    ]
}

fn main() {
    let folder = std::env::args().nth(1).map(PathBuf::from);
    let methods = [
        ("librosa", BeatMethod::Librosa),
        ("metrical", BeatMethod::Metrical),
    ];
    let plans: Vec<(&str, Beat)> = methods
        .into_iter()
        .map(|(name, method)| {
            let mut spec = BeatSpec::default();
            spec.tracking.method = method;
            (name, spec.build(SampleRate::HZ_22050).expect("defaults"))
        })
        .collect();
    let (mut index, mut count) = (String::new(), 0);
    println!("set, method: tempo right within 4 %, an octave off, otherwise wrong; F within 70 ms");
    for (set, tracks) in sets() {
        let mut scores = vec![Score::default(); plans.len()];
        for track in &tracks {
            let mut row = json!({"n": count, "set": set, "name": track.name, "bpm": track.bpm, "beats": track.beats});
            for ((name, plan), score) in plans.iter().zip(&mut scores) {
                let tempo = plan.track(&track.samples).expect("a sound").tempo;
                let beats = plan.times(&track.samples).expect("a sound");
                score.add(track.bpm, &track.beats, tempo, &beats);
                row[name] = json!([tempo, beats]);
            }
            if let Some(folder) = &folder {
                let bytes: Vec<u8> = track.samples.iter().flat_map(|x| x.to_le_bytes()).collect();
                fs::write(folder.join(format!("{count:03}.f32")), bytes).expect("a folder");
            }
            index += &format!("{row}\n");
            count += 1;
        }
        for ((name, _), score) in plans.iter().zip(&scores) {
            println!("{set}, {name}: {score}");
        }
    }
    if let Some(folder) = &folder {
        fs::write(folder.join("index.jsonl"), index).expect("a folder");
    }
}

//! Draws every feature of a clip and writes the page that shows them:
//! `cargo run --release -p sarangi-features --features draw,png --example feature_gallery`.
//!
//! Pictures go to `docs/images/features`, the page is `docs/features.md`, and the documentation of each
//! feature's type finds its picture in `pictures`. All are kept in the repository; a test says when a
//! feature has none.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a report that is read on the screen and stops at the first error"
)]

mod base64;
mod entries;
mod page;
mod plans;

use std::fs;
use std::path::{Path, PathBuf};

use sarangi_core::{SampleRate, Waveform};
use sarangi_features::FeatureSpec;
use sarangi_plot::Chart;

use entries::{FEATURES, PLANS};

const CLIP: &str = "fixtures/audio/pluck/pluck.000.wav";
/// Seconds of it that are looked at; all of it where the rhythm is.
const SECONDS: f64 = 6.0;
const WIDTH: usize = 640;
const HEIGHT: usize = 240;
/// Of what has several panels.
const PANEL: usize = 125;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let images = root.join("docs/images/features");
    fs::create_dir_all(&images).expect("folder");
    let whole = read(&root.join(CLIP));
    let clip = whole.window(0, whole.rate().samples(SECONDS));
    let mut total = 0;
    let mut save = |name: &str, chart: Chart, width: usize| {
        let panels = chart.panels.len();
        let height = if panels == 1 {
            HEIGHT
        } else {
            60 + panels * PANEL
        };
        let picture = chart.render(width, height).expect("picture");
        let path = images.join(format!("{name}.png"));
        let picture = picture.reduced(64).expect("colours");
        picture.write_png(&path).expect("file");
        let size = fs::metadata(&path).expect("file").len();
        total += size;
        println!("{name:<20} {size:>6}");
    };
    let catalogue = FeatureSpec::catalogue();
    for (_, entries) in FEATURES {
        for entry in *entries {
            let feature = catalogue.iter().find(|feature| feature.name == entry.name);
            let feature = feature.expect("a feature of the catalogue");
            let wave = if needs_all(entry.name) { &whole } else { &clip };
            let chart = feature.spec.chart(wave).expect("chart");
            // A picture for networks is square.
            let square = ["image", "waveform-image"].contains(&entry.name);
            save(entry.name, chart, if square { 300 } else { WIDTH });
        }
    }
    for (_, entry) in PLANS {
        let wave = if needs_all(entry.name) { &whole } else { &clip };
        save(
            entry.name,
            plans::chart(entry.name, wave).expect("chart"),
            WIDTH,
        );
    }
    println!("{total} bytes");
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("pictures");
    fs::create_dir_all(&pictures).expect("folder");
    for feature in &catalogue {
        let png = fs::read(images.join(format!("{}.png", feature.name))).expect("picture");
        let text = base64::picture(feature.name, &png);
        fs::write(pictures.join(format!("{}.html", feature.name)), text).expect("file");
    }
    let page = page::page(&clip, &whole).expect("page");
    fs::write(root.join("docs/features.md"), page).expect("file");
}

/// Whether a picture shows the whole clip: six seconds hold few beats.
fn needs_all(name: &str) -> bool {
    ["tempo", "beat", "plp", "fourier"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// The samples of a WAV file of 16 bits.
fn read(path: &PathBuf) -> Waveform {
    let mut file = hound::WavReader::open(path).expect("clip");
    let rate = SampleRate::new(file.spec().sample_rate).expect("rate");
    let samples = file.samples::<i16>();
    let samples = samples.map(|sample| f32::from(sample.expect("sample")) / 32_768.0);
    Waveform::mono(samples.collect(), rate)
}

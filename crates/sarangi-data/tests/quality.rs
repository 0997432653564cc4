//! The check of a whole data set.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use sarangi_audio::{DecodeOptions, FileKind, WavFormat, encode_wav};
use sarangi_core::{SampleRate, Seed, Waveform};
use sarangi_data::{FindingKind, Listing, QualityReport, QualitySpec};
use sarangi_testkit::fixture;

/// Music of a kind: notes that a seed chooses.
fn song(seed: u64, seconds: f64) -> Vec<f32> {
    let rate = 22_050.0;
    let mut rng = Seed(seed).rng(0, 0);
    let note = (rate * 0.2) as usize;
    let mut samples = Vec::new();
    while samples.len() < (seconds * rate) as usize {
        let tones: Vec<f64> = (0..4).map(|_| rng.range(300.0, 2000.0)).collect();
        samples.extend((0..note).map(|n| {
            let time = n as f64 / rate;
            let sum: f64 = tones
                .iter()
                .map(|hz| (std::f64::consts::TAU * hz * time).sin())
                .sum();
            (0.1 * sum) as f32
        }));
    }
    samples.truncate((seconds * rate) as usize);
    samples
}

fn write(root: &Path, name: &str, samples: Vec<f32>) {
    let wave = Waveform::mono(samples, SampleRate::HZ_22050);
    encode_wav(root.join(name), &wave, WavFormat::Float32).unwrap();
}

fn check(root: &Path, kind: FileKind) -> QualityReport {
    let listing = Listing::find(root, kind).unwrap();
    let (spec, decoding) = (QualitySpec::default(), DecodeOptions::default());
    QualityReport::of(&listing, &spec, &decoding, |_| ()).unwrap()
}

fn found(report: &QualityReport) -> Vec<(&str, FindingKind)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.path.as_str(), finding.finding))
        .collect()
}

#[test]
fn faults_of_files_among_others_are_found_and_good_files_are_not() {
    use FindingKind::*;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for n in 0..5 {
        write(root, &format!("jazz/good{n}.wav"), song(n, 6.0));
    }
    for n in 5..8 {
        write(root, &format!("rock/good{n}.wav"), song(n, 4.0));
    }
    write(root, "jazz/short.wav", song(20, 3.0));
    // The same recording, quieter and from its second second on.
    let excerpt = song(0, 6.0)[22_050..].iter().map(|x| 0.4 * x).collect();
    write(root, "jazz/near.wav", excerpt);
    fs::copy(root.join("jazz/good1.wav"), root.join("jazz/same.wav")).unwrap();
    fs::copy(root.join("jazz/good2.wav"), root.join("rock/wrong.wav")).unwrap();
    fs::write(root.join("rock/broken.wav"), "RIFF").unwrap();
    write(root, "rock/silent.wav", vec![0.0; 88_200]);

    let report = check(root, FileKind::Sound);
    let want = [
        ("jazz/good2.wav", TwoLabels),
        ("jazz/near.wav", NearDuplicate),
        ("jazz/near.wav", OddLength),
        ("jazz/same.wav", ExactDuplicate),
        ("jazz/short.wav", OddLength),
        ("rock/broken.wav", Unreadable),
        ("rock/silent.wav", Silence),
        ("rock/wrong.wav", TwoLabels),
        ("rock/wrong.wav", OddLength),
    ];
    assert_eq!(found(&report), want, "{:#?}", report.findings);
    let near = &report.findings[1];
    assert_eq!(near.other.as_deref(), Some("jazz/good0.wav"));
    assert!(near.detail.contains("`jazz/good0.wav`"), "{near:?}");
    assert!(
        report.findings[0]
            .detail
            .contains("`rock/wrong.wav`, of class `rock`")
    );
    let classes: Vec<_> = report
        .classes
        .iter()
        .map(|c| (c.files, c.flagged))
        .collect();
    assert_eq!(classes, [(8, 4), (6, 3)]);
    assert_eq!(report.files.len(), 13);

    // The same on one thread.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(pool.install(|| check(root, FileKind::Sound)), report);
}

#[test]
fn pictures_are_checked_as_pictures() {
    use FindingKind::*;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for class in ["a", "b"] {
        fs::create_dir_all(root.join(class)).unwrap();
    }
    let grey = |name: &str, width: u32, height: u32, value: fn(u32, u32) -> u8| {
        let pixel = |x, y| image::Luma([value(x, y)]);
        image::GrayImage::from_fn(width, height, pixel)
            .save(root.join(name))
            .unwrap();
    };
    grey("a/1.png", 40, 30, |x, y| (x * y % 251) as u8);
    grey("a/2.png", 40, 30, |x, y| (x * x + 7 * y) as u8);
    grey("a/3.png", 40, 30, |x, y| (x * 31 ^ y * 17) as u8);
    grey("a/large.png", 80, 30, |x, y| (x * 13 ^ y * 29) as u8);
    grey("a/plain.png", 40, 30, |_, _| 90);
    fs::copy(fixture("images/coloured.png"), root.join("b/x.png")).unwrap();
    fs::copy(fixture("images/coloured.png"), root.join("b/y.png")).unwrap();
    fs::write(root.join("b/torn.jpg"), b"\xff\xd8\xff\xe0").unwrap();
    let report = check(root, FileKind::Picture);
    let want = [
        ("a/large.png", OddSize),
        ("a/plain.png", Blank),
        ("b/torn.jpg", Unreadable),
        ("b/y.png", ExactDuplicate),
    ];
    assert_eq!(found(&report), want, "{:#?}", report.findings);
    assert_eq!(Listing::kinds_of(root).unwrap(), [FileKind::Picture]);
}

//! Training chunks that are changed as they are read.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use sarangi_audio::{WavFormat, encode_wav};
use sarangi_augment::PolicySpec;
use sarangi_core::{Dataset, SampleRate, Seed, Spec, Waveform};
use sarangi_data::{Augmented, Chunks, Corpus, FeatureCache, FrontEnd, FrontEndSpec, Item};

const RATE: SampleRate = SampleRate::HZ_22050;

/// Three seconds of a tone for each of two tracks in each of two classes.
fn music(folder: &Path) {
    for (class, label) in ["calm", "loud"].into_iter().enumerate() {
        std::fs::create_dir(folder.join(label)).unwrap();
        for track in 0..2 {
            let hz = 200.0 * (1.0 + class as f64 + 0.1 * track as f64);
            let sine = |i: usize| (0.3 * (hz * i as f64 / 3509.0).sin()) as f32;
            let wave = Waveform::mono((0..66_150).map(sine).collect(), RATE);
            let path = folder.join(label).join(format!("{track}.wav"));
            encode_wav(path, &wave, WavFormat::Float32).unwrap();
        }
    }
}

fn front_end() -> FrontEnd {
    let spec: FrontEndSpec = serde_json::from_str(
        r#"{"features": {"type": "rms"}, "chunk": {"seconds": 1.0, "tail": "drop"}}"#,
    )
    .unwrap();
    spec.build(()).unwrap()
}

struct Fixture {
    _folder: tempfile::TempDir,
    corpus: Corpus,
    cache: FeatureCache,
    items: Vec<Item>,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let cache = FeatureCache::new(folder.path().join("cache"));
    let data = folder.path().join("music");
    std::fs::create_dir(&data).unwrap();
    music(&data);
    let corpus = Corpus::prepare(&data, &front_end(), &cache, |_, _| {}).unwrap();
    let items = (0..corpus.tracks.len()).flat_map(|track| corpus.items_of(track));
    Fixture {
        _folder: folder,
        items: items.collect(),
        corpus,
        cache,
    }
}

fn levels(fixture: &Fixture, policy: &str, epoch: u64) -> Vec<(usize, f32)> {
    let Fixture {
        corpus,
        cache,
        items,
        ..
    } = fixture;
    let front_end = front_end();
    let policy: PolicySpec = serde_json::from_str(policy).unwrap();
    let policy = policy.build(&corpus.labels, RATE).unwrap();
    Augmented::prepare(corpus, items, &front_end, &policy, cache, |_, _| {}).unwrap();
    let chunks = Chunks::new(corpus, cache, items, front_end.shape());
    let augmented = Augmented::new(chunks, &front_end, &policy, Seed(3), epoch);
    (0..augmented.len())
        .map(|index| {
            let example = augmented.get(index).unwrap();
            assert_eq!(example.features.shape(), front_end.shape());
            (example.label, example.features[[0, 0, 20]])
        })
        .collect()
}

#[test]
fn a_class_is_changed_and_the_others_are_not() {
    let fixture = fixture();
    let policy = r#"{"classes": {"loud": {"type": "gain", "gain_db": 20}}}"#;
    for (label, level) in levels(&fixture, policy, 1) {
        let want = if label == 0 { 0.3 } else { 3.0 } / 2f32.sqrt();
        assert!((level / want - 1.0).abs() < 0.02, "{label} {level}");
    }
}

#[test]
fn originals_come_beside_their_changed_copies() {
    let fixture = fixture();
    let policy = r#"{"originals": true, "others": {"type": "gain", "gain_db": 20}}"#;
    let levels = levels(&fixture, policy, 1);
    assert_eq!(levels.len(), 2 * fixture.items.len());
    let loud = levels.iter().filter(|(_, level)| *level > 1.0).count();
    assert_eq!(loud, fixture.items.len());
}

#[test]
fn an_epoch_draws_the_same_again_and_another_differs() {
    let fixture = fixture();
    let policy = r#"{"others": {"type": "gain", "gain_db": [-20, 20]}}"#;
    let first = levels(&fixture, policy, 1);
    assert_eq!(first, levels(&fixture, policy, 1));
    assert_ne!(first, levels(&fixture, policy, 2));
}

#[test]
fn a_faster_sound_still_fills_its_chunk() {
    let fixture = fixture();
    let policy = r#"{"others": {"type": "time_stretch", "rate": 1.3}}"#;
    // The first chunk of each track has sound behind it.
    let levels = levels(&fixture, policy, 1);
    for (_, level) in levels.iter().step_by(3) {
        assert!((level / (0.3 / 2f32.sqrt()) - 1.0).abs() < 0.05, "{level}");
    }
}

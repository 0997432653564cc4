//! Training chunks that are changed as they are read.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use ndarray::s;
use sarangi_audio::{WavFormat, encode_wav};
use sarangi_augment::PolicySpec;
use sarangi_cluster::Threads;
use sarangi_core::{Dataset, SampleRate, Seed, Shard, Spec, Waveform};
use sarangi_data::{
    Augmented, Batch, BatchAugment, BatchSpec, Chunks, Corpus, FeatureCache, FrontEnd,
    FrontEndSpec, Item, Normalisation, for_each_share,
};

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
    Augmented::prepare(
        corpus,
        items,
        front_end.sound().unwrap(),
        &policy,
        cache,
        |_, _| {},
    )
    .unwrap();
    let chunks = Chunks::new(corpus, cache, items, front_end.shape());
    let augmented = Augmented::new(chunks, front_end.sound().unwrap(), &policy, Seed(3), epoch);
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

/// The batches of an epoch, of the chunks in their order.
fn batches(fixture: &Fixture, policy: &str, epoch: u64, threads: usize) -> Vec<Batch> {
    shares(fixture, policy, epoch, threads, Shard::WHOLE)
}

/// One rank's shares of them.
fn shares(fixture: &Fixture, policy: &str, epoch: u64, threads: usize, shard: Shard) -> Vec<Batch> {
    let Fixture {
        corpus,
        cache,
        items,
        ..
    } = fixture;
    let policy: PolicySpec = serde_json::from_str(policy).unwrap();
    let policy = policy.build(&corpus.labels, RATE).unwrap();
    let chunks = Chunks::new(corpus, cache, items, front_end().shape());
    let order: Vec<usize> = (0..items.len()).collect();
    let spec = BatchSpec {
        size: 5,
        normalisation: &Normalisation::None,
        augment: Some(BatchAugment {
            policy: &policy,
            classes: 2,
            seed: Seed(3),
            epoch,
        }),
        ahead: 1,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let mut batches = Vec::new();
    let keep = |batch| {
        batches.push(batch);
        Ok(())
    };
    pool.unwrap()
        .install(|| for_each_share(&chunks, &order, spec, shard, keep))
        .unwrap();
    batches
}

#[test]
fn features_are_covered_in_each_example_elsewhere() {
    let fixture = fixture();
    let policy = r#"{"features": {"type": "time_masking", "time_mask_param": 20, "fill": -7}}"#;
    let batches = batches(&fixture, policy, 1, 2);
    let maps: Vec<_> = batches
        .iter()
        .flat_map(|batch| batch.features.outer_iter())
        .map(|map| map.map(|&x| x == -7.0))
        .collect();
    assert_eq!(maps.len(), fixture.items.len());
    let covered = |map: &ndarray::Array3<bool>| map.iter().filter(|&&x| x).count();
    assert!(maps.iter().all(|map| covered(map) <= 20));
    assert!(maps.iter().filter(|map| covered(map) > 0).count() > maps.len() / 2);
    assert!(maps.iter().any(|map| *map != maps[0]));
    assert!(batches.iter().all(|batch| batch.probabilities.is_none()));
}

#[test]
fn labels_are_mixed_as_the_examples_are() {
    let fixture = fixture();
    let plain = batches(&fixture, "{}", 1, 1);
    let mixed = batches(&fixture, r#"{"mix": {"mixup_alpha": 1}}"#, 1, 1);
    for (plain, mixed) in plain.iter().zip(&mixed) {
        let shares = mixed.probabilities.as_ref().unwrap();
        for (i, row) in shares.outer_iter().enumerate() {
            assert!((row.sum() - 1.0).abs() < 1e-6);
            let label = plain.labels[i] as usize;
            let main = mixed.main_labels()[i] as usize;
            assert!(row[main] >= 0.5 && row[label] > 0.0);
        }
        assert_eq!(plain.labels, mixed.labels);
        assert_ne!(plain.features, mixed.features);
    }
}

#[test]
fn batches_are_changed_alike_on_any_number_of_threads_and_otherwise_in_another_epoch() {
    let fixture = fixture();
    let policy = r#"{
        "features": {"type": "gaussian_noise"},
        "mix": {"mixup_alpha": 0.4, "cutmix_alpha": 1, "p": 0.5}
    }"#;
    let one = batches(&fixture, policy, 1, 1);
    assert_eq!(one, batches(&fixture, policy, 1, 3));
    assert_ne!(one, batches(&fixture, policy, 2, 1));
}

#[test]
fn shares_of_several_ranks_are_the_batches_put_together() {
    let fixture = fixture();
    let augmented = r#"{
        "features": {"type": "gaussian_noise"},
        "mix": {"mixup_alpha": 0.4, "cutmix_alpha": 1, "p": 0.8}
    }"#;
    for policy in ["{}", augmented] {
        let whole = batches(&fixture, policy, 1, 1);
        // Of seven ranks two or more have nothing of a batch of five.
        for of in [2, 3, 7] {
            let ranks = (0..of).map(|r| shares(&fixture, policy, 1, 1, Shard::new(r, of)));
            let ranks: Vec<_> = ranks.collect();
            for (number, whole) in whole.iter().enumerate() {
                let shares = ranks.iter().map(|shares| &shares[number]);
                let shares = shares.filter(|share| !share.place.stands_in);
                let mut first = 0;
                for share in shares {
                    assert_eq!(
                        (share.place.first, share.place.of),
                        (first, whole.labels.len())
                    );
                    let rows = first..first + share.labels.len();
                    assert_eq!(share.labels, whole.labels[rows.clone()]);
                    assert_eq!(share.items, whole.items[rows.clone()]);
                    assert_eq!(
                        share.features,
                        whole.features.slice(s![rows.clone(), .., .., ..])
                    );
                    if let Some(all) = &whole.probabilities {
                        assert_eq!(
                            share.probabilities.as_ref().unwrap(),
                            all.slice(s![rows, ..])
                        );
                    }
                    first += share.labels.len();
                }
                assert_eq!(first, whole.labels.len());
            }
        }
    }
}

#[test]
fn ranks_that_prepare_a_part_each_know_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    music(folder.path());
    std::fs::write(folder.path().join("calm/broken.wav"), b"RIFF").unwrap();
    std::fs::copy(
        folder.path().join("calm/0.wav"),
        folder.path().join("loud/copy.wav"),
    )
    .unwrap();
    let caches = tempfile::tempdir().unwrap();
    let cache = |name: &str| FeatureCache::new(caches.path().join(name));
    let front_end = front_end();
    let prepare = |cache: &FeatureCache| {
        Corpus::prepare(folder.path(), &front_end, cache, |_, _| {}).unwrap()
    };
    let expected = prepare(&cache("one"));
    assert_eq!(expected.quarantine.len(), 2);
    for ranks in [2, 4, 9] {
        let cache = cache(&format!("of-{ranks}"));
        let all = Threads::run(ranks, |ranks| {
            Corpus::prepare_among(ranks.as_ref(), folder.path(), &front_end, &cache, |_, _| {})
        });
        for found in all.unwrap() {
            assert_eq!(found.tracks, expected.tracks);
            assert_eq!(found.quarantine, expected.quarantine);
            let items: Vec<Item> = (0..found.tracks.len())
                .flat_map(|t| found.items_of(t))
                .collect();
            let chunks = Chunks::new(&found, &cache, &items, front_end.shape());
            assert!((0..chunks.len()).all(|i| chunks.get(i).is_ok()));
        }
    }
}

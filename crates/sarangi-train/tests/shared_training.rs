//! Ranks that train together: the same curve on any number of them, one set of files, runs that go on
//! with another number.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sarangi_cluster::Threads;
use sarangi_core::{Backend, Communicator, Error, Result};
use sarangi_testkit::fixture;
use sarangi_train::{
    Event, ModelFile, Observer, Outcome, Recipe, TrainOptions, Trained, train, train_all,
};
use tempfile::TempDir;

/// Batch norms of maps and of vectors, dropout, mixup, changes of sound and of features, weights of
/// classes that do not come out even, and a last batch that four ranks cannot all have a part of.
const RECIPE: &str = r#"
    name = "shared"
    seed = 5
    normalise = "standardise"
    front_end = { features = { type = "five_channel" } }
    model = { type = "five_channel_cnn", dropout = 0.3 }
    [augment]
    originals = true
    others = { type = "gain", gain_db = [-6, 6] }
    features = { type = "time_masking", time_mask_param = 10 }
    mix = { mixup_alpha = 0.4, p = 0.7 }
    [training]
    epochs = 3
    batch_size = 12
    optimiser = { type = "sgd", lr = 0.01 }
    class_weights = "balanced"
"#;

struct Music {
    folder: TempDir,
}

impl Music {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (class, tracks) in [("drone", 5), ("march", 4)] {
            let place = folder.path().join("data").join(class);
            fs::create_dir_all(&place).unwrap();
            let mut files: Vec<_> = fs::read_dir(fixture("audio").join(class))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort_unstable();
            for file in &files[..tracks] {
                fs::copy(file, place.join(file.file_name().unwrap())).unwrap();
            }
        }
        Self { folder }
    }

    fn options(&self, run: &str) -> TrainOptions {
        TrainOptions {
            cache: Some(self.folder.path().join("cache")),
            device: Backend::Cpu,
            ..TrainOptions::new(self.folder.path().join("data"), self.run(run))
        }
    }

    fn run(&self, run: &str) -> std::path::PathBuf {
        self.folder.path().join(run)
    }

    /// What each of so many ranks comes to.
    fn train(&self, run: &str, ranks: usize, settings: &[(&str, &str)]) -> Result<Vec<Outcome>> {
        self.go(run, ranks, settings, false)
    }

    fn go(
        &self,
        run: &str,
        ranks: usize,
        settings: &[(&str, &str)],
        resume: bool,
    ) -> Result<Vec<Outcome>> {
        let settings = settings.iter();
        let settings: Vec<_> = settings.map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let recipe = Recipe::from_toml(RECIPE, &settings)?;
        Threads::run(ranks, |ranks| {
            let options = TrainOptions {
                ranks,
                resume,
                ..self.options(run)
            };
            train(&recipe, &options, &())
        })
    }
}

/// The largest difference of the numbers of an epoch from those of one rank.
fn difference(one: &Outcome, other: &Outcome) -> f64 {
    assert_eq!(one.history.len(), other.history.len());
    let mut largest = 0.0f64;
    for (one, other) in one.history.iter().zip(&other.history) {
        assert_eq!((one.epoch, one.best), (other.epoch, other.best));
        assert_eq!(one.train_accuracy, other.train_accuracy);
        assert_eq!(one.valid_accuracy, other.valid_accuracy);
        let losses = [
            (one.train_loss, other.train_loss),
            (one.valid_loss.unwrap(), other.valid_loss.unwrap()),
        ];
        for (one, other) in losses {
            largest = largest.max((one - other).abs() / one);
        }
    }
    largest
}

fn weights(run: &Path) -> Vec<(String, Vec<f32>)> {
    let model = ModelFile::read(run.join("last.safetensors")).unwrap();
    let flat = |t: candle_core::Tensor| t.flatten_all().unwrap().to_vec1().unwrap();
    model
        .weights
        .into_iter()
        .map(|(name, t)| (name, flat(t)))
        .collect()
}

fn assert_near(one: &Path, other: &Path, tolerance: f32) {
    for ((name, one), (_, other)) in weights(one).into_iter().zip(weights(other)) {
        // Shifts begin at 0, and such small steps hardly move them: what is left of rounding is not to be
        // held against that, but against a hundredth, which is small beside any weight.
        let peak = one.iter().fold(1e-2f32, |peak, x| peak.max(x.abs()));
        for (one, other) in one.iter().zip(&other) {
            let error = (one - other).abs() / peak;
            assert!(error < tolerance, "{name}: {other} for {one}");
        }
    }
}

/// The largest relative difference of the losses of three epochs. Sums are taken in another order, which
/// makes some 1e-6 in the first; each step makes it more.
const CURVE: f64 = 1e-4;

#[test]
fn ranks_that_share_batches_learn_as_one_does() {
    let music = Music::new();
    let one = &music.train("one", 1, &[]).unwrap()[0];
    for size in [2, 4] {
        let run = format!("of-{size}");
        let all = music.train(&run, size, &[]).unwrap();
        for rank in &all {
            let difference = difference(one, rank);
            assert!(difference < CURVE, "{size} ranks: {difference}");
            assert_eq!(rank.history, all[0].history);
            let (one, rank) = (one.test.as_ref().unwrap(), rank.test.as_ref().unwrap());
            assert_eq!(one.track.accuracy, rank.track.accuracy);
        }
        assert_near(&music.run("one"), &music.run(&run), 1e-3);
        let names = |run: &str| {
            let entries = fs::read_dir(music.run(run)).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names("one"), names(&run));
        let recipe = |run: &str| fs::read(music.run(run).join("recipe.toml")).unwrap();
        assert_eq!(recipe("one"), recipe(&run));
    }
}

/// Adam steps as far for a gradient that is nothing but rounding as for any other, so that the weights of
/// two runs part; the losses stay near each other.
#[test]
fn adam_s_curves_are_near() {
    let music = Music::new();
    let settings = [("training.optimiser", "{ type = \"adam\", lr = 0.001 }")];
    let one = &music.train("one", 1, &settings).unwrap()[0];
    let all = music.train("two", 2, &settings).unwrap();
    let difference = difference(one, &all[0]);
    assert!(difference < 5e-3, "{difference}");
}

#[test]
fn steps_of_several_batches_with_clipping_and_scaling_agree_too() {
    let music = Music::new();
    let settings = [
        ("training.accumulate", "2"),
        ("training.clip", "{ value = 1.0, norm = 2.0 }"),
        ("training.precision", "f16"),
        // The first steps overflow and are left out, on all ranks or none.
        (
            "training.scaler",
            "{ init_scale = 1e38, growth_interval = 3 }",
        ),
        ("training.ema", "{ decay = 0.9 }"),
        (
            "training.optimiser",
            "{ type = \"sgd\", lr = 0.01, momentum = 0.9 }",
        ),
        (
            "training.optimiser",
            "{ type = \"sgd\", lr = 0.02, momentum = 0.9 }",
        ),
    ];
    let one = &music.train("one", 1, &settings).unwrap()[0];
    assert!(one.history[0].skipped_steps.unwrap() > 0);
    let all = music.train("two", 2, &settings).unwrap();
    for rank in &all {
        let difference = difference(one, rank);
        assert!(difference < CURVE, "{difference}");
        let skipped = |outcome: &Outcome| -> Vec<_> {
            outcome
                .history
                .iter()
                .map(|record| record.skipped_steps)
                .collect()
        };
        assert_eq!(skipped(one), skipped(rank));
    }
    assert_near(&music.run("one"), &music.run("two"), 1e-3);
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let music = Music::new();
    let one = &music.train("whole", 1, &[]).unwrap()[0];
    music
        .train("moved", 4, &[("training.epochs", "1")])
        .unwrap();
    music
        .go("moved", 2, &[("training.epochs", "2")], true)
        .unwrap();
    let last = music.go("moved", 1, &[], true).unwrap();
    let difference = difference(one, &last[0]);
    assert!(difference < CURVE, "{difference}");
    assert_near(&music.run("whole"), &music.run("moved"), 1e-3);
}

#[test]
fn statistics_of_its_own_share_are_each_rank_s_by_choice() {
    let music = Music::new();
    let settings = [("training.sync_batch_norm", "false")];
    let one = &music.train("one", 1, &settings).unwrap()[0];
    let all = music.train("two", 2, &settings).unwrap();
    assert_eq!(all[0].history, all[1].history);
    let moved = (one.history[0].train_loss - all[0].history[0].train_loss).abs();
    assert!(moved > 1e-4 && moved < 1.0, "{moved}");
    let recipe = fs::read_to_string(music.run("two").join("recipe.toml")).unwrap();
    assert!(recipe.contains("sync_batch_norm = false"), "{recipe}");
}

#[test]
fn folds_are_trained_together_and_written_once() {
    let music = Music::new();
    let settings = [
        (
            "split".to_owned(),
            "{ type = \"k_fold\", folds = 2 }".to_owned(),
        ),
        ("training.epochs".to_owned(), "1".to_owned()),
    ];
    let recipe = Recipe::from_toml(RECIPE, &settings).unwrap();
    let summaries = |name: &str, size: usize| -> Vec<f64> {
        let all = Threads::run(size, |ranks| {
            let options = TrainOptions {
                ranks,
                ..music.options(name)
            };
            train_all(&recipe, &options, &())
        });
        let mean = |trained: &Trained| match trained {
            Trained::Folds(folds) => folds.summary.track_accuracy.as_ref().unwrap().mean,
            Trained::One(_) => unreachable!(),
        };
        all.unwrap().iter().map(mean).collect()
    };
    let one = summaries("one", 1);
    assert_eq!(summaries("two", 2), [one[0], one[0]]);
    assert!(music.run("two").join("folds.json").exists());
}

/// Fails once an epoch is over.
struct Failing(Arc<dyn Communicator>);

impl Observer for Failing {
    fn observe(&self, event: Event<'_>) {
        if let (Event::Epoch { .. }, 1) = (event, self.0.rank()) {
            self.0.abort("the disk is full");
        }
    }
}

#[test]
fn a_rank_that_fails_ends_the_job_and_the_last_state_is_there() {
    let music = Music::new();
    let recipe = Recipe::from_toml(RECIPE, &[]).unwrap();
    let error = Threads::run(2, |ranks| {
        let options = TrainOptions {
            ranks: Arc::clone(&ranks),
            ..music.options("run")
        };
        train(&recipe, &options, &Failing(ranks)).map(|_| ())
    });
    assert_eq!(error.unwrap_err().to_string(), "rank 1: the disk is full");
    let one = &music.train("whole", 1, &[]).unwrap()[0];
    let on = music.go("run", 3, &[], true).unwrap();
    assert!(difference(one, &on[0]) < CURVE);
}

#[test]
fn more_ranks_than_a_batch_has_chunks_are_refused() {
    let music = Music::new();
    let error = music.train("run", 4, &[("training.batch_size", "3")]);
    let error: Error = error.unwrap_err();
    assert!(error.to_string().contains("batch_size"), "{error}");
    assert!(!music.run("run").exists());
}

//! The pictures: that they are written, whole, of the size said, and say what they should.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::path::Path;

use image::{Rgb, RgbImage};
use sarangi_core::Error;
use sarangi_eval::{
    Calibration, ClassCounts, Confusion, ConfusionStyle, Curves, EpochPoint, Prediction,
    Predictions, plot_class_counts, plot_confusion, plot_curves, plot_precision_recall,
    plot_reliability, plot_roc,
};

const VALIDATION: Rgb<u8> = Rgb([0, 114, 178]);
const TRAINING: Rgb<u8> = Rgb([230, 159, 0]);

fn read(path: &Path) -> RgbImage {
    image::open(path).unwrap().into_rgb8()
}

fn count(image: &RgbImage, colour: Rgb<u8>) -> usize {
    image.pixels().filter(|&&pixel| pixel == colour).count()
}

fn history(epochs: usize) -> Vec<EpochPoint> {
    let at = |epoch: usize| EpochPoint {
        epoch,
        train_loss: 2.0 / epoch as f64,
        train_accuracy: 1.0 - 0.5 / epoch as f64,
        valid_loss: Some(2.5 / epoch as f64),
        valid_accuracy: Some(1.0 - 0.7 / epoch as f64),
    };
    (1..=epochs).map(at).collect()
}

fn labels(classes: usize) -> Vec<String> {
    (0..classes).map(|i| format!("class {i}")).collect()
}

fn diagonal(classes: usize) -> Confusion {
    Confusion::from_pairs(classes, (0..classes).map(|i| (i, i))).unwrap()
}

#[test]
fn curves_are_drawn_for_any_number_of_epochs_and_the_same_each_time() {
    let dir = tempfile::tempdir().unwrap();
    for epochs in [1, 2, 50, 1000] {
        let path = dir.path().join("curves.png");
        plot_curves(&history(epochs), &path).unwrap();
        let image = read(&path);
        assert_eq!(image.dimensions(), (2000, 860));
        for colour in [TRAINING, VALIDATION] {
            assert!(count(&image, colour) > 500, "{epochs}: {colour:?}");
        }
        let first = std::fs::read(&path).unwrap();
        plot_curves(&history(epochs), &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }
}

#[test]
fn values_that_cannot_be_drawn_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("curves.png");
    let strange = [
        f64::NAN,
        f64::INFINITY,
        f64::MIN,
        1e300,
        1e9,
        71.1,
        3e38,
        -1.0,
        0.0,
        1e-320,
    ];
    for value in strange {
        let mut history = history(4);
        history[1].train_loss = value;
        history[2].valid_loss = Some(value);
        history[3].valid_accuracy = Some(value);
        history[3].epoch = usize::MAX;
        plot_curves(&history, &path).unwrap();
    }
    let nothing: Vec<EpochPoint> = history(3)
        .into_iter()
        .map(|at| EpochPoint {
            train_loss: f64::NAN,
            train_accuracy: f64::NAN,
            valid_loss: None,
            valid_accuracy: None,
            ..at
        })
        .collect();
    plot_curves(&nothing, &path).unwrap();
    assert_eq!(count(&read(&path), VALIDATION), 0);
    assert!(matches!(plot_curves(&[], &path), Err(Error::Config { .. })));
}

#[test]
fn a_confusion_is_drawn_for_few_and_many_classes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/confusion.png");
    for classes in [1, 2, 10, 35, 61, 120] {
        for style in [ConfusionStyle::Counts, ConfusionStyle::RowPercent] {
            plot_confusion(&diagonal(classes), &labels(classes), style, "Title", &path).unwrap();
            let image = read(&path);
            assert!(image.width() >= 1100 && image.width() < 6000, "{classes}");
            // The diagonal is all there is, in the darkest blue.
            let dark = count(&image, Rgb([8, 48, 107])) as f64;
            let light = count(&image, Rgb([245, 248, 252])) as f64;
            let n = classes as f64;
            let share = dark / (dark + light);
            assert!((share * n - 1.0).abs() < 0.35, "{classes}: {share}");
        }
    }
}

#[test]
fn names_and_numbers_of_any_length_are_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("confusion.png");
    let names = vec![
        "x".repeat(100_000),
        "भैरवी".to_owned(),
        "\n\t".to_owned(),
        String::new(),
    ];
    let counts = vec![vec![u64::MAX / 16; 4]; 4];
    let confusion = Confusion::from_counts(counts).unwrap();
    let title = "long ".repeat(1000);
    plot_confusion(&confusion, &names, ConfusionStyle::Counts, &title, &path).unwrap();
    assert!(read(&path).width() < 3000);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("confusion.png");
    let draw = |classes, names| {
        plot_confusion(
            &diagonal(classes),
            &labels(names),
            ConfusionStyle::Counts,
            "",
            &path,
        )
    };
    assert!(matches!(draw(3, 2), Err(Error::Shape { .. })));
    assert!(matches!(draw(501, 501), Err(Error::Config { .. })));
    assert!(!path.exists());
    let folder_in_the_way = plot_curves(&history(2), dir.path());
    assert!(matches!(folder_in_the_way, Err(Error::Io { .. })));
}

/// One example of each class, nearly right.
fn predictions(classes: usize) -> Predictions {
    let example = |truth: usize| {
        let rest = 0.4 / classes as f32;
        let mut probabilities = vec![rest; classes];
        probabilities[(truth + truth % 3) % classes] += 1.0 - rest * classes as f32;
        Prediction {
            track: format!("{truth}"),
            truth,
            probabilities,
        }
    };
    Predictions::new(labels(classes), (0..classes).map(example).collect()).unwrap()
}

#[test]
fn curves_of_classes_are_drawn_for_few_and_many_and_for_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roc.png");
    for classes in [1, 2, 10, 35, 200] {
        let curves = Curves::of(&predictions(classes));
        let mut inks = Vec::new();
        for plot in [plot_roc, plot_precision_recall] {
            plot(&curves, &labels(classes), "Title", &path).unwrap();
            let image = read(&path);
            assert_eq!(image.dimensions(), (1640, 1200));
            inks.push(count(&image, Rgb([33, 41, 51])));
        }
        // The mean is drawn thick where there is one, and only in the first.
        assert_eq!(inks[0] > inks[1] + 1000, classes > 1, "{classes}: {inks:?}");
        assert!(matches!(
            plot_roc(&curves, &labels(classes + 1), "", &path),
            Err(Error::Shape { .. })
        ));
    }
}

#[test]
fn a_reliability_diagram_has_a_blue_bar_as_high_as_the_accuracy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reliability.png");
    let calibration = Calibration::of(&predictions(30), 1).unwrap();
    plot_reliability(&calibration, "Title", &path).unwrap();
    let image = read(&path);
    let accuracy = calibration.bins[0].accuracy.unwrap();
    let blue = count(&image, VALIDATION) as f64 / (896.0 * 900.0);
    assert!((blue - accuracy).abs() < 0.03, "{blue} {accuracy}");
}

#[test]
fn classes_are_counted_in_bars() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("classes.png");
    let counts = |classes: usize, parts: &[(&str, u64)]| ClassCounts {
        labels: labels(classes),
        parts: parts
            .iter()
            .map(|&(name, n)| (name.into(), vec![n; classes]))
            .collect(),
    };
    plot_class_counts(&counts(3, &[("train", 20), ("test", 10)]), "Title", &path).unwrap();
    let image = read(&path);
    let [train, test] = [VALIDATION, TRAINING].map(|colour| count(&image, colour) as f64);
    assert!((train / test - 2.0).abs() < 0.05, "{train} {test}");
    for (classes, parts) in [
        (1, vec![]),
        (1000, vec![("all", u64::MAX), ("twice", u64::MAX)]),
        (2, vec![("x", 0)]),
    ] {
        plot_class_counts(&counts(classes, &parts), "Title", &path).unwrap();
    }
    for classes in [0, 1001] {
        assert!(matches!(
            plot_class_counts(&counts(classes, &[]), "", &path),
            Err(Error::Config { .. })
        ));
    }
    let mut uneven = counts(3, &[("train", 1)]);
    uneven.parts[0].1.pop();
    assert!(matches!(
        plot_class_counts(&uneven, "", &path),
        Err(Error::Shape { .. })
    ));
}

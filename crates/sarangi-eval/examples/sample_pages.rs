//! Writes both pages, and every picture, from invented predictions, to see what they look like.
//!
//! ```sh
//! cargo run --release -p sarangi-eval --example sample_pages -- FOLDER
//! ```

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use sarangi_core::{Result, Seed};
use sarangi_eval::{
    ClassCounts, ClassSample, ComparedRun, ComparisonReport, ConfusionStyle, EpochPoint, Fact,
    GalleryItem, Pooling, Prediction, Predictions, ReportPart, RunReport, Warning,
    plot_class_counts, plot_confusion, plot_curves, plot_precision_recall, plot_reliability,
    plot_roc,
};
use sarangi_plot::{ColourMap, Picture};

const LABELS: [&str; 10] = [
    "blues",
    "classical",
    "country",
    "disco",
    "hip-hop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
];

/// Classes that sound alike are taken for each other more often; `skill` is how seldom.
fn predictions(skill: f32, seed: u64) -> Result<Predictions> {
    let mut chunks = Vec::new();
    for track in 0..200 {
        // The same tracks are hard for every run.
        let hard = Seed(1).named(&format!("track {track}")).uniform() as f32;
        let mut rng = Seed(seed).rng(0, track as u64);
        let truth = track % LABELS.len();
        for _ in 0..10 {
            let mut scores: Vec<f32> = (0..LABELS.len())
                .map(|_| 1.6 * rng.normal() as f32)
                .collect();
            scores[truth] += skill * (1.15 - hard);
            scores[[9, 5, 9, 7, 8, 1, 9, 3, 4, 2][truth]] += 2.6 * hard;
            let sum: f32 = scores.iter().map(|s| s.exp()).sum();
            chunks.push(Prediction {
                track: format!("{}/{}.{:05}.wav", LABELS[truth], LABELS[truth], track / 10),
                truth,
                probabilities: scores.iter().map(|s| s.exp() / sum).collect(),
            });
        }
    }
    Predictions::new(LABELS.map(String::from).into(), chunks)
}

/// A second of a chord, as a WAV file.
fn sound(class: usize) -> Vec<u8> {
    let rate = 11_025u32;
    let samples: Vec<u8> = (0..rate)
        .flat_map(|i| {
            let t = i as f32 / rate as f32;
            let tone = |n: f32| (TAU * 110.0 * (1.0 + class as f32 / 6.0) * n * t).sin() / n;
            let value = 0.3 * (-3.0 * t).exp() * (tone(1.0) + tone(2.0) + tone(3.0));
            ((value * f32::from(i16::MAX)) as i16).to_le_bytes()
        })
        .collect();
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((2 * rate).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

fn spectrogram(seed: u64) -> Result<Picture> {
    let mut rng = Seed(seed).named("spectrogram");
    let (beat, pitch) = (6 + rng.below(12), 3 + rng.below(9));
    let map = Array2::from_shape_fn((80, 130), |(bin, frame)| {
        let harmonic = if bin % pitch == 0 { 14.0 } else { 0.0 };
        let stroke = if frame % beat == 0 { 16.0 } else { 0.0 };
        harmonic + stroke - 0.4 * bin as f32 - (frame % beat) as f32 + 4.0 * rng.normal() as f32
    });
    Picture::render(map.insert_axis(Axis(0)).view(), ColourMap::Magma, None)
}

fn gallery(predictions: &Predictions) -> Result<Vec<GalleryItem>> {
    let mut items = GalleryItem::choose(predictions, Pooling::MeanProbability, 6, 6);
    for (index, item) in items.iter_mut().enumerate() {
        let picture = spectrogram(index as u64)?;
        let heat = Array2::from_shape_fn((5, 8), |(bin, frame)| {
            let [y, x] = [bin as f32 - 1.5, frame as f32 - 2.0 - (index % 4) as f32];
            (-(x * x + y * y) / 4.0).exp()
        });
        let overlay = picture.overlaid(heat.view(), ColourMap::Inferno)?;
        item.spectrogram = Some(picture.to_png()?);
        item.overlay = Some(overlay.to_png()?);
        item.sound = Some(sound(index));
    }
    Ok(items)
}

fn main() -> Result<()> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "sample-pages".into()),
    );
    let test = predictions(6.0, 1)?;
    let epoch = |epoch: usize| {
        let t = epoch as f64;
        EpochPoint {
            epoch,
            train_loss: 2.3 * (-t / 9.0).exp() + 0.12,
            train_accuracy: 0.97 - 0.85 * (-t / 8.0).exp(),
            valid_loss: Some(1.9 * (-t / 7.0).exp() + 0.55 + 0.006 * t + 0.05 * (1.7 * t).sin()),
            valid_accuracy: Some(0.82 - 0.7 * (-t / 7.0).exp() + 0.015 * (2.3 * t).sin()),
        }
    };
    let history: Vec<EpochPoint> = (1..=40).map(epoch).collect();
    let samples = LABELS.iter().enumerate().map(|(class, label)| {
        Ok(ClassSample {
            class: (*label).into(),
            caption: format!("{label}.00007.wav, 3 s from 0:12"),
            picture: Some(spectrogram(100 + class as u64)?.to_png()?),
            sound: Some(sound(class)),
        })
    });
    let report = RunReport {
        title: "Five-channel network on ten genres".into(),
        warnings: vec![
            Warning::Leak(
                "272 tracks have chunks in more than one part, so that the network has heard \
                 most of the tracks that it is tested on. Split by track for an honest number."
                    .into(),
            ),
            Warning::Note(
                "These numbers are invented; the page only shows what it looks like.".into(),
            ),
        ],
        parts: vec![
            ReportPart::of("test", &test, Pooling::MeanProbability),
            ReportPart::of(
                "validation",
                &predictions(6.5, 2)?,
                Pooling::MeanProbability,
            ),
        ],
        history: history.clone(),
        class_counts: Some(ClassCounts {
            labels: LABELS.map(String::from).into(),
            parts: [
                ("train", [60, 58, 60, 60, 41, 60, 60, 60, 33, 60]),
                ("valid", [20; 10]),
                ("test", [20; 10]),
            ]
            .map(|(part, counts)| (part.into(), counts.into()))
            .into(),
        }),
        samples: samples.collect::<Result<_>>()?,
        gallery: gallery(&test)?,
        facts: vec![
            Fact::new(
                "Command",
                "sarangi train five-channel.toml --data genres --out runs/five",
            ),
            Fact::new("Split", "by chunk, seed 42; digest 9f1c…"),
            Fact::new("Parameters", "30 026"),
            Fact::new("Duration", "11 minutes 32 seconds"),
        ],
        recipe: Some("seed = 42\n\n[model]\ntype = \"five_channel_cnn\"\nclasses = 10\n".into()),
    };
    report.write(folder.join("report.html"))?;
    let runs = [
        ("five channels", 6.0, 1, false),
        ("five channels, chunks shuffled", 9.0, 3, true),
        ("ResNet-34, log-mel", 6.8, 4, false),
        ("softmax regression", 3.2, 5, false),
    ];
    let run = |(name, skill, seed, leaks): (&str, f32, u64, bool)| {
        Ok(ComparedRun::new(
            name,
            predictions(skill, seed)?,
            Pooling::MeanProbability,
            leaks,
        ))
    };
    let comparison = ComparisonReport {
        title: "Four runs on ten genres".into(),
        warnings: Vec::new(),
        runs: runs.into_iter().map(run).collect::<Result<_>>()?,
    };
    comparison.write(folder.join("comparison.html"))?;
    pictures(&report, &folder)
}

fn pictures(report: &RunReport, folder: &Path) -> Result<()> {
    let part = &report.parts[0];
    let evaluation = &part.evaluation;
    plot_curves(&report.history, folder.join("curves.png"))?;
    plot_confusion(
        &evaluation.track.confusion,
        &evaluation.labels,
        ConfusionStyle::RowPercent,
        "Tracks",
        folder.join("confusion-tracks.png"),
    )?;
    if let Some(curves) = &part.track_curves {
        let labels = &evaluation.labels;
        plot_roc(curves, labels, "ROC of tracks", folder.join("roc.png"))?;
        plot_precision_recall(
            curves,
            labels,
            "Precision and recall of tracks",
            folder.join("pr.png"),
        )?;
    }
    if let Some(calibration) = &evaluation.chunk.calibration {
        plot_reliability(
            calibration,
            "Reliability of chunks",
            folder.join("reliability.png"),
        )?;
    }
    if let Some(counts) = &report.class_counts {
        plot_class_counts(counts, "Tracks of each class", folder.join("classes.png"))?;
    }
    Ok(())
}

//! What the page of a training run is made of.

use std::path::Path;

use sarangi_core::{Error, Result, write_atomically};

use super::html::Html;
use super::page::page;
use super::{
    section_calibration, section_classes, section_confusion, section_curves, section_gallery,
    section_headline, section_provenance, section_samples, section_scores, section_training,
};
use crate::{Curves, EpochPoint, Evaluation, Pooling, Predictions};

/// Everything about a run that a person may want to see. What is empty is left out of the page.
///
/// ```
/// use sarangi_eval::{Fact, RunReport};
///
/// let report = RunReport {
///     title: "Five channels on GTZAN".into(),
///     facts: vec![Fact::new("Split", "by track, 60 / 20 / 20")],
///     ..RunReport::default()
/// };
/// assert!(report.html().starts_with("<!DOCTYPE html>"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// What the run is called.
    pub title: String,
    /// What must be known before the numbers are read, above them.
    pub warnings: Vec<Warning>,
    /// The parts that were evaluated. The headline is of the first, so the test part comes first.
    pub parts: Vec<ReportPart>,
    /// What was measured after each epoch.
    pub history: Vec<EpochPoint>,
    /// How many tracks each class has in each part.
    pub class_counts: Option<ClassCounts>,
    /// One piece of sound of each class.
    pub samples: Vec<ClassSample>,
    /// Tracks told right and wrong.
    pub gallery: Vec<GalleryItem>,
    /// How the run was made: split, parameters, commands, duration.
    pub facts: Vec<Fact>,
    /// The recipe, as TOML.
    pub recipe: Option<String>,
}

/// What must be known before numbers are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The numbers are too good: parts of the split share tracks, or artists, or the like.
    Leak(String),
    /// Anything else.
    Note(String),
}

/// One line about how something was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about, such as `Split`.
    pub name: String,
    /// What is to say.
    pub value: String,
}

/// How good the run is on one part of the split.
#[derive(Clone, Debug)]
pub struct ReportPart {
    /// Which part, such as `test`.
    pub name: String,
    /// The numbers.
    pub evaluation: Evaluation,
    /// The curves of chunks.
    pub chunk_curves: Option<Curves>,
    /// The curves of tracks.
    pub track_curves: Option<Curves>,
}

/// How many tracks each class has in each part of the split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// The classes.
    pub labels: Vec<String>,
    /// Each part's name and one count for each class.
    pub parts: Vec<(String, Vec<u64>)>,
}

/// A piece of sound that stands for its class.
#[derive(Clone, Debug, Default)]
pub struct ClassSample {
    /// The class's name.
    pub class: String,
    /// Which sound it is, such as a file's name.
    pub caption: String,
    /// Its picture, a PNG file.
    pub picture: Option<Vec<u8>>,
    /// The sound, a WAV file.
    pub sound: Option<Vec<u8>>,
}

/// A track, and what was said of it.
#[derive(Clone, Debug, Default)]
pub struct GalleryItem {
    /// The track's name.
    pub track: String,
    /// The true class's name.
    pub truth: String,
    /// The most probable classes with their probabilities, the most probable first.
    pub top: Vec<(String, f32)>,
    /// Its spectrogram, a PNG file.
    pub spectrogram: Option<Vec<u8>>,
    /// The same with what the network looked at, a PNG file of the same size.
    pub overlay: Option<Vec<u8>>,
    /// The sound, a WAV file.
    pub sound: Option<Vec<u8>>,
}

impl Fact {
    /// A line.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

impl ReportPart {
    /// The numbers and curves of predictions for chunks, and pooled for tracks.
    pub fn of(name: impl Into<String>, predictions: &Predictions, pooling: Pooling) -> Self {
        Self {
            name: name.into(),
            evaluation: Evaluation::of(predictions, pooling),
            chunk_curves: Some(Curves::of(predictions)),
            track_curves: Some(Curves::of(&predictions.pool(pooling))),
        }
    }
}

impl GalleryItem {
    /// Whether the most probable class is the true one.
    pub fn is_right(&self) -> bool {
        self.top
            .first()
            .is_some_and(|(class, _)| *class == self.truth)
    }
}

impl RunReport {
    /// The page: one HTML file that needs nothing else, no network and no script to be read. The same
    /// report gives the same bytes.
    pub fn html(&self) -> String {
        let mut sections: Vec<(&str, &str, Html)> = Vec::new();
        let mut add = |id, name, html: Html| {
            if !html.is_empty() {
                sections.push((id, name, html));
            }
        };
        add("result", "Result", section_headline::section(self));
        add(
            "training",
            "Training",
            section_training::section(&self.history),
        );
        add("classes", "Classes", section_scores::section(&self.parts));
        add(
            "confusion",
            "Confusion",
            section_confusion::section(&self.parts),
        );
        add("curves", "ROC and PR", section_curves::section(&self.parts));
        add(
            "calibration",
            "Calibration",
            section_calibration::section(&self.parts),
        );
        add(
            "gallery",
            "Right and wrong",
            section_gallery::section(&self.gallery),
        );
        add(
            "samples",
            "Samples",
            section_samples::section(&self.samples),
        );
        add(
            "data",
            "Data",
            section_classes::section(self.class_counts.as_ref()),
        );
        add("made", "How it was made", section_provenance::section(self));
        page(&self.title, "training run", &self.warnings, sections)
    }

    /// Writes the page, whole.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        write_page(&self.html(), path.as_ref())
    }
}

pub(crate) fn write_page(page: &str, path: &Path) -> Result<()> {
    write_atomically(path, |out| {
        out.write_all(page.as_bytes())
            .map_err(|e| Error::io(path, e))
    })
}

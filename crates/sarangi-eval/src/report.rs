//! Pages for people: one of a training run, one that compares several.

mod chart;
mod chart_bars;
mod chart_curves;
mod chart_epochs;
mod chart_reliability;
mod comparison;
mod comparison_charts;
mod comparison_tables;
mod data_uri;
mod gallery_choice;
mod html;
mod numbers;
mod page;
mod run_report;
mod section_calibration;
mod section_classes;
mod section_confusion;
mod section_curves;
mod section_gallery;
mod section_headline;
mod section_provenance;
mod section_samples;
mod section_scores;
mod section_training;

pub use comparison::{ComparedRun, ComparisonReport};
pub use data_uri::data_uri;
pub use run_report::{ClassCounts, ClassSample, Fact, GalleryItem, ReportPart, RunReport, Warning};

//! How many files each class has, and how many of them are to be looked at.

use std::path::Path;

use sarangi::core::Result;
use sarangi::data::{CheckedClass, QualityReport};
use sarangi::eval::{ClassCounts, plot_class_counts};

/// The most classes that a picture shows.
const MOST: usize = 1000;

/// Draws the chart as a PNG file and says whether it did: more classes than a picture holds have none.
pub(super) fn chart(report: &QualityReport, path: &Path) -> Result<bool> {
    let classes = &report.classes;
    if !(1..=MOST).contains(&classes.len()) {
        return Ok(false);
    }
    let of = |count: fn(&CheckedClass) -> usize| classes.iter().map(count).map(|n| n as u64);
    let counts = ClassCounts {
        labels: classes.iter().map(|class| class.label.clone()).collect(),
        parts: vec![
            (
                "nothing found".to_owned(),
                of(|class| class.files - class.flagged).collect(),
            ),
            ("to look at".to_owned(), of(|class| class.flagged).collect()),
        ],
    };
    plot_class_counts(&counts, "Files of each class", path)?;
    Ok(true)
}

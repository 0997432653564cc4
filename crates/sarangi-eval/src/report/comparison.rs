//! The page that compares several runs.

use std::path::Path;

use sarangi_core::Result;

use super::html::Html;
use super::page::page;
use super::run_report::write_page;
use super::{Warning, comparison_charts, comparison_tables};
use crate::{Curves, Evaluation, McNemar, Pooling, Predictions};

/// Several runs side by side: their numbers with confidence intervals, whether they differ, their curves,
/// and how well each tells each class.
#[derive(Clone, Debug, Default)]
pub struct ComparisonReport {
    /// What the comparison is called.
    pub title: String,
    /// What must be known before the numbers are read.
    pub warnings: Vec<Warning>,
    /// The runs, in the order in which they are shown.
    pub runs: Vec<ComparedRun>,
}

/// One run to compare, with everything that is shown of it.
#[derive(Clone, Debug)]
pub struct ComparedRun {
    name: String,
    leaks: bool,
    predictions: Predictions,
    pooling: Pooling,
    evaluation: Evaluation,
    curves: Curves,
}

impl ComparedRun {
    /// A run by its predictions for chunks; `leaks` says that its split does, so that its numbers are
    /// too good.
    pub fn new(
        name: impl Into<String>,
        predictions: Predictions,
        pooling: Pooling,
        leaks: bool,
    ) -> Self {
        Self {
            name: name.into(),
            leaks,
            pooling,
            evaluation: Evaluation::of(&predictions, pooling),
            curves: Curves::of(&predictions.pool(pooling)),
            predictions,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn leaks(&self) -> bool {
        self.leaks
    }

    /// How good it is.
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// The curves of its tracks.
    pub(crate) fn curves(&self) -> &Curves {
        &self.curves
    }

    /// McNemar's test with another run, each pooled in its own way.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if the two are not of the same tracks.
    pub fn against(&self, other: &Self) -> Result<McNemar> {
        let [first, second] = [self, other].map(|run| run.predictions.pool(run.pooling));
        McNemar::between(&first, &second, Pooling::MeanProbability)
    }
}

impl ComparisonReport {
    /// The page: one HTML file that needs nothing else. The same report gives the same bytes.
    pub fn html(&self) -> String {
        let mut warnings = self.warnings.clone();
        let leaking = self.runs.iter().filter(|run| run.leaks);
        let names: Vec<String> = leaking.map(|run| format!("“{}”", run.name)).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            let text = format!("This is so of {names}; do not compare it with the others.");
            warnings.insert(0, Warning::Leak(text));
        }
        let sections: [(&str, &str, Html); 5] = [
            (
                "accuracy",
                "Accuracy",
                comparison_charts::accuracies(&self.runs),
            ),
            ("numbers", "Numbers", comparison_tables::numbers(&self.runs)),
            (
                "differences",
                "Differences",
                comparison_tables::differences(&self.runs),
            ),
            (
                "curves",
                "ROC and PR",
                comparison_charts::curves(&self.runs),
            ),
            ("classes", "Classes", comparison_tables::classes(&self.runs)),
        ];
        let sections = sections.into_iter().filter(|(_, _, html)| !html.is_empty());
        page(
            &self.title,
            "comparison of runs",
            &warnings,
            sections.collect(),
        )
    }

    /// Writes the page, whole.
    ///
    /// # Errors
    /// [`Error::Io`](sarangi_core::Error::Io) if it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        write_page(&self.html(), path.as_ref())
    }
}

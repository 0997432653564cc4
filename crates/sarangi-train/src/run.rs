//! The folder of a training run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sarangi_core::{Error, Result, write_atomically};
use sarangi_eval::{
    Calibration, ConfusionStyle, Curves, Evaluation, Pooling, Predictions, plot_confusion,
    plot_precision_recall, plot_reliability, plot_roc,
};
use serde::Serialize;

/// The pictures of a run.
const PLOTS: [&str; 7] = [
    "curves",
    CONFUSION[0],
    CONFUSION[1],
    "classes",
    ROC,
    PRECISION_RECALL,
    RELIABILITY,
];

/// The curves of the test tracks, and how sure and how right the model is of the test chunks.
const ROC: &str = "roc";
const PRECISION_RECALL: &str = "precision-recall";
const RELIABILITY: &str = "reliability";

/// The confusion matrices of the chunks and of the tracks.
const CONFUSION: [&str; 2] = ["confusion-chunks", "confusion-tracks"];

/// The folder of the models of every few epochs, and how their names begin.
const CHECKPOINTS: &str = "checkpoints";
const CHECKPOINT: &str = "epoch-";

/// How the names of the folders of a cross-validation's folds begin.
const FOLD: &str = "fold-";

/// The names in a folder; none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| Error::io(folder, e))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| Error::io(folder, e))?.file_name();
        // Our own names are texts.
        names.extend(name.into_string().ok());
    }
    Ok(names)
}

/// The files of a training run, each written whole.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// The run in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model of the best epoch.
    pub fn model(&self) -> PathBuf {
        self.folder.join("model.safetensors")
    }

    /// The model of the last epoch.
    pub fn last(&self) -> PathBuf {
        self.folder.join("last.safetensors")
    }

    /// The model of an epoch, where the recipe asks for one every few epochs.
    pub fn checkpoint(&self, epoch: usize) -> PathBuf {
        let name = format!("{CHECKPOINT}{epoch:04}.safetensors");
        self.folder.join(CHECKPOINTS).join(name)
    }

    /// Those that are there, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Io`] if their folder cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<PathBuf>> {
        let mut found = names(&self.folder.join(CHECKPOINTS))?;
        found.retain(|name| name.starts_with(CHECKPOINT) && name.ends_with(".safetensors"));
        found.sort_unstable();
        let folder = self.folder.join(CHECKPOINTS);
        Ok(found.into_iter().map(|name| folder.join(name)).collect())
    }

    /// The history as TensorBoard reads it, where the recipe asks for it.
    pub fn tensorboard(&self) -> PathBuf {
        // TensorBoard knows its files by the second part; the first number would be the time.
        self.folder.join("events.out.tfevents.0.sarangi")
    }

    /// What resuming needs.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state.safetensors")
    }

    /// One JSON line for each epoch.
    pub fn history(&self) -> PathBuf {
        self.folder.join("history.jsonl")
    }

    /// The recipe with every default written out.
    pub fn recipe(&self) -> PathBuf {
        self.folder.join("recipe.toml")
    }

    /// The files that could not be used; only there if there were any.
    pub fn quarantine(&self) -> PathBuf {
        self.folder.join("quarantine.json")
    }

    /// How good the best model is on the test part.
    pub fn evaluation(&self) -> PathBuf {
        self.folder.join("evaluation.json")
    }

    /// What the best model says of each test chunk, a JSON line for each.
    pub fn predictions(&self) -> PathBuf {
        self.folder.join("predictions.jsonl")
    }

    /// The page for people.
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// The run of one fold of a cross-validation, from 1.
    pub fn fold(&self, fold: usize) -> Self {
        Self::new(self.folder.join(format!("{FOLD}{fold}")))
    }

    /// The folds that have a folder, whichever recipe they are of, in their order.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read.
    pub fn begun_folds(&self) -> Result<Vec<usize>> {
        let names = names(&self.folder)?;
        let number = |name: String| name.strip_prefix(FOLD)?.parse().ok();
        let mut folds: Vec<usize> = names.into_iter().filter_map(number).collect();
        folds.sort_unstable();
        Ok(folds)
    }

    /// What the folds of a cross-validation say together.
    pub fn folds(&self) -> PathBuf {
        self.folder.join("folds.json")
    }

    /// A picture.
    pub fn plot(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.png"))
    }

    /// Those of the run's own files that exist. The one that resuming needs is first.
    pub fn existing(&self) -> Vec<PathBuf> {
        let plots = PLOTS.map(|name| self.plot(name));
        let files = [
            self.state(),
            self.model(),
            self.last(),
            self.history(),
            self.recipe(),
            self.quarantine(),
            self.evaluation(),
            self.tensorboard(),
            self.predictions(),
            self.report(),
            self.folds(),
        ];
        files
            .into_iter()
            .chain(plots)
            // Where they cannot be listed there is nothing to remove or keep.
            .chain(self.checkpoints().unwrap_or_default())
            .filter(|path| path.exists())
            .collect()
    }

    /// Removes what a run that was killed had begun to write.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be listed or removed.
    pub fn sweep(&self) -> Result<()> {
        for folder in [self.folder.clone(), self.folder.join(CHECKPOINTS)] {
            for name in names(&folder)? {
                // As `write_atomically` calls them.
                if name.starts_with('.') && name.ends_with(".part") {
                    let path = folder.join(name);
                    fs::remove_file(&path).map_err(|e| Error::io(path, e))?;
                }
            }
        }
        Ok(())
    }

    /// Removes the run's own files; the cache and whatever else is in the folder stay.
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be removed.
    pub fn clear(&self) -> Result<()> {
        let remove = |path: PathBuf| fs::remove_file(&path).map_err(|e| Error::io(path, e));
        self.existing().into_iter().try_for_each(remove)
    }

    /// Writes a text, whole.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write_text(&self, path: &Path, text: &str) -> Result<()> {
        write_atomically(path, |out| {
            out.write_all(text.as_bytes())
                .map_err(|e| Error::io(path, e))
        })
    }

    /// Writes a value as indented JSON, whole.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written, [`Error::Data`] if it has no JSON form.
    pub fn write_json(&self, path: &Path, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|e| Error::data(path, format!("cannot be written as JSON: {e}")))?;
        self.write_text(path, &(text + "\n"))
    }

    /// Writes how good a model is: `evaluation.json`, and the confusion matrices of the chunks and
    /// of the tracks under these two titles.
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be written.
    pub fn write_evaluation(&self, evaluation: &Evaluation, titles: [&str; 2]) -> Result<()> {
        self.write_json(&self.evaluation(), evaluation)?;
        let levels = [
            (CONFUSION[0], &evaluation.chunk),
            (CONFUSION[1], &evaluation.track),
        ];
        for ((name, scores), title) in levels.into_iter().zip(titles) {
            let (labels, path) = (&evaluation.labels, self.plot(name));
            plot_confusion(
                &scores.confusion,
                labels,
                ConfusionStyle::Counts,
                title,
                path,
            )?;
        }
        Ok(())
    }

    /// Writes what a model says of each chunk, and draws its curves and how well it is calibrated.
    ///
    /// # Errors
    /// As [`write_evaluation`](Self::write_evaluation).
    pub fn write_predictions(&self, predictions: &Predictions, pooling: Pooling) -> Result<()> {
        predictions.write_jsonl(self.predictions())?;
        let curves = Curves::of(&predictions.pool(pooling));
        let labels = predictions.labels();
        plot_roc(&curves, labels, "ROC of tracks", self.plot(ROC))?;
        let path = self.plot(PRECISION_RECALL);
        plot_precision_recall(&curves, labels, "Precision and recall of tracks", path)?;
        let calibration = Calibration::of(predictions, BINS)?;
        let path = self.plot(RELIABILITY);
        plot_reliability(&calibration, "Reliability of chunks", path)
    }
}

/// The bins of the reliability diagram.
const BINS: usize = 10;

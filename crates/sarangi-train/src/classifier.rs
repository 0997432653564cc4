//! Prediction from a model file.

mod answer;
mod files;
mod forward;
mod listener;
mod prepared;

use std::path::Path;

use candle_core::Device;
use sarangi_audio::FileKind;
use sarangi_core::{Backend, Error, Result, Spec, Stop, Waveform};
use sarangi_data::{Corpus, FeatureCache, FrontEnd, Listing, Part};
use sarangi_eval::{Evaluation, Predictions, Temperature};
use sarangi_nn::Model;

use crate::score::score;
use crate::{ModelCard, ModelFile};

pub use answer::{ChunkVerdict, Classification};
pub use listener::{Listener, Update};
pub use prepared::Prepared;

/// A model that answers. It is built from a model file alone and runs the front end stored in it,
/// so that prediction cannot disagree with training.
pub struct Classifier {
    card: ModelCard,
    front_end: FrontEnd,
    network: Box<dyn Model>,
    device: Device,
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier")
            .field("card", &self.card)
            .finish_non_exhaustive()
    }
}

/// How good a model is on a data set.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The numbers.
    pub evaluation: Evaluation,
    /// What the model says of each chunk.
    pub predictions: Predictions,
    /// The data.
    pub corpus: Corpus,
}

impl Classifier {
    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Checkpoint`] naming the file; [`Error::Backend`] or
    /// [`Error::Unsupported`] if the device is not to be had.
    pub fn load(path: impl AsRef<Path>, backend: Backend) -> Result<Self> {
        let path = path.as_ref();
        let file = ModelFile::read(path)?;
        let device = backend.device()?;
        let fitting = |e: Error| Error::checkpoint(path, e.to_string());
        let front_end = file.card.recipe.front_end.build(()).map_err(fitting)?;
        file.card
            .check(front_end.shape())
            .map_err(|reason| Error::checkpoint(path, reason))?;
        let network = file.network(&device).map_err(fitting)?;
        Ok(Self {
            card: file.card,
            front_end,
            network,
            device,
        })
    }

    /// The same classifier, taking in files of up to `seconds`.
    #[must_use]
    pub fn with_max_seconds(self, seconds: f64) -> Self {
        Self {
            front_end: self.front_end.with_max_seconds(seconds),
            ..self
        }
    }

    /// The kind of file that it classifies.
    pub fn kind(&self) -> FileKind {
        self.front_end.kind()
    }

    /// Everything about the model but its weights.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The same classifier, which begins a chunk every so many seconds: closer together than chunks
    /// are long, it hears a sound several times and averages over more of it. Training's distance is
    /// what it has without.
    ///
    /// # Errors
    /// [`Error::Config`] if the model is one of pictures, or `seconds` is no distance or longer than a
    /// chunk.
    pub fn with_hop(self, seconds: f64) -> Result<Self> {
        Ok(Self {
            front_end: self.front_end.with_hop(seconds)?,
            ..self
        })
    }

    /// Classifies a file: a sound or, if that is what the model was trained on, a picture, whose
    /// chunks have no times.
    ///
    /// # Errors
    /// Naming the file, if it cannot be read or is empty.
    pub fn classify_file(&self, path: impl AsRef<Path>) -> Result<Classification> {
        self.classify_one(self.prepare_file(path, &Stop::new())?)
    }

    /// Classifies a mono sound at the model's rate, as [`prepare`](Self::prepare) cuts it.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`classify_batch`](Self::classify_batch).
    pub fn classify(&self, wave: &Waveform) -> Result<Classification> {
        self.classify_one(self.prepare(wave, &Stop::new())?)
    }

    fn classify_one(&self, track: Prepared) -> Result<Classification> {
        let probabilities = self.probabilities(std::slice::from_ref(&track))?;
        self.verdict(&track.times, probabilities)
    }

    /// How good the model is on a folder of music: on a part of the split that it was trained
    /// with, or on every track.
    ///
    /// # Errors
    /// [`Error::Data`] if the folder's classes are not the model's, if it holds augmented copies
    /// alone, or if a part is asked for and the folder's split is not the one that the model was
    /// trained with.
    pub fn evaluate(
        &self,
        data: impl AsRef<Path>,
        part: Option<Part>,
        cache: &FeatureCache,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Evaluated> {
        let data = data.as_ref();
        // Before anything is computed: another folder is a common mistake.
        let labels = Listing::read(data, self.front_end.kind())?.labels;
        if labels != self.card.labels {
            let (folder, model) = (labels.join(", "), self.card.labels.join(", "));
            let reason = format!("has the classes {folder}; the model knows {model}");
            return Err(Error::data(data, reason));
        }
        let corpus = Corpus::prepare(data, &self.front_end, cache, progress)?;
        let items = match part {
            // Augmented copies never judge.
            None => (0..corpus.tracks.len())
                .filter(|&track| corpus.tracks[track].is_original())
                .flat_map(|track| corpus.items_of(track))
                .collect(),
            Some(part) => {
                let recipe = &self.card.recipe;
                let (spec, front_end) = (&self.card.split, &self.front_end);
                let (split, _) =
                    recipe
                        .leaks
                        .split(spec, &corpus, recipe.seed, front_end, cache)?;
                if split.digest(&corpus) != self.card.split_digest {
                    let reason = "is not the data that the model was trained on, so its test part \
                                  may hold tracks that it has learned; score every track instead";
                    return Err(Error::data(data, reason));
                }
                split.part(part).to_vec()
            }
        };
        if part.is_none() && items.is_empty() {
            let reason = "holds augmented copies alone, which never judge; name the folder of \
                          their originals";
            return Err(Error::data(data, reason));
        }
        let chunks = sarangi_data::Chunks::new(&corpus, cache, &items, self.front_end.shape());
        let (_, predictions): (f64, Predictions) = score(
            self.network.as_ref(),
            &self.device,
            &corpus,
            &chunks,
            &self.card.normalisation,
        )?;
        let predictions = match self.temperature()? {
            Some(temperature) => temperature.scale(&predictions),
            None => predictions,
        };
        let evaluation = Evaluation::of(&predictions, self.card.recipe.prediction.pooling);
        Ok(Evaluated {
            evaluation,
            predictions,
            corpus,
        })
    }

    /// What calibrates the model's probabilities, if it was fitted.
    fn temperature(&self) -> Result<Option<Temperature>> {
        self.card.temperature.map(Temperature::new).transpose()
    }
}

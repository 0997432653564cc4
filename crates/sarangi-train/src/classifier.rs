//! Prediction from a model file.

use std::path::Path;

use candle_core::Device;
use ndarray::{Array4, Axis, Ix2, s};
use sarangi_audio::FileKind;
use sarangi_core::{Backend, Error, IntoTensor, Result, Spec, TensorExt, Waveform};
use sarangi_data::{Corpus, FeatureCache, FrontEnd, Listing, Part};
use sarangi_eval::{Evaluation, Predictions, Temperature};
use sarangi_nn::{Mode, Model, Value, softmax};
use serde::Serialize;

use crate::score::{BATCH, score};
use crate::{ModelCard, ModelFile};

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

/// What a classifier says of one track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// The class.
    pub label: String,
    /// How sure it is of that class, from 0 to 1: its pooled probability.
    pub confidence: f32,
    /// All classes with their pooled probabilities, the most probable first.
    pub ranking: Vec<(String, f32)>,
    /// What it says of each chunk.
    pub chunks: Vec<ChunkVerdict>,
}

/// What a classifier says of one chunk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChunkVerdict {
    /// Where the chunk begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds; past the end of the track if it was filled up with silence.
    pub end: f64,
    /// The class.
    pub label: String,
    /// The probability of each class, in the order of the model's labels.
    pub probabilities: Vec<f32>,
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

    /// Classifies a file: a sound or, if that is what the model was trained on, a picture, whose
    /// chunks have no times.
    ///
    /// # Errors
    /// Naming the file, if it cannot be read or is empty.
    pub fn classify_file(&self, path: impl AsRef<Path>) -> Result<Classification> {
        let path = path.as_ref();
        let outcome = match &self.front_end {
            FrontEnd::Sound(sound) => self.classify(&sound.load(path)?),
            FrontEnd::Picture(picture) => {
                let maps = picture.maps(path)?;
                let times = vec![(0.0, 0.0); maps.len_of(Axis(0))];
                self.verdict(maps, times)
            }
        };
        outcome.map_err(|e| match e {
            Error::Io { .. } | Error::Decode { .. } => e,
            other => Error::decode(path, other.to_string()),
        })
    }

    /// Classifies a mono sound at the model's rate: all of it, also where training took the first
    /// chunks of each track only, and no silence that the sound does not have, unless it is shorter
    /// than one chunk.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another rate or not one chunk; [`Error::Config`] if the model is one
    /// of pictures.
    pub fn classify(&self, wave: &Waveform) -> Result<Classification> {
        let sound = self.front_end.sound()?;
        self.verdict(sound.all_chunks(wave)?, sound.times(wave.len()))
    }

    /// What the model says of chunks that begin and end at these times.
    fn verdict(&self, maps: Array4<f32>, times: Vec<(f64, f64)>) -> Result<Classification> {
        let probabilities = self.probabilities(maps)?;
        if probabilities.is_empty() {
            return Err(Error::shape(
                "classify",
                "at least one chunk of sound",
                "none",
            ));
        }
        let verdict = self.card.recipe.prediction.pooling.pool(&probabilities)?;
        let label = |class: usize| self.card.labels[class].clone();
        let mut order: Vec<usize> = (0..self.card.labels.len()).collect();
        // The verdict leads its ranking even where classes tie; the sort keeps the rest in order.
        order.sort_by(|&a, &b| {
            let key = |class: usize| (class == verdict.class, verdict.probabilities[class]);
            key(b)
                .partial_cmp(&key(a))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let chunks = times
            .into_iter()
            .zip(probabilities)
            .map(|((start, end), probabilities)| {
                let class = sarangi_eval::arg_max(&probabilities);
                ChunkVerdict {
                    start,
                    end,
                    label: label(class),
                    probabilities,
                }
            })
            .collect();
        Ok(Classification {
            label: label(verdict.class),
            confidence: verdict.probabilities[verdict.class],
            ranking: order
                .iter()
                .map(|&c| (label(c), verdict.probabilities[c]))
                .collect(),
            chunks,
        })
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
                let split = self.card.split.split(&corpus, recipe.seed)?;
                let prints = corpus.fingerprints(&self.front_end, cache)?;
                let (split, _) = recipe
                    .leaks
                    .judge(&self.card.split, split, &corpus, &prints)?;
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

    /// Each chunk's probabilities.
    fn probabilities(&self, maps: Array4<f32>) -> Result<Vec<Vec<f32>>> {
        let mut all = Vec::with_capacity(maps.len_of(Axis(0)));
        let count = maps.len_of(Axis(0));
        for start in (0..count).step_by(BATCH) {
            let end = (start + BATCH).min(count);
            let mut batch = maps.slice(s![start..end, .., .., ..]).to_owned();
            self.card.normalisation.apply(batch.view_mut())?;
            let xs = Value::new(&batch.into_tensor(&self.device)?)?;
            let probabilities = softmax(&self.network.forward(&xs, Mode::Eval)?)?;
            probabilities.tensor()?.with_array::<Ix2, _>(|rows| {
                all.extend(rows.outer_iter().map(|row| row.to_vec()));
            })?;
        }
        if let Some(temperature) = self.temperature()? {
            all.iter_mut().for_each(|row| temperature.apply(row));
        }
        Ok(all)
    }
}

//! What a classifier says.

use sarangi_core::Result;
use serde::Serialize;

use super::{Classifier, Prepared};

/// What a classifier says of one track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// The class.
    pub label: String,
    /// How sure it is of that class, from 0 to 1: its pooled probability.
    pub confidence: f32,
    /// Whether that is above the [threshold](crate::ModelCard::threshold) stored with the model; if not,
    /// "not sure" is the honest answer.
    pub sure: bool,
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

impl Classifier {
    /// Classifies several tracks, their chunks together in batches. The answers are those that each
    /// would get alone, but for the last bits of probabilities, since a network adds up in another
    /// order when it runs several chunks at once.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if a track was prepared by a classifier with another
    /// front end; [`Error::Backend`](sarangi_core::Error::Backend) if the device fails.
    pub fn classify_batch(&self, tracks: &[Prepared]) -> Result<Vec<Classification>> {
        let mut rows = self.probabilities(tracks)?.into_iter();
        tracks
            .iter()
            .map(|track| self.verdict(&track.times, rows.by_ref().take(track.chunks()).collect()))
            .collect()
    }

    /// What the model says of a track whose chunks have these times and probabilities.
    pub(super) fn verdict(
        &self,
        times: &[(f64, f64)],
        probabilities: Vec<Vec<f32>>,
    ) -> Result<Classification> {
        let verdict = self.card.recipe.prediction.pooling.pool(&probabilities)?;
        let mut order: Vec<usize> = (0..self.card.labels.len()).collect();
        // The verdict leads its ranking even where classes tie; the sort keeps the rest in order.
        order.sort_by(|&a, &b| {
            let key = |class: usize| (class == verdict.class, verdict.probabilities[class]);
            key(b)
                .partial_cmp(&key(a))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let chunks = times.iter().zip(probabilities);
        let confidence = verdict.probabilities[verdict.class];
        Ok(Classification {
            label: self.label(verdict.class),
            confidence,
            sure: self.card.is_sure(confidence),
            ranking: order
                .iter()
                .map(|&class| (self.label(class), verdict.probabilities[class]))
                .collect(),
            chunks: chunks
                .map(|(&span, probabilities)| self.chunk_verdict(span, probabilities))
                .collect(),
        })
    }

    pub(super) fn chunk_verdict(
        &self,
        (start, end): (f64, f64),
        probabilities: Vec<f32>,
    ) -> ChunkVerdict {
        ChunkVerdict {
            start,
            end,
            label: self.label(sarangi_eval::arg_max(&probabilities)),
            probabilities,
        }
    }

    fn label(&self, class: usize) -> String {
        self.card.labels[class].clone()
    }
}

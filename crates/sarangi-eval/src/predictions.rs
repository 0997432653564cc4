//! What a classifier said, with what is true.

use std::collections::{BTreeMap, HashSet};

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::Pooling;
use crate::confusion::MAX_CLASSES;
use crate::probabilities::{arg_max, check};

/// A classifier's answer for one piece of sound: a chunk of a track, or a whole track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The track that the sound is from.
    pub track: String,
    /// The index of the true class.
    pub truth: usize,
    /// The probability of each class.
    pub probabilities: Vec<f32>,
}

impl Prediction {
    /// The most probable class; the lowest index of several.
    pub fn class(&self) -> usize {
        arg_max(&self.probabilities)
    }
}

/// Predictions that fit together: at least one, over the same classes, one truth for each track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Predictions {
    labels: Vec<String>,
    chunks: Vec<Prediction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    labels: Vec<String>,
    chunks: Vec<Prediction>,
}

impl TryFrom<Unchecked> for Predictions {
    type Error = Error;

    fn try_from(Unchecked { labels, chunks }: Unchecked) -> Result<Self> {
        Self::new(labels, chunks)
    }
}

impl Predictions {
    /// The predictions for chunks, with the names of the classes.
    ///
    /// # Errors
    /// [`Error::Config`] naming the chunk and field if there is no label or no chunk, more than
    /// 10,000 labels, a label comes twice, a truth is no class, two chunks of one track differ in
    /// truth, or probabilities are not a distribution over the labels (finite, not negative, sum 1 within 0.01).
    pub fn new(labels: Vec<String>, chunks: Vec<Prediction>) -> Result<Self> {
        let refuse = |field: String, reason| Err(Error::config("predictions", field, reason));
        if labels.is_empty() || labels.len() > MAX_CLASSES {
            let reason = format!("must name 1 to {MAX_CLASSES} classes, got {}", labels.len());
            return refuse("labels".into(), reason);
        }
        let mut seen = HashSet::new();
        if let Some(twice) = labels.iter().find(|label| !seen.insert(label.as_str())) {
            return refuse("labels".into(), format!("`{twice}` comes twice"));
        }
        if chunks.is_empty() {
            return refuse("chunks".into(), "must hold at least one prediction".into());
        }
        let classes = labels.len();
        let mut truths = BTreeMap::new();
        for (index, chunk) in chunks.iter().enumerate() {
            let track = chunk.track.as_str();
            if chunk.truth >= classes {
                return refuse(
                    format!("chunks[{index}].truth"),
                    format!("must be below {classes}, got {}", chunk.truth),
                );
            }
            let first = *truths.entry(track).or_insert(chunk.truth);
            if first != chunk.truth {
                return refuse(
                    format!("chunks[{index}].truth"),
                    format!(
                        "track `{track}` is of class {first} and of class {}; \
                         give different tracks different names",
                        chunk.truth
                    ),
                );
            }
            check(
                &chunk.probabilities,
                classes,
                format_args!("chunks[{index}].probabilities"),
            )?;
        }
        Ok(Self { labels, chunks })
    }

    /// The names of the classes.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The predictions, in the order given.
    pub fn chunks(&self) -> &[Prediction] {
        &self.chunks
    }

    /// One prediction for each track, sorted by the track's name.
    ///
    /// # Shapes
    /// (chunks, classes) → (tracks, classes).
    pub fn pool(&self, pooling: Pooling) -> Self {
        let mut tracks: BTreeMap<&str, (usize, Vec<&[f32]>)> = BTreeMap::new();
        for chunk in &self.chunks {
            let (_, of_track) = tracks
                .entry(&chunk.track)
                .or_insert_with(|| (chunk.truth, Vec::new()));
            of_track.push(&chunk.probabilities);
        }
        let pooled = tracks
            .into_iter()
            .map(|(track, (truth, chunks))| Prediction {
                track: track.to_owned(),
                truth,
                probabilities: pooling.combine(&chunks),
            });
        Self {
            labels: self.labels.clone(),
            chunks: pooled.collect(),
        }
    }

    /// The same with each distribution changed into another one of as many classes.
    pub(crate) fn map_probabilities(&self, change: impl Fn(&mut [f32])) -> Self {
        let mut changed = self.clone();
        for chunk in &mut changed.chunks {
            change(&mut chunk.probabilities);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(track: &str, truth: usize, probabilities: &[f32]) -> Prediction {
        Prediction {
            track: track.into(),
            truth,
            probabilities: probabilities.to_vec(),
        }
    }

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.into()).collect()
    }

    #[test]
    fn chunks_of_a_track_become_one_prediction() {
        let chunks = vec![
            chunk("b", 1, &[0.5, 0.5]),
            chunk("a", 0, &[0.75, 0.25]),
            chunk("b", 1, &[0.25, 0.75]),
        ];
        let predictions = Predictions::new(labels(&["x", "y"]), chunks).unwrap();
        let tracks = predictions.pool(Pooling::MeanProbability);
        let want = [chunk("a", 0, &[0.75, 0.25]), chunk("b", 1, &[0.375, 0.625])];
        assert_eq!(tracks.chunks(), want);
        let voted = predictions.pool(Pooling::Vote);
        assert_eq!(voted.chunks()[1].probabilities, [0.5, 0.5]);
        assert_eq!(voted.chunks()[1].class(), 0);
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let fine = || chunk("a", 0, &[1.0, 0.0]);
        let cases = [
            (vec![], vec![fine()], "labels"),
            (labels(&["x", "x"]), vec![fine()], "`x` comes twice"),
            (labels(&["x", "y"]), vec![], "chunks: must hold"),
            (
                labels(&["x", "y"]),
                vec![fine(), chunk("b", 2, &[1.0, 0.0])],
                "chunks[1].truth",
            ),
            (
                labels(&["x", "y"]),
                vec![fine(), chunk("a", 1, &[1.0, 0.0])],
                "track `a`",
            ),
            (
                labels(&["x", "y", "z"]),
                vec![fine()],
                "chunks[0].probabilities",
            ),
            (
                labels(&["x", "y"]),
                vec![chunk("a", 0, &[2.0, 9.0])],
                "not logits",
            ),
        ];
        for (labels, chunks, part) in cases {
            let error = Predictions::new(labels, chunks).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn json_is_checked_as_it_is_read() {
        let fine = Predictions::new(labels(&["x"]), vec![chunk("a", 0, &[1.0])]).unwrap();
        let json = serde_json::to_string(&fine).unwrap();
        assert_eq!(serde_json::from_str::<Predictions>(&json).unwrap(), fine);
        let bad = json.replace("\"truth\":0", "\"truth\":1");
        assert!(serde_json::from_str::<Predictions>(&bad).is_err());
    }
}

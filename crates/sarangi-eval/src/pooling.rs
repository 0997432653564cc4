//! From the chunks of a track to the track.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::probabilities::{arg_max, check, ordered_sum};

/// How the predictions for the chunks of a track become one for the track.
///
/// The result does not depend on the order of the chunks, to the bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Majority vote: each chunk votes for its most probable class. A track's "probability" of a
    /// class is that class's share of the votes.
    Vote,
    /// The mean of the chunks' probabilities.
    #[default]
    MeanProbability,
}

/// What was decided for one track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The class with the largest probability; the lowest index of several.
    pub class: usize,
    /// One value for each class: the mean probability, or the share of the votes.
    pub probabilities: Vec<f32>,
}

impl Pooling {
    /// Decides for one track from its chunks' probabilities.
    ///
    /// # Shapes
    /// (chunks, classes) → (classes).
    ///
    /// # Errors
    /// [`Error::Config`] if there is no chunk or no class, if the chunks differ in their number of
    /// classes, or if one is not a distribution (finite, not negative, sum 1).
    pub fn pool<P: AsRef<[f32]>>(self, chunks: &[P]) -> Result<Verdict> {
        let classes = chunks.first().map_or(0, |chunk| chunk.as_ref().len());
        if classes == 0 {
            return Err(Error::config(
                "pooling",
                "chunks",
                "must hold at least one chunk of at least one class",
            ));
        }
        for (index, chunk) in chunks.iter().enumerate() {
            check(
                chunk.as_ref(),
                classes,
                format_args!("chunks[{index}].probabilities"),
            )?;
        }
        let chunks: Vec<&[f32]> = chunks.iter().map(AsRef::as_ref).collect();
        let probabilities = self.combine(&chunks);
        Ok(Verdict {
            class: arg_max(&probabilities),
            probabilities,
        })
    }

    /// The pooled probabilities of at least one chunk, all valid and of one length.
    pub(crate) fn combine(self, chunks: &[&[f32]]) -> Vec<f32> {
        let classes = chunks.first().map_or(0, |chunk| chunk.len());
        let n = chunks.len() as f64;
        match self {
            Self::Vote => {
                let mut votes = vec![0u32; classes];
                for chunk in chunks {
                    votes[arg_max(chunk)] += 1;
                }
                let share = |&count| (f64::from(count) / n) as f32;
                votes.iter().map(share).collect()
            }
            Self::MeanProbability => (0..classes)
                .map(|class| {
                    let of_class = chunks.iter().map(|chunk| f64::from(chunk[class]));
                    (ordered_sum(of_class.collect()) / n) as f32
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_counts_heads_and_a_mean_weighs_them() {
        let chunks = [[0.6, 0.4], [0.55, 0.45], [0.0, 1.0]];
        let vote = Pooling::Vote.pool(&chunks).unwrap();
        assert_eq!((vote.class, vote.probabilities[0]), (0, 2.0 / 3.0));
        let mean = Pooling::MeanProbability.pool(&chunks).unwrap();
        assert_eq!(mean.class, 1);
        assert!((mean.probabilities[1] - 1.85 / 3.0).abs() < 1e-7);
    }

    #[test]
    fn tied_votes_go_to_the_lowest_class() {
        let chunks = [[0.0, 0.1, 0.9], [0.1, 0.9, 0.0]];
        assert_eq!(Pooling::Vote.pool(&chunks).unwrap().class, 1);
        // A chunk that cannot decide votes for the lowest class as well.
        assert_eq!(Pooling::Vote.pool(&[[0.0, 0.5, 0.5]]).unwrap().class, 1);
    }

    #[test]
    fn nonsense_is_refused() {
        for pooling in [Pooling::Vote, Pooling::MeanProbability] {
            assert!(pooling.pool::<Vec<f32>>(&[]).is_err());
            assert!(pooling.pool(&[Vec::new()]).is_err());
            assert!(pooling.pool(&[vec![1.0], vec![0.5, 0.5]]).is_err());
            let error = pooling.pool(&[[0.5, 0.5], [f32::NAN, 0.5]]).unwrap_err();
            assert!(error.to_string().contains("chunks[1]"), "{error}");
        }
    }

    #[test]
    fn names_are_snake_case() {
        let json = serde_json::to_string(&Pooling::MeanProbability).unwrap();
        assert_eq!(json, "\"mean_probability\"");
    }
}

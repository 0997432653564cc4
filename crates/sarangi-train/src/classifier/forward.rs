//! The network on the chunks of tracks, in batches.

use ndarray::{Array4, ArrayView3, Axis, Ix2};
use sarangi_core::{Error, IntoTensor, Result, TensorExt};
use sarangi_nn::{Mode, Value, softmax};

use super::{Classifier, Prepared};
use crate::score::BATCH;

impl Classifier {
    /// Each chunk's calibrated probabilities, those of all tracks in a row.
    pub(super) fn probabilities(&self, tracks: &[Prepared]) -> Result<Vec<Vec<f32>>> {
        let mut rows = self.rows(tracks, |xs| softmax(&self.network.forward(xs, Mode::Eval)?))?;
        if let Some(temperature) = self.temperature()? {
            rows.iter_mut().for_each(|row| temperature.apply(row));
        }
        Ok(rows)
    }

    /// Tells for each track what it sounds like to the network: the mean over its chunks of what the
    /// last linear layer reads, scaled to length 1, so that the cosine of two tracks is the sum of
    /// products. A track whose mean is 0 stays 0.
    ///
    /// # Shapes
    /// (tracks, features).
    ///
    /// # Errors
    /// As [`classify_batch`](Self::classify_batch), and
    /// [`Error::Unsupported`] if the network has no stages.
    pub fn embed_batch(&self, tracks: &[Prepared]) -> Result<Vec<Vec<f32>>> {
        let run = |xs: &Value| self.network.forward_features(xs.into(), Mode::Eval);
        let mut rows = self.rows(tracks, run)?.into_iter();
        Ok(tracks
            .iter()
            .map(|track| direction(rows.by_ref().take(track.chunks())))
            .collect())
    }

    /// What `run` makes of each chunk, those of all tracks in a row.
    fn rows(
        &self,
        tracks: &[Prepared],
        run: impl Fn(&Value) -> Result<Value>,
    ) -> Result<Vec<Vec<f32>>> {
        let [channels, bins, frames] = self.front_end.shape();
        for track in tracks {
            let got = &track.maps.shape()[1..];
            if got != [channels, bins, frames] {
                let expected = format_args!("chunks of {channels} × {bins} × {frames}");
                return Err(Error::shape("classify", expected, format_args!("{got:?}")));
            }
        }
        let chunks: Vec<ArrayView3<'_, f32>> = tracks
            .iter()
            .flat_map(|track| track.maps.outer_iter())
            .collect();
        let mut rows = Vec::with_capacity(chunks.len());
        for some in chunks.chunks(BATCH) {
            let mut batch = Array4::zeros((some.len(), channels, bins, frames));
            for (mut to, chunk) in batch.axis_iter_mut(Axis(0)).zip(some) {
                to.assign(chunk);
            }
            self.card.normalisation.apply(batch.view_mut())?;
            let result = run(&Value::new(&batch.into_tensor(&self.device)?)?)?;
            result.tensor()?.with_array::<Ix2, _>(|result| {
                rows.extend(result.outer_iter().map(|row| row.to_vec()));
            })?;
        }
        Ok(rows)
    }
}

/// The mean of vectors, scaled to length 1.
fn direction(rows: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
    let mut sum: Vec<f64> = Vec::new();
    for row in rows {
        sum.resize(row.len(), 0.0);
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    sum.into_iter().map(|x| (x * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_has_length_one_or_none() {
        let rows = vec![vec![3.0, 0.0], vec![3.0, 8.0]];
        assert_eq!(direction(rows.into_iter()), [0.6, 0.8]);
        assert_eq!(direction(vec![vec![0.0; 3]].into_iter()), [0.0; 3]);
    }
}

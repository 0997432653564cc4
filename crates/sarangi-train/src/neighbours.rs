//! Which tracks sound alike to a network.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use ndarray::{Array2, ArrayView1, Axis, Ix2};
use sarangi_core::{During, Error, Result, TensorExt};
use serde::{Deserialize, Serialize};

use crate::tensor_file;

/// The metadata entry of an index file, and its tensor.
const ENTRY: &str = "sarangi.index";
const TENSOR: &str = "embeddings";

/// The embeddings of tracks, among which the nearest to another one are found.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingIndex {
    card: IndexCard,
    /// (tracks, features), each of length 1, or 0.
    vectors: Array2<f32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexCard {
    version: u32,
    model: String,
    names: Vec<String>,
}

/// A track of an index.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// The cosine of the angle between the two embeddings: 1 for the same direction, 0 for nothing in
    /// common.
    pub cosine: f32,
}

impl EmbeddingIndex {
    /// The version of the file's layout that this program writes.
    pub const VERSION: u32 = 1;

    /// An index of tracks by name with their [embeddings](crate::Classifier::embed_batch). `model` is what
    /// the network is known by, such as the [digest](sarangi_data::content_digest) of its file:
    /// embeddings of two models cannot be compared.
    ///
    /// # Errors
    /// [`Error::Config`] if there is no track, or an embedding has another length than the first or a
    /// value that is not finite.
    pub fn new(model: impl Into<String>, tracks: Vec<(String, Vec<f32>)>) -> Result<Self> {
        let features = tracks.first().map_or(0, |(_, vector)| vector.len());
        if features == 0 {
            let reason = "must hold at least one track with an embedding";
            return Err(Error::config("index", "tracks", reason));
        }
        let mut names = Vec::with_capacity(tracks.len());
        let mut vectors = Array2::zeros((tracks.len(), features));
        for ((name, vector), mut row) in tracks.into_iter().zip(vectors.outer_iter_mut()) {
            check(&vector, features, &name)?;
            row.assign(&ArrayView1::from(&vector));
            let length = row.dot(&row).sqrt();
            if length > 0.0 {
                row /= length;
            }
            names.push(name);
        }
        let model = model.into();
        let card = IndexCard {
            version: Self::VERSION,
            model,
            names,
        };
        Ok(Self { card, vectors })
    }

    /// How many tracks it holds.
    pub fn len(&self) -> usize {
        self.card.names.len()
    }

    /// Whether it holds none, which none does.
    pub fn is_empty(&self) -> bool {
        self.card.names.is_empty()
    }

    /// What the network that made it is known by.
    pub fn model(&self) -> &str {
        &self.card.model
    }

    /// The tracks whose embeddings point most nearly where this one does, at most `count`, the nearest
    /// first; of equally near ones the first of the index.
    ///
    /// # Shapes
    /// (features), of any length above 0.
    ///
    /// # Errors
    /// [`Error::Config`] if it has another number of features or a value that is not finite.
    pub fn nearest(&self, embedding: &[f32], count: usize) -> Result<Vec<Neighbour>> {
        check(embedding, self.vectors.len_of(Axis(1)), "embedding")?;
        let asked = ArrayView1::from(embedding);
        let length = asked.dot(&asked).sqrt().max(f32::MIN_POSITIVE);
        let cosines = self.vectors.dot(&asked) / length;
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]).then(a.cmp(&b)));
        Ok(order
            .into_iter()
            .take(count)
            .map(|n| Neighbour {
                name: self.card.names[n].clone(),
                cosine: cosines[n].clamp(-1.0, 1.0),
            })
            .collect())
    }

    /// Writes the index, whole: `.safetensors` with the tensor `embeddings` (tracks, features) and the
    /// names as JSON under `sarangi.index`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = serde_json::to_string(&self.card)
            .map_err(|e| Error::checkpoint(path, format!("the index has no JSON form: {e}")))?;
        let values = self.vectors.iter().copied().collect();
        let tensor =
            Tensor::from_vec(values, self.vectors.dim(), &Device::Cpu).during("save the index")?;
        let tensors = BTreeMap::from([(TENSOR.to_owned(), tensor)]);
        tensor_file::write(path, &tensors, (ENTRY, &text))
    }

    /// Reads an index.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Checkpoint`] naming the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let fail = |reason: String| Error::checkpoint(path, reason);
        let (tensors, text) = tensor_file::read(path, ENTRY)?;
        let card: IndexCard =
            serde_json::from_str(&text).map_err(|e| fail(format!("`{ENTRY}`: {e}")))?;
        if card.version != Self::VERSION {
            let version = card.version;
            return Err(fail(format!(
                "is an index of version {version}; make it anew"
            )));
        }
        let tensor = tensors
            .get(TENSOR)
            .ok_or_else(|| fail(format!("has no tensor `{TENSOR}`")))?;
        let vectors = tensor
            .with_array::<Ix2, _>(|rows| rows.to_owned())
            .map_err(|e| fail(e.to_string()))?;
        let (rows, features) = vectors.dim();
        if rows != card.names.len() || rows == 0 || features == 0 {
            let names = card.names.len();
            return Err(fail(format!(
                "names {names} tracks and holds {rows} of {features} numbers"
            )));
        }
        // As they were written: scaling them once more would change their last bits.
        let lengths = vectors.outer_iter().map(|row| row.dot(&row));
        for (name, length) in card.names.iter().zip(lengths) {
            if length != 0.0 && (length - 1.0).abs() > 1e-3 || length.is_nan() {
                return Err(fail(format!("the embedding of `{name}` has not length 1")));
            }
        }
        Ok(Self { card, vectors })
    }
}

fn check(vector: &[f32], features: usize, name: &str) -> Result<()> {
    let refuse = |reason: String| Err(Error::config("index", name.to_owned(), reason));
    if vector.len() != features {
        let got = vector.len();
        return refuse(format!("must have {features} features, got {got}"));
    }
    match vector.iter().all(|x| x.is_finite()) {
        true => Ok(()),
        false => refuse("must be finite".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> EmbeddingIndex {
        let tracks = [
            ("east", [2.0, 0.0]),
            ("north", [0.0, 1.0]),
            ("nothing", [0.0, 0.0]),
            ("north-east", [1.0, 1.0]),
            ("again-north", [0.0, 5.0]),
        ];
        let tracks = tracks.map(|(name, vector)| (name.to_owned(), vector.to_vec()));
        EmbeddingIndex::new("model", tracks.into()).unwrap()
    }

    #[test]
    fn the_nearest_come_first_and_ties_in_order() {
        let found = index().nearest(&[0.0, 3.0], 3).unwrap();
        let names: Vec<&str> = found.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(names, ["north", "again-north", "north-east"]);
        assert_eq!(found[0].cosine, 1.0);
        assert!((found[2].cosine - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!(index().nearest(&[0.0, 0.0], 9).unwrap().len(), 5);
        assert!(index().nearest(&[1.0], 3).is_err());
        assert!(index().nearest(&[f32::NAN, 1.0], 3).is_err());
    }

    #[test]
    fn an_index_comes_back_from_its_file_and_another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.safetensors");
        index().write(&path).unwrap();
        assert_eq!(EmbeddingIndex::read(&path).unwrap(), index());

        std::fs::write(&path, b"nonsense").unwrap();
        let error = EmbeddingIndex::read(&path).unwrap_err().to_string();
        assert!(error.contains("index.safetensors"), "{error}");
    }

    #[test]
    fn senseless_tracks_are_refused_by_name() {
        let make = |vectors: &[&[f32]]| {
            let tracks = vectors.iter().enumerate();
            let tracks = tracks.map(|(n, vector)| (format!("track{n}"), vector.to_vec()));
            EmbeddingIndex::new("model", tracks.collect())
        };
        assert!(make(&[]).is_err());
        assert!(make(&[&[]]).is_err());
        for bad in [&[1.0f32][..], &[f32::INFINITY, 0.0]] {
            let error = make(&[&[1.0, 2.0], bad]).unwrap_err().to_string();
            assert!(error.contains("track1"), "{error}");
        }
    }
}

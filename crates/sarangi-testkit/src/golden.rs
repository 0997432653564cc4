//! Golden files and the comparison with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD, ArrayViewD, Axis};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use crate::fixture;

/// One golden file: what to compute, the inputs, the expected outputs and how near to come.
#[derive(Debug, Clone)]
pub struct Golden {
    /// The file's name without its ending.
    pub name: String,
    /// What to compute.
    pub spec: serde_json::Value,
    /// Allowed difference as a share of the expected peak.
    pub rtol: f32,
    /// Allowed difference in the output's unit.
    pub atol: f32,
    arrays: BTreeMap<String, ArrayD<f32>>,
}

#[derive(Deserialize)]
struct Header {
    spec: serde_json::Value,
    rtol: f32,
    atol: f32,
}

/// All golden files of one kind, sorted by name.
pub fn goldens(kind: &str) -> Vec<Golden> {
    let folder = fixture("golden").join(kind);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}: no golden files", folder.display());
    paths.iter().map(|path| Golden::read(path)).collect()
}

impl Golden {
    /// Reads one file.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let entries = metadata.metadata().as_ref().expect("a golden has metadata");
        let header: Header = serde_json::from_str(&entries["golden"])
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let arrays = tensors
            .iter()
            .map(|(name, tensor)| {
                let values: Vec<f32> = match tensor.dtype() {
                    Dtype::F32 => values(tensor.data(), f32::from_le_bytes),
                    Dtype::F64 => values(tensor.data(), |b| f64::from_le_bytes(b) as f32),
                    Dtype::I64 => values(tensor.data(), |b| i64::from_le_bytes(b) as f32),
                    other => panic!("{}: {name} has type {other:?}", path.display()),
                };
                (
                    name.to_owned(),
                    ArrayD::from_shape_vec(tensor.shape(), values).unwrap(),
                )
            })
            .collect();
        Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            spec: header.spec,
            rtol: header.rtol,
            atol: header.atol,
            arrays,
        }
    }

    /// The names of its arrays.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.arrays.keys().map(String::as_str)
    }

    /// Whether it has an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    /// One of its arrays.
    pub fn array(&self, name: &str) -> ArrayD<f32> {
        self.arrays
            .get(name)
            .unwrap_or_else(|| panic!("golden {}: no array `{name}`", self.name))
            .clone()
    }

    /// The sound that its outputs are of, (channels, samples): the array `input`, or where the
    /// specification says `counted: [seed, samples]` a noise that no file need hold.
    pub fn sound(&self) -> Array2<f32> {
        if let Some([seed, count]) = self.spec["counted"].as_array().map(Vec::as_slice) {
            let [seed, count] = [seed, count].map(|x| x.as_u64().expect("a whole number"));
            return counted_noise(seed as u32, count as usize);
        }
        let input = self.array("input");
        match input.ndim() {
            1 => input.insert_axis(Axis(0)),
            _ => input,
        }
        .into_dimensionality()
        .unwrap_or_else(|e| panic!("golden {}: input: {e}", self.name))
    }

    /// Of how many frames one is stored, from the first on; 1 if the specification says nothing of it.
    pub fn every(&self) -> isize {
        self.spec["every"].as_i64().unwrap_or(1) as isize
    }

    /// Asserts that `got` is the array `name` within the golden's tolerances.
    pub fn assert_close(&self, name: &str, got: ArrayViewD<'_, f32>) {
        let label = format!("golden {}: {name}", self.name);
        assert_close(&label, got, self.array(name).view(), self.rtol, self.atol);
    }
}

/// Noise that falls and rises in steps, of whole numbers alone; the generators of golden files count
/// the same.
fn counted_noise(seed: u32, count: usize) -> Array2<f32> {
    let mut state = seed;
    Array2::from_shape_fn((1, count), |(_, n)| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let step = 1 << (n / 40_000 % 4 + 1);
        ((state >> 8) as f32 / 8_388_608.0 - 1.0) / step as f32
    })
}

/// Asserts equal shapes and a largest difference of at most `atol + rtol × peak of want`.
pub fn assert_close(
    label: &str,
    got: ArrayViewD<'_, f32>,
    want: ArrayViewD<'_, f32>,
    rtol: f32,
    atol: f32,
) {
    assert_eq!(got.shape(), want.shape(), "{label}: shape");
    let peak = want.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let bound = atol + rtol * peak;
    for ((index, &got), &want) in got.indexed_iter().zip(want.iter()) {
        let difference = (got - want).abs();
        // Written so that a NaN on one side alone fails.
        let close = difference <= bound || (got.is_nan() && want.is_nan());
        assert!(
            close,
            "{label}: at {index:?} got {got}, want {want} ± {bound}"
        );
    }
}

fn values<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|chunk| read(*chunk))
        .collect()
}

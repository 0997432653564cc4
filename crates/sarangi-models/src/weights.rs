//! Other people's weights.

mod element;
mod format;
mod hub;
mod load;
mod matching;
mod pickle;
mod report;
mod rules;
mod safetensors;
mod save;
mod shortened;
mod tensors;
mod torch;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::Tensor;
use sarangi_core::{Error, Result};

pub use format::WeightFormat;
pub use load::{apply_weights, load_weights, load_weights_with, place_weights};
pub use matching::{Shaped, WeightOptions, class_count, match_weights};
pub use report::{MappedWeight, MisShapedWeight, NamedShape, WeightReport};
pub use save::save_weights;
use tensors::Wanted;

/// Reads all tensors of a file by name: every float as f32, whole numbers as i32 or i64, bytes and
/// truth values as u8.
///
/// The format is told by the content: safetensors, or what `torch.save` writes (`.pth`, `.pt`,
/// `.ckpt`), the zip of today and the row of pickles that torch wrote before 1.6. A torch file
/// holds a state dictionary itself or under `model_state_dict`, `state_dict` or `model`; whatever
/// else a checkpoint has is left alone. Nothing in a pickle is executed; one that refers to
/// anything but tensors and plain data is refused. Nothing that a file claims of its own size is
/// believed before it has been held against the file's length, and the values are read from the
/// file to where they stay.
///
/// With the feature `hub`, `hf:owner/name` is the file `model.safetensors` of that repository of the
/// Hugging Face hub, and `hf:owner/name@revision:file#sha256` any other; it is downloaded once, and
/// held against its hash each time.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Checkpoint`] if it is neither, is damaged, or holds
/// no tensors. For a name of the hub also [`Error::Config`] if it is none, [`Error::Unsupported`]
/// without the feature, and where there is no network an [`Error::Checkpoint`] that says which file
/// to put where.
pub fn read_weights(path: impl AsRef<Path>) -> Result<BTreeMap<String, Tensor>> {
    let path = hub::locate(path.as_ref())?;
    let file = File::open(&path).map_err(|e| Error::io(&path, e))?;
    read_weights_from(path, BufReader::new(file))
}

/// Reads all tensors of a source by name, as [`read_weights`] does; `name` is what errors call it.
///
/// # Errors
/// As [`read_weights`].
pub fn read_weights_from(
    name: impl AsRef<Path>,
    source: impl Read + Seek,
) -> Result<BTreeMap<String, Tensor>> {
    read(name.as_ref(), source)
}

/// Reads the names and shapes of all tensors of a file, as [`read_weights`] reads the tensors, but
/// none of their values.
///
/// # Errors
/// As [`read_weights`].
pub fn read_shapes(path: impl AsRef<Path>) -> Result<BTreeMap<String, Vec<usize>>> {
    let path = hub::locate(path.as_ref())?;
    let file = File::open(&path).map_err(|e| Error::io(&path, e))?;
    read(&path, BufReader::new(file))
}

/// Reads what is wanted of a source's tensors.
fn read<T: Wanted>(name: &Path, mut source: impl Read + Seek) -> Result<BTreeMap<String, T>> {
    let io = |e| Error::io(name, e);
    let length = source.seek(SeekFrom::End(0)).map_err(io)?;
    source.rewind().map_err(io)?;
    let beginning = WeightFormat::beginning(&mut source).map_err(io)?;
    source.rewind().map_err(io)?;
    let torch = |reason| format!("not a readable torch file: {reason}");
    let read = match WeightFormat::of(&beginning) {
        _ if beginning.is_empty() => Err("file is empty".to_owned()),
        Some(WeightFormat::TorchZip) => torch::read_zipped(source, length).map_err(torch),
        Some(WeightFormat::TorchPickles) => torch::read_legacy(source, length).map_err(torch),
        Some(WeightFormat::Hdf5) => Err(keras()),
        Some(WeightFormat::Tar) => Err(
            "a tar file: if it is of torch's first versions, load it in torch and save it again"
                .to_owned(),
        ),
        // Which says that it is neither, if it is not.
        Some(WeightFormat::Safetensors) | None => safetensors::read(source, length),
    };
    match read {
        Ok(tensors) if tensors.is_empty() => Err(format!("holds no tensors{}", torch::hint())),
        read => read,
    }
    .map_err(|reason| Error::checkpoint(name, reason))
}

/// What to do with a file of Keras.
fn keras() -> String {
    "a Keras (HDF5) file, which is not read; save the weights as safetensors in Python, with \
     torch's names and order of axes (docs/weights.md says how)"
        .to_owned()
}

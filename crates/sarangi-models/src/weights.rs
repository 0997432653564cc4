//! Other people's weights.

mod element;
mod hub;
mod load;
mod matching;
mod pickle;
mod report;
mod rules;
mod safetensors;
mod shortened;
mod tensors;
mod torch;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::Tensor;
use sarangi_core::{Error, Result};

pub use load::{apply_weights, load_weights, load_weights_with, place_weights, save_weights};
pub use matching::{WeightOptions, class_count, match_weights};
pub use report::{MappedWeight, MisShapedWeight, NamedShape, WeightReport};

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
    mut source: impl Read + Seek,
) -> Result<BTreeMap<String, Tensor>> {
    let name = name.as_ref();
    let io = |e| Error::io(name, e);
    let length = source.seek(SeekFrom::End(0)).map_err(io)?;
    source.rewind().map_err(io)?;
    let mut magic = Vec::new();
    source
        .by_ref()
        .take(262)
        .read_to_end(&mut magic)
        .map_err(io)?;
    source.rewind().map_err(io)?;
    let read = match &magic[..] {
        [] => Err("file is empty".to_owned()),
        // The length of the header comes first, and its bytes may look like anything.
        [_, _, _, _, 0, 0, 0, 0, b'{', ..] => safetensors::read(source, length),
        [b'P', b'K', 3, 4, ..] => torch::read_zipped(source, length)
            .map_err(|reason| format!("not a readable torch file: {reason}")),
        [0x80, ..] => torch::read_legacy(source, length)
            .map_err(|reason| format!("not a readable torch file: {reason}")),
        [0x89, b'H', b'D', b'F', b'\r', b'\n', ..] => Err(keras()),
        magic if magic.get(257..) == Some(b"ustar") => Err(
            "a tar file: if it is of torch's first versions, load it in torch and save it again"
                .to_owned(),
        ),
        _ => safetensors::read(source, length),
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

//! Networks for other people's programs.

mod nodes;
mod pooling;
mod proto;
mod resize;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;

use prost::Message;
use sarangi_core::{Error, Result, write_atomically};
use sarangi_nn::Graph;

use proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};

const OP: &str = "onnx";

/// The size of the batch, which is left open.
const BATCH: &str = "batch";

/// What the result is called.
const OUTPUT: &str = "logits";

/// ONNX 1.8 of 2020: what every runtime of today reads.
const IR_VERSION: i64 = 7;
const OPSET: i64 = 13;

/// What protobuf takes in one message: 2 GiB.
const MOST_BYTES: u64 = i32::MAX as u64;

/// What an ONNX file says besides the network. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnnxOptions {
    /// The classes, in the order of the scores: a JSON list under `labels` in the file's metadata.
    pub labels: Vec<String>,
    /// More entries of the metadata.
    pub metadata: BTreeMap<String, String>,
}

/// A network as an ONNX file, from what [`sarangi_nn::trace`] wrote down: any network of this
/// crate, or your own.
///
/// The file is of opset 13 (IR version 7, ONNX 1.8 of 2020), f32 throughout, with pictures as
/// (batch, channels, height, width). Its inputs have the graph's names and shapes but for the first
/// axis, `batch`, which is left open; its one output is `logits`, or what else the network gives.
/// Initialisers have the parameters' names. Dropout is not there, batch norms are nodes of their
/// own with the running statistics.
///
/// ```
/// use candle_core::Device;
/// use sarangi_core::{Seed, Spec};
/// use sarangi_models::{ModelContext, ModelSpec, OnnxOptions, export_onnx};
/// use sarangi_nn::{Params, trace};
///
/// let params = Params::new(Seed(1), &Device::Cpu);
/// let network = ModelSpec::named("five-channel-cnn", &[])?.build(ModelContext {
///     params: &params,
///     in_channels: 5,
///     classes: 3,
/// })?;
/// let graph = trace(&network, &[("input", &[5, 40, 130])], &params)?;
/// let labels = ["blues", "jazz", "metal"].map(String::from).into();
/// let file = export_onnx(&graph, &OnnxOptions { labels, ..OnnxOptions::default() })?;
/// assert!(file.len() > 4 * params.trainable_count());
/// # Ok::<(), sarangi_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsupported`] if it has more than the 2 GiB that the format can hold;
/// [`Error::Shape`] if the graph does not fit itself or a tensor is not of f32;
/// [`Error::Backend`] if the device fails.
pub fn export_onnx(graph: &Graph, options: &OnnxOptions) -> Result<Vec<u8>> {
    // Before anything is copied.
    let values = graph.constants.iter().map(|c| c.tensor.elem_count() as u64);
    check_size(4 * values.sum::<u64>())?;
    let mut metadata = options.metadata.clone();
    if !options.labels.is_empty() {
        let labels = serde_json::Value::from(options.labels.clone());
        metadata.insert("labels".to_owned(), labels.to_string());
    }
    let entry = |(key, value)| StringStringEntryProto { key, value };
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "sarangi".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(writer::write(graph)?),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: OPSET,
        }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    };
    check_size(model.encoded_len() as u64)?;
    Ok(model.encode_to_vec())
}

/// Writes a network as an ONNX file, whole: [`export_onnx`].
///
/// # Errors
/// As [`export_onnx`], and [`Error::Io`] if it cannot be written.
pub fn save_onnx(path: impl AsRef<Path>, graph: &Graph, options: &OnnxOptions) -> Result<()> {
    let path = path.as_ref();
    let file = export_onnx(graph, options)?;
    write_atomically(path, |out| {
        out.write_all(&file).map_err(|e| Error::io(path, e))
    })
}

fn check_size(bytes: u64) -> Result<()> {
    match bytes > MOST_BYTES {
        false => Ok(()),
        true => Err(Error::Unsupported {
            what: format!(
                "a network of {bytes} bytes as one ONNX file, which has {MOST_BYTES} at most,"
            ),
            feature: None,
        }),
    }
}

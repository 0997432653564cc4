//! Trained models for other people's programs.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use sarangi_core::{During, Error, Result, Spec};
use sarangi_data::Normalisation;
use sarangi_models::{ModelContext, OnnxOptions};
use sarangi_nn::{BatchNorm, BatchNormSpec, Graph, Inputs, Mode, Model, Params, Value, trace};

use crate::ModelFile;
use crate::model_file::ENTRY;

/// Where the scaling's numbers are among the network's parameters.
const SCALING: &str = "normalisation";

/// A network behind the scaling of its features.
struct Scaled {
    scaling: BatchNorm,
    network: Box<dyn Model>,
}

impl Model for Scaled {
    fn forward(&self, xs: &Value, mut mode: Mode<'_>) -> Result<Value> {
        let xs = self.scaling.forward(xs, mode.reborrow())?;
        self.network.forward_inputs(Inputs::One(&xs), mode)
    }
}

impl ModelFile {
    /// The model as the list of its operations: from features as its front end makes them to the
    /// scores of its classes, their scaling included. With [`onnx_options`](Self::onnx_options) it
    /// is what [`sarangi_models::save_onnx`] writes.
    ///
    /// # Shapes
    /// `input` (batch, channels, bins, frames) as the card says → (batch, classes).
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Config`] if the file's weights or recipe do not fit each other.
    pub fn graph(&self) -> Result<Graph> {
        let front_end = self.card.recipe.front_end.build(())?;
        let unfit = |reason| Error::shape("model", "a model that fits itself", reason);
        self.card.check(front_end.shape()).map_err(unfit)?;
        let mut tensors = self.weights.clone();
        if let Normalisation::Standardise { mean, deviation } = &self.card.normalisation {
            tensors.extend(scaling(mean, deviation)?);
        }
        let params = Params::from_values(tensors, &Device::Cpu);
        let [channels, ..] = self.card.input;
        let cx = ModelContext {
            params: &params,
            in_channels: channels,
            classes: self.card.labels.len(),
        };
        let network = self.card.recipe.network(cx, DType::F32)?;
        let network = match self.card.normalisation {
            Normalisation::None => network,
            Normalisation::Standardise { .. } => {
                let spec = BatchNormSpec {
                    eps: 0.0,
                    ..BatchNormSpec::default()
                };
                let scaling = BatchNorm::new(&params.sub(SCALING), channels, spec)?;
                Box::new(Scaled { scaling, network })
            }
        };
        params.check_all_used()?;
        trace(&network, &[("input", &self.card.input)], &params)
    }

    /// What an ONNX file of this model says besides the network: the labels, and under
    /// `sarangi.recipe` the whole card as JSON, so that its features can be made again.
    ///
    /// # Errors
    /// [`Error::Config`] if the card cannot be written as JSON.
    pub fn onnx_options(&self) -> Result<OnnxOptions> {
        let card = serde_json::to_string(&self.card)
            .map_err(|e| Error::config("model", "card", e.to_string()))?;
        Ok(OnnxOptions {
            labels: self.card.labels.clone(),
            metadata: BTreeMap::from([(ENTRY.to_owned(), card)]),
        })
    }
}

/// `(x − mean) / deviation` as a norm: by a variance of 1, with the scale 1 / deviation.
fn scaling(mean: &[f32], deviation: &[f32]) -> Result<Vec<(String, Tensor)>> {
    let scale = deviation.iter().map(|deviation| 1.0 / deviation).collect();
    let tensors = [
        ("weight", scale),
        ("bias", vec![0.0; mean.len()]),
        ("running_mean", mean.to_vec()),
        ("running_var", vec![1.0; mean.len()]),
    ];
    let tensor = |(name, values): (&str, Vec<f32>)| {
        let tensor = Tensor::new(values, &Device::Cpu).during("model")?;
        Ok((format!("{SCALING}.{name}"), tensor))
    };
    tensors.into_iter().map(tensor).collect()
}

//! What a request may say besides its files.

use std::sync::Arc;

use crate::failure::Failure;
use crate::file_name;
use crate::models::{Loaded, Models};

/// Fields of a form or of the address; the form's count more.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) model: Arc<Loaded>,
    /// How many classes are ranked; all without.
    pub(crate) top_k: Option<usize>,
    /// Whether waveform and spectrogram are drawn.
    pub(crate) portrait: bool,
}

const KNOWN: &str = "file, model, top_k and portrait";

impl Settings {
    pub(crate) fn read<'a>(
        fields: impl IntoIterator<Item = &'a (String, String)>,
        models: &Models,
    ) -> Result<Self, Failure> {
        let (mut model, mut top_k, mut portrait) = (None, None, true);
        for (field, value) in fields {
            let value = value.trim();
            match field.as_str() {
                // As a form sends what was not filled in.
                "model" | "top_k" | "portrait" if value.is_empty() => {}
                "model" => model = Some(value),
                "top_k" => top_k = Some(count(value)?),
                "portrait" => portrait = truth(value)?,
                other => {
                    let other = file_name::shown(Some(other));
                    let reason = format!("there is no field `{other}`; there are {KNOWN}");
                    return Err(Failure::bad_request(reason));
                }
            }
        }
        Ok(Self {
            model: choose(models, model)?,
            top_k,
            portrait,
        })
    }
}

/// A model by its name, or the default one.
pub(crate) fn choose(models: &Models, name: Option<&str>) -> Result<Arc<Loaded>, Failure> {
    models.choose(name).ok_or_else(|| {
        let name = file_name::shown(name);
        let known = models.names().join(", ");
        Failure::bad_request(format!("there is no model `{name}`; there is: {known}"))
    })
}

fn count(value: &str) -> Result<usize, Failure> {
    match value.parse() {
        Ok(count) if count >= 1 => Ok(count),
        _ => Err(Failure::bad_request(
            "top_k: must be a whole number from 1 up",
        )),
    }
}

fn truth(value: &str) -> Result<bool, Failure> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Failure::bad_request("portrait: must be true or false")),
    }
}

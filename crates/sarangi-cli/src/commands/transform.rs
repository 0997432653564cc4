//! The transform that is asked for.

use std::path::Path;

use anyhow::Result;
use sarangi::augment::WaveformAugmentation;

use super::settings::settings;
use super::written_spec;
use crate::usage::Usage;

/// The transform of a name with its settings, or what a file holds.
pub(super) fn transform(name: &str, given: &[(String, String)]) -> Result<WaveformAugmentation> {
    let file = Path::new(name);
    if !written_spec::is_written(file) {
        // What most mean by noise.
        let name = if name == "noise" {
            "gaussian-noise"
        } else {
            name
        };
        let catalogue = WaveformAugmentation::catalogue();
        let settings = settings(&catalogue, name, given);
        return Ok(WaveformAugmentation::from_name(name, settings)?);
    }
    if let Some((key, _)) = given.first() {
        let reason = format!("--set: changes a transform that is named; write `{key}` into {name}");
        return Err(Usage(reason).into());
    }
    Ok(written_spec::read(file)?)
}

//! One file for each command.

mod augment;
mod compare;
mod describe;
mod embed;
mod evaluate;
mod export;
mod extract;
mod forward;
mod inputs;
mod inspect;
mod network;
mod predict;
mod prepare;
mod quarantine;
mod serve;
mod settings;
mod similar;
mod train;
mod transform;
mod written_spec;

pub(crate) use augment::augment;
pub(crate) use compare::compare;
pub(crate) use embed::embed;
pub(crate) use evaluate::evaluate;
pub(crate) use export::export;
pub(crate) use extract::extract;
pub(crate) use forward::forward;
pub(crate) use inspect::inspect;
pub(crate) use predict::predict;
pub(crate) use prepare::prepare;
pub(crate) use serve::serve;
pub(crate) use similar::similar;
pub(crate) use train::train;

use anyhow::{Context, Result};

use sarangi::core::Backend;

use crate::args::Common;
use crate::console::Console;

/// Says if the GPU that this build has support for does not answer, so that the CPU computes.
pub(crate) fn announce_device(common: &Common, console: &Console) -> Result<()> {
    if common.device == Backend::Auto
        && let (_, Some(notice)) = common.device.open()?
    {
        console.note(format_args!("note: {notice}"));
    }
    Ok(())
}

/// Sets the number of threads of everything that follows.
fn use_threads(common: &Common) -> Result<()> {
    let Some(threads) = common.threads else {
        return Ok(());
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads));
    pool.build_global().context("--threads")
}

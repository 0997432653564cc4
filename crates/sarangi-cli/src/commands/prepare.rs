//! `sarangi prepare`: one file for each of its commands.

mod augment;

use anyhow::Result;

use crate::args::{Common, PrepareArgs, PrepareCommand};
use crate::console::Console;

pub(crate) fn prepare(args: &PrepareArgs, common: &Common, console: &Console) -> Result<()> {
    super::use_threads(common)?;
    match &args.command {
        PrepareCommand::Augment(args) => augment::augment(args, common, console),
    }
}

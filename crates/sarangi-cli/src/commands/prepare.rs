//! `sarangi prepare`: one file for each of its commands.

mod augment;
mod check;
mod chunk;
mod clean;
mod convert;
mod kind;
mod names;
mod output_folder;
mod recordings;
mod selection;
mod split;
mod storing;
mod subsample;
mod table;

use anyhow::Result;

use crate::args::{Common, PrepareArgs, PrepareCommand};
use crate::console::Console;
use crate::ranks::Ranks;

pub(crate) fn prepare(
    args: &PrepareArgs,
    common: &Common,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    super::use_threads(common)?;
    match &args.command {
        PrepareCommand::Convert(args) => convert::convert(args, common, console, ranks),
        PrepareCommand::Check(args) => check::check(args, common, console),
        PrepareCommand::Clean(args) => clean::clean(args, console),
        PrepareCommand::Subsample(args) => subsample::subsample(args, console),
        PrepareCommand::Chunk(args) => chunk::chunk(args, common, console, ranks),
        PrepareCommand::Split(args) => split::split(args, console),
        PrepareCommand::Augment(args) => augment::augment(args, common, console, ranks),
    }
}

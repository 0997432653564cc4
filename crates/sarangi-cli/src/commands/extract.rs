//! `sarangi extract`.

mod extraction;
mod folder;
mod list;
mod pictures;

use std::path::Path;

use anyhow::Result;

use crate::args::{Common, ExtractArgs, Format};
use crate::console::Console;
use crate::ranks::Ranks;
use crate::usage::Usage;

use extraction::Extraction;

pub(crate) fn extract(
    args: &ExtractArgs,
    common: &Common,
    console: &Console,
    ranks: &Ranks,
) -> Result<()> {
    super::use_threads(common)?;
    let (Some(feature), Some(input), Some(output)) = (&args.feature, &args.input, &args.output)
    else {
        return list::list(args.rate, console);
    };
    let format = format_of(input, output, args.format)?;
    let extraction = Extraction::new(feature, args, common, format)?;
    if input.is_dir() {
        folder::extract(&extraction, input, output, console, ranks)
    } else {
        let written = extraction.run(input, output)?;
        console.answer(&written, &written)
    }
}

/// What is written: for one file the ending of OUT decides, for a folder `--format`.
fn format_of(input: &Path, output: &Path, asked: Option<Format>) -> Result<Format, Usage> {
    let ending = Format::by_ending(output);
    match (input.is_dir(), ending, asked) {
        (true, None, asked) => Ok(asked.unwrap_or(Format::Npy)),
        (true, Some(_), _) => Err(Usage(format!(
            "IN is a folder, so OUT must be the name of a folder, got `{}`; choose what the files \
             become by --format",
            output.display()
        ))),
        (false, None, _) => Err(Usage(format!(
            "OUT must end in .npy or .png, got `{}`",
            output.display()
        ))),
        (false, Some(ending), Some(asked)) if ending != asked => Err(Usage(format!(
            "OUT is `{}`, which is not the --format asked for; leave out --format",
            output.display()
        ))),
        (false, Some(ending), _) => Ok(ending),
    }
}

//! The `sarangi` program.

mod args;
mod commands;
mod console;
mod npy;
mod ranks;
mod usage;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::args::{Arguments, Command, Common};
use crate::console::Console;
use crate::ranks::Ranks;
use crate::usage::Usage;

/// Training makes and drops large buffers in every step; the system's allocator gives them back to
/// the kernel each time, which costs a quarter of the run in page faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Wrong usage ends here with exit code 2; asking for help or the version with 0.
    let Arguments {
        mut common,
        command,
    } = Arguments::parse();
    let console = Console::new(&common);
    // Who is to be silent is silent in its log too.
    let joined = Ranks::join(&command, &mut common, &console);
    let joined = joined.map_err(anyhow::Error::from);
    let ready = joined.and_then(|ranks| {
        console.start_logging()?;
        if command.runs_a_network() {
            commands::announce_device(&common, &console)?;
        }
        Ok(ranks)
    });
    let ranks = match ready {
        Ok(ranks) => ranks,
        Err(error) => {
            console.fail(&error);
            return ExitCode::FAILURE;
        }
    };
    match run(command, &common, &console, &ranks) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ranks.fail(&error, &console);
            match error.is::<Usage>() {
                true => ExitCode::from(2),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn run(command: Command, common: &Common, console: &Console, ranks: &Ranks) -> Result<()> {
    match command {
        Command::Extract(args) => commands::extract(&args, common, console, ranks),
        Command::Augment(args) => commands::augment(&args, common, console),
        Command::Prepare(args) => commands::prepare(&args, common, console, ranks),
        Command::Train(args) => commands::train(&args, common, console, ranks),
        Command::Evaluate(args) => commands::evaluate(&args, common, console),
        Command::Compare(args) => commands::compare(&args, common, console),
        Command::Predict(args) => commands::predict(&args, common, console),
        Command::Embed(args) => commands::embed(&args, common, console),
        Command::Similar(args) => commands::similar(&args, common, console),
        Command::Serve(args) => commands::serve(&args, common, console),
        Command::Forward(args) => commands::forward(&args, common, console),
        Command::Export(args) => commands::export(&args, common, console),
        Command::Inspect(args) => commands::inspect(&args, console),
    }
}

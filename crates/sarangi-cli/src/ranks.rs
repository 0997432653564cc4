//! The processes that `mpirun` has started beside this one.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sarangi::cluster::{Launch, join};
use sarangi::core::{Alone, Communicator, Error};

use crate::args::{Command, Common, PrepareCommand};
use crate::console::Console;

/// Whom the work is shared with.
pub(crate) struct Ranks(Arc<dyn Communicator>);

/// An error that all ranks meet is the first one's to tell; each other waits so long, and so much longer
/// for each rank before it.
const PATIENCE: Duration = Duration::from_millis(500);
const MORE: Duration = Duration::from_millis(100);
const MOST: u32 = 50;

impl Ranks {
    /// Joins the job that this process was started as a part of, if the command can be shared. All but
    /// the first rank then hold their tongue, and each takes its share of the cores.
    pub(crate) fn join(
        command: &Command,
        common: &mut Common,
        console: &Console,
    ) -> Result<Self, Error> {
        let launch = Launch::of_environment().filter(|_| !common.alone && is_shared(command));
        let Some(launch) = launch else {
            return Ok(Self::alone());
        };
        if launch.rank > 0 {
            console.hush();
        }
        let ranks = join()?;
        if common.threads.is_none() {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            let share = (cores / ranks.neighbours()).max(1);
            common.threads = Some(u16::try_from(share).unwrap_or(u16::MAX));
        }
        Ok(Self(ranks))
    }

    /// Nobody shares the work.
    pub(crate) fn alone() -> Self {
        Self(Arc::new(Alone))
    }

    pub(crate) fn all(&self) -> &Arc<dyn Communicator> {
        &self.0
    }

    pub(crate) fn is_first(&self) -> bool {
        self.0.is_first()
    }

    /// Says why the work ends, once, and ends it on all ranks. Returns if this is the only one.
    pub(crate) fn fail(&self, error: &anyhow::Error, console: &Console) {
        let (rank, size) = (self.0.rank(), self.0.size());
        if rank == 0 {
            console.fail(error);
        } else {
            thread::sleep(PATIENCE + MORE * u32::try_from(rank).unwrap_or(MOST).min(MOST));
            console.speak();
            console.error(format_args!("rank {rank} of {size}: {error:#}"));
        }
        if size > 1 {
            self.0.abort("it failed");
        }
    }
}

/// Whether ranks can share the work of a command.
fn is_shared(command: &Command) -> bool {
    match command {
        Command::Train(_) => true,
        Command::Extract(args) => args.input.as_ref().is_some_and(|input| input.is_dir()),
        Command::Prepare(args) => match &args.command {
            PrepareCommand::Convert(args) => args.input.is_dir(),
            PrepareCommand::Chunk(_) | PrepareCommand::Augment(_) => true,
            _ => false,
        },
        _ => false,
    }
}

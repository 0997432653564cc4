//! Whether a launcher has started this process as one of several.

use std::sync::Arc;

use sarangi_core::{Alone, Communicator, Result};

/// What a launcher such as `mpirun` says of the job that this process is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Which of the processes this one is, from 0.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
}

impl Launch {
    /// Looks into the environment: of Open MPI, of MPICH and Intel MPI, and of Slurm where it starts
    /// MPI programs itself. None if this process is alone.
    pub fn of_environment() -> Option<Self> {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name: &str| variable(name)?.trim().parse::<usize>().ok();
        // Slurm counts the tasks of a step of any program; those of MPI also have a rank from PMIx.
        let slurm = || {
            variable("PMIX_RANK")?;
            number("SLURM_STEP_NUM_TASKS")
        };
        let size = number("OMPI_COMM_WORLD_SIZE")
            .or_else(|| number("PMI_SIZE"))
            .or_else(slurm)?;
        let ranks = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"];
        let rank = ranks.into_iter().find_map(number).unwrap_or(0);
        (size > 1).then_some(Self { rank, size })
    }
}

/// The ranks that a launcher has started this process among; [`Alone`] if none has.
///
/// To be called once, before other threads are started, and held until the work is done.
///
/// # Errors
/// [`Error::Unsupported`](sarangi_core::Error::Unsupported) if there are several and this build has
/// no MPI: all of them would do the same work in each other's way.
pub fn join() -> Result<Arc<dyn Communicator>> {
    match Launch::of_environment() {
        None => Ok(Arc::new(Alone)),
        Some(launch) => among(launch),
    }
}

#[cfg(feature = "mpi")]
fn among(_: Launch) -> Result<Arc<dyn Communicator>> {
    Ok(Arc::new(crate::Mpi::start()?))
}

#[cfg(not(feature = "mpi"))]
fn among(launch: Launch) -> Result<Arc<dyn Communicator>> {
    Err(sarangi_core::Error::Unsupported {
        what: format!(
            "sharing work with the {} processes of an MPI job",
            launch.size
        ),
        feature: Some("mpi"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launchers_are_known_by_what_they_set() {
        let size = |set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name);
            let launch = Launch::of(|name| find(name).map(|(_, value)| (*value).to_owned()));
            launch.map(|launch| launch.size)
        };
        let ranks = [("PMI_SIZE", "4"), ("PMI_RANK", "3")];
        let find = |name: &str| ranks.iter().find(|(key, _)| *key == name);
        let launch = Launch::of(|name| find(name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(launch, Some(Launch { rank: 3, size: 4 }));
        assert_eq!(size(&[("OMPI_COMM_WORLD_SIZE", "4")]), Some(4));
        assert_eq!(size(&[("PMI_SIZE", "2")]), Some(2));
        assert_eq!(
            size(&[("PMIX_RANK", "0"), ("SLURM_STEP_NUM_TASKS", "8")]),
            Some(8)
        );
        // A batch script of Slurm's, one process, and nonsense.
        assert_eq!(size(&[("SLURM_STEP_NUM_TASKS", "8")]), None);
        assert_eq!(size(&[("OMPI_COMM_WORLD_SIZE", "1")]), None);
        assert_eq!(size(&[("PMI_SIZE", "many")]), None);
        assert_eq!(size(&[]), None);
    }
}

//! Ranks that are processes, over MPI.

mod talk;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sarangi_core::{Communicator, Error, PendingSum, Result};

use talk::{Job, talk};

/// One of the processes that `mpirun` or its like has started.
///
/// A thread of its own makes all calls of MPI, one after the other, so that sums travel while the others
/// compute; MPI is asked for no more than `MPI_THREAD_FUNNELED`.
#[derive(Debug)]
pub struct Mpi {
    place: Place,
    sender: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    /// The ranks' GPUs, once there is something to sum between them.
    #[cfg(feature = "nccl")]
    gpus: std::sync::Mutex<Option<crate::nccl::Nccl>>,
}

/// Which process this is.
#[derive(Clone, Copy, Debug)]
struct Place {
    rank: usize,
    size: usize,
    neighbours: usize,
    /// Its number among the ranks on its machine.
    local: usize,
}

/// What the thread that talks looks at between two looks at its request.
#[derive(Debug, Default)]
struct Shared {
    /// How many wait for a result and do nothing else.
    waiting: AtomicUsize,
    abort: AtomicBool,
}

/// How long a job that is to end may take to do so.
const END: Duration = Duration::from_secs(10);

impl Mpi {
    /// Joins the job. To be called once in the life of a process; dropping it leaves the job, and waits
    /// for all others to do so.
    ///
    /// # Errors
    /// [`Error::Cluster`] if MPI was started already or cannot be used from a thread.
    pub fn start() -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (sender, jobs) = channel();
        let (placed, place) = channel();
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("mpi".into())
            .spawn(move || talk(&jobs, &placed, &of_thread))
            .map_err(|e| Error::cluster(0, format!("cannot start the thread for MPI: {e}")))?;
        let failed = || Error::cluster(0, "MPI ended as it was started");
        Ok(Self {
            place: place.recv().map_err(|_| failed())??,
            sender: Some(sender),
            thread: Some(thread),
            shared,
            #[cfg(feature = "nccl")]
            gpus: std::sync::Mutex::new(None),
        })
    }

    fn gone(rank: usize) -> Error {
        Error::cluster(rank, "its connection to the others has ended")
    }

    fn send(&self, job: Job) -> Result<()> {
        let sent = self.sender.as_ref().map(|sender| sender.send(job));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(Self::gone(self.place.rank)),
        }
    }

    /// Has a job done and waits for it.
    fn have<T>(&self, job: impl FnOnce(Sender<T>) -> Job) -> Result<T> {
        let (done, result) = channel();
        self.send(job(done))?;
        receive(&result, &self.shared, self.place.rank)
    }
}

fn receive<T>(result: &Receiver<T>, shared: &Shared, rank: usize) -> Result<T> {
    shared.waiting.fetch_add(1, Ordering::Relaxed);
    let received = result.recv();
    shared.waiting.fetch_sub(1, Ordering::Relaxed);
    received.map_err(|_| Mpi::gone(rank))
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.place.rank
    }

    fn size(&self) -> usize {
        self.place.size
    }

    fn neighbours(&self) -> usize {
        self.place.neighbours
    }

    fn local_rank(&self) -> usize {
        self.place.local
    }

    #[cfg(feature = "nccl")]
    fn begin_tensor_sum(
        &self,
        tensors: &[candle_core::Tensor],
    ) -> Result<Option<sarangi_core::PendingTensors>> {
        use crate::nccl::{Nccl, gpu_of};
        let Some(device) = gpu_of(tensors) else {
            return Ok(None);
        };
        let mut gpus = self
            .gpus
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let gpus = match gpus.take().filter(|gpus| gpus.is_of(&device)) {
            Some(open) => gpus.insert(open),
            None => gpus.insert(Nccl::over(self, &device)?),
        };
        gpus.begin(tensors, self.place.rank).map(Some)
    }

    fn begin_sum(&self, values: Vec<f32>) -> Result<PendingSum> {
        let (done, result) = channel();
        self.send(Job::Sum(values, done))?;
        let (shared, rank) = (Arc::clone(&self.shared), self.place.rank);
        Ok(PendingSum::new(move || receive(&result, &shared, rank)))
    }

    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        let sum = self.have(|done| Job::Sum(values.to_vec(), done))?;
        values.copy_from_slice(&sum);
        Ok(())
    }

    fn all_reduce_sum_f64(&self, values: &mut [f64]) -> Result<()> {
        let sum = self.have(|done| Job::WideSum(values.to_vec(), done))?;
        values.copy_from_slice(&sum);
        Ok(())
    }

    fn broadcast(&self, bytes: Vec<u8>, root: usize) -> Result<Vec<u8>> {
        if root >= self.place.size {
            return Err(Error::cluster(root, "there is no such rank"));
        }
        self.have(|done| Job::Broadcast(bytes, root, done))
    }

    fn barrier(&self) -> Result<()> {
        self.have(Job::Barrier)
    }

    fn abort(&self, _: &str) {
        self.shared.abort.store(true, Ordering::Relaxed);
        // It may be waiting for something to do; if it has ended there is nobody to tell.
        let _ = self.send(Job::Wake);
        thread::sleep(END);
        std::process::exit(1);
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        if thread::panicking() {
            // The others wait for what will not come.
            self.abort("it panicked");
        }
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told to whoever waited for it.
            let _ = thread.join();
        }
    }
}

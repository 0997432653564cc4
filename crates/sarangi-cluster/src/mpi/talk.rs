//! The thread that calls MPI.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use mpi::collective::SystemOperation;
use mpi::datatype::Equivalence;
use mpi::request::{Request, Scope, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator as _, CommunicatorCollectives as _, Root as _};
use mpi::{Rank, Threading};
use sarangi_core::{Error, Result};

use super::{Place, Shared};

/// A collective call, and to whom its result goes.
pub(super) enum Job {
    Sum(Vec<f32>, Sender<Vec<f32>>),
    WideSum(Vec<f64>, Sender<Vec<f64>>),
    Broadcast(Vec<u8>, usize, Sender<Vec<u8>>),
    Barrier(Sender<()>),
    /// Look whether the job is to end.
    Wake,
}

/// Values of a sum that is worth waiting for the others before it begins: MPI's fastest sums keep a core
/// busy until the last rank is there.
const LARGE: usize = 1 << 14;

/// Bytes that travel at once: MPI counts in 32 bits.
const MOST_BYTES: usize = 1 << 30;

/// How long to look for the end of a request without pause, where somebody waits for it.
const KEEN: Duration = Duration::from_micros(500);

/// The pause otherwise.
const PAUSE: Duration = Duration::from_micros(50);

/// Joins the job, tells its place in it, and does what it is asked until nobody can ask any more.
pub(super) fn talk(jobs: &Receiver<Job>, placed: &Sender<Result<Place>>, shared: &Shared) {
    let Some((universe, level)) = mpi::initialize_with_threading(Threading::Funneled) else {
        let reason = "MPI has been started in this process already";
        let _ = placed.send(Err(Error::cluster(0, reason)));
        return;
    };
    let world = universe.world();
    let talker = Talker { world, shared };
    let place = match level {
        Threading::Single => Err(Error::cluster(
            talker.world.rank() as usize,
            "this MPI allows no threads beside it (MPI_THREAD_FUNNELED is needed)",
        )),
        _ => Ok(talker.place()),
    };
    if placed.send(place).is_err() {
        return;
    }
    // Whoever asked may not wait for the result any more.
    for job in jobs {
        talker.look_for_the_end();
        match job {
            Job::Sum(values, done) => {
                let _ = done.send(talker.sum(&values));
            }
            Job::WideSum(values, done) => {
                let _ = done.send(talker.sum(&values));
            }
            Job::Broadcast(bytes, root, done) => {
                let _ = done.send(talker.broadcast(bytes, root));
            }
            Job::Barrier(done) => {
                talker.barrier();
                let _ = done.send(());
            }
            Job::Wake => {}
        }
    }
}

struct Talker<'a> {
    world: SimpleCommunicator,
    shared: &'a Shared,
}

impl Talker<'_> {
    fn place(&self) -> Place {
        // Ranks on one machine that may use the same cores share them; a launcher may have given each
        // its own.
        let machine = self.world.split_shared(self.world.rank());
        let mut hasher = DefaultHasher::new();
        cores().hash(&mut hasher);
        let own = hasher.finish();
        let mut all = vec![0u64; machine.size() as usize];
        machine.all_gather_into(&own, &mut all[..]);
        Place {
            rank: self.world.rank() as usize,
            size: self.world.size() as usize,
            local: machine.rank() as usize,
            neighbours: all.into_iter().filter(|cores| *cores == own).count(),
        }
    }

    fn sum<T: Equivalence + Copy + Default>(&self, values: &[T]) -> Vec<T> {
        let mut sum = vec![T::default(); values.len()];
        let operation = SystemOperation::sum();
        if values.len() >= LARGE {
            self.barrier();
            self.world.all_reduce_into(values, &mut sum[..], operation);
        } else {
            scope(|scope| {
                let world = &self.world;
                let all = &mut sum[..];
                self.end(world.immediate_all_reduce_into(scope, values, all, operation));
            });
        }
        sum
    }

    fn broadcast(&self, mut bytes: Vec<u8>, root: usize) -> Vec<u8> {
        let root = self.world.process_at_rank(root as Rank);
        let mut length = bytes.len() as u64;
        scope(|scope| self.end(root.immediate_broadcast_into(scope, &mut length)));
        bytes.resize(length as usize, 0);
        for part in bytes.chunks_mut(MOST_BYTES) {
            scope(|scope| self.end(root.immediate_broadcast_into(scope, part)));
        }
        bytes
    }

    fn barrier(&self) {
        self.end(self.world.immediate_barrier());
    }

    /// Waits for a request without taking the core from those who compute.
    fn end<'a, D: ?Sized, S: Scope<'a>>(&self, mut request: Request<'a, D, S>) {
        let begun = Instant::now();
        loop {
            request = match request.test() {
                Ok(_) => return,
                Err(request) => request,
            };
            self.look_for_the_end();
            let waits = self.shared.waiting.load(Ordering::Relaxed) > 0;
            match waits && begun.elapsed() < KEEN {
                true => thread::yield_now(),
                false => thread::sleep(PAUSE),
            }
        }
    }

    fn look_for_the_end(&self) {
        if self.shared.abort.load(Ordering::Relaxed) {
            self.world.abort(1);
        }
    }
}

/// The cores that this process may use, as Linux names them.
fn cores() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find(|line| line.starts_with("Cpus_allowed_list"));
    line.map(str::to_owned)
}

//! Ranks that are threads of one process.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use sarangi_core::{Communicator, Error, PendingSum, Result};

/// One of several ranks that are threads: for tests, and for programs that have no MPI.
///
/// Sums are taken in the order of the ranks, so that they have the same bits in each run.
#[derive(Debug)]
pub struct Threads {
    rank: usize,
    /// How many collective calls this rank has made.
    calls: Mutex<u64>,
    group: Arc<Group>,
}

/// What the ranks have in common.
#[derive(Debug)]
struct Group {
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The collective calls that are not over, by their number.
    calls: BTreeMap<u64, Call>,
    /// The first rank that could not go on, and why.
    failed: Option<(usize, String)>,
}

/// A collective call.
#[derive(Debug)]
struct Call {
    given: Vec<Option<Payload>>,
    result: Option<Arc<Payload>>,
    /// How many ranks have not taken the result yet.
    waiting: usize,
}

#[derive(Clone, Debug)]
enum Payload {
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// From the root alone.
    Bytes(Option<Vec<u8>>),
}

impl Threads {
    /// Runs `work` on so many threads, each a rank, and gives what they come to in the order of the
    /// ranks.
    ///
    /// # Errors
    /// That of the first rank that failed: the others are told as they wait for it. A rank that
    /// panics fails the job too, and the panic goes on from here.
    pub fn run<T: Send>(
        size: usize,
        work: impl Fn(Arc<dyn Communicator>) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let group = Arc::new(Group {
            size: size.max(1),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let outcomes: Vec<_> = thread::scope(|scope| {
            let ranks = (0..group.size).map(|rank| {
                let (group, work) = (Arc::clone(&group), &work);
                scope.spawn(move || {
                    let guard = Guard { rank, group };
                    let outcome = work(Arc::new(Self {
                        rank,
                        calls: Mutex::new(0),
                        group: Arc::clone(&guard.group),
                    }));
                    if let Err(error) = &outcome {
                        guard.group.fail(rank, &error.to_string());
                    }
                    outcome
                })
            });
            let ranks: Vec<_> = ranks.collect();
            ranks.into_iter().map(|rank| rank.join()).collect()
        });
        let failed = group.lock().failed.take();
        let mut results = Vec::with_capacity(group.size);
        let mut errors = BTreeMap::new();
        for (rank, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(Ok(result)) => results.push(result),
                Ok(Err(error)) => {
                    errors.insert(rank, error);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // What the others say is only that this one failed.
        let first = failed.and_then(|(rank, _)| errors.remove(&rank));
        match first.or_else(|| errors.into_values().next()) {
            Some(error) => Err(error),
            None => Ok(results),
        }
    }

    /// Gives this rank's part to its next collective call.
    fn give(&self, payload: Payload) -> u64 {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls += 1;
            *calls
        };
        let mut state = self.group.lock();
        let size = self.group.size;
        let call = state.calls.entry(number).or_insert_with(|| Call {
            given: vec![None; size],
            result: None,
            waiting: size,
        });
        call.given[self.rank] = Some(payload);
        if call.given.iter().all(Option::is_some) {
            match together(std::mem::take(&mut call.given)) {
                Some(result) => call.result = Some(Arc::new(result)),
                None => {
                    let reason = "the ranks do not make the same collective calls";
                    state.failed.get_or_insert((self.rank, reason.to_owned()));
                }
            }
            self.group.changed.notify_all();
        }
        number
    }

    fn call(&self, payload: Payload) -> Result<Arc<Payload>> {
        let number = self.give(payload);
        self.group.take(number)
    }
}

/// What all ranks gave as one, if it fits together.
fn together(given: Vec<Option<Payload>>) -> Option<Payload> {
    let mut given = given.into_iter().flatten();
    let mut sum = given.next()?;
    for more in given {
        match (&mut sum, more) {
            (Payload::F32(sum), Payload::F32(more)) if sum.len() == more.len() => {
                sum.iter_mut().zip(more).for_each(|(a, b)| *a += b);
            }
            (Payload::F64(sum), Payload::F64(more)) if sum.len() == more.len() => {
                sum.iter_mut().zip(more).for_each(|(a, b)| *a += b);
            }
            (Payload::Bytes(own), Payload::Bytes(more)) => {
                if own.is_some() && more.is_some() {
                    return None;
                }
                *own = own.take().or(more);
            }
            _ => return None,
        }
    }
    Some(sum)
}

impl Group {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, rank: usize, reason: &str) {
        self.lock().failed.get_or_insert((rank, reason.to_owned()));
        self.changed.notify_all();
    }

    /// Waits for the result of a call.
    fn take(&self, number: u64) -> Result<Arc<Payload>> {
        let mut state = self.lock();
        loop {
            if let Some(call) = state.calls.get_mut(&number)
                && let Some(result) = call.result.clone()
            {
                call.waiting -= 1;
                if call.waiting == 0 {
                    state.calls.remove(&number);
                }
                return Ok(result);
            }
            if let Some((rank, reason)) = &state.failed {
                return Err(Error::cluster(*rank, reason.as_str()));
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells the others if a rank ends in a panic.
struct Guard {
    rank: usize,
    group: Arc<Group>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if thread::panicking() {
            self.group.fail(self.rank, "it panicked");
        }
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.group.size
    }

    fn neighbours(&self) -> usize {
        self.group.size
    }

    fn begin_sum(&self, values: Vec<f32>) -> Result<PendingSum> {
        let number = self.give(Payload::F32(values));
        let group = Arc::clone(&self.group);
        Ok(PendingSum::new(move || match &*group.take(number)? {
            Payload::F32(sum) => Ok(sum.clone()),
            _ => Ok(Vec::new()),
        }))
    }

    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()> {
        if let Payload::F32(sum) = &*self.call(Payload::F32(values.to_vec()))? {
            values.copy_from_slice(sum);
        }
        Ok(())
    }

    fn all_reduce_sum_f64(&self, values: &mut [f64]) -> Result<()> {
        if let Payload::F64(sum) = &*self.call(Payload::F64(values.to_vec()))? {
            values.copy_from_slice(sum);
        }
        Ok(())
    }

    fn broadcast(&self, bytes: Vec<u8>, root: usize) -> Result<Vec<u8>> {
        let given = (root == self.rank).then_some(bytes);
        match &*self.call(Payload::Bytes(given))? {
            Payload::Bytes(Some(bytes)) => Ok(bytes.clone()),
            _ => Err(Error::cluster(root, "there is no such rank")),
        }
    }

    fn barrier(&self) -> Result<()> {
        self.call(Payload::Bytes(None)).map(|_| ())
    }

    fn abort(&self, reason: &str) {
        self.group.fail(self.rank, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_broadcasts_and_gathers_reach_every_rank() {
        for size in [1, 2, 4] {
            let all = Threads::run(size, |ranks| {
                let mine = ranks.rank() as f32;
                let pending = ranks.begin_sum(vec![mine, 1.0])?;
                let mut wide = [2.0f64 * f64::from(mine)];
                ranks.all_reduce_sum_f64(&mut wide)?;
                let mut narrow = [mine];
                ranks.all_reduce_sum(&mut narrow)?;
                ranks.barrier()?;
                let last = ranks.broadcast(vec![ranks.rank() as u8], size - 1)?;
                let gathered = ranks.gather(vec![ranks.rank() as u8; ranks.rank()])?;
                Ok((pending.wait()?, wide, narrow, last, gathered))
            })
            .unwrap();
            let sum: f32 = (0..size).map(|rank| rank as f32).sum();
            for (pending, wide, narrow, last, gathered) in all {
                assert_eq!(pending, [sum, size as f32]);
                assert_eq!((wide, narrow), ([2.0 * f64::from(sum)], [sum]));
                assert_eq!(last, [size as u8 - 1]);
                let expected: Vec<Vec<u8>> = (0..size).map(|r| vec![r as u8; r]).collect();
                assert_eq!(gathered, expected);
            }
        }
    }

    #[test]
    fn who_fails_ends_the_job_and_is_named() {
        let error = Threads::run(3, |ranks| {
            if ranks.rank() == 1 {
                return Err(Error::data("music", "is gone"));
            }
            ranks.barrier()
        });
        assert_eq!(error.unwrap_err().to_string(), "music: is gone");
        let others = Mutex::new(Vec::new());
        let error = Threads::run(3, |ranks| {
            if ranks.rank() == 1 {
                ranks.abort("no more");
            }
            let outcome = ranks.barrier();
            if let Err(error) = &outcome {
                others.lock().unwrap().push(error.to_string());
            }
            outcome
        });
        assert_eq!(error.unwrap_err().to_string(), "rank 1: no more");
        assert!(
            others
                .lock()
                .unwrap()
                .iter()
                .all(|error| error == "rank 1: no more")
        );
    }

    #[test]
    fn calls_that_differ_are_an_error_and_no_wrong_sum() {
        let error = Threads::run(2, |ranks| {
            let mut values = vec![0.0; 1 + ranks.rank()];
            ranks.all_reduce_sum(&mut values)
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("same collective calls"), "{error}");
    }

    #[test]
    #[should_panic(expected = "rank 0 falls")]
    fn a_panic_goes_on() {
        let _ = Threads::run(2, |ranks| {
            assert!(ranks.rank() != 0, "rank 0 falls");
            ranks.barrier()
        });
    }
}

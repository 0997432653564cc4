//! How the ranks of one job talk to each other.

use std::fmt;

use crate::{Error, Result, Shard};

/// The ranks that work on one thing together, each with data of its own: processes on one machine or
/// several, or threads.
///
/// Every call but [`abort`](Self::abort) is *collective*: all ranks make the same calls in the same
/// order, with values of the same length, or the job stands still. Each rank is to call from one
/// thread, and not from within a thread pool that it shares with others. Sums have the same bits on
/// all ranks.
///
/// [`Alone`] is the one rank of a job that is not shared. `sarangi-cluster` has the others.
pub trait Communicator: fmt::Debug + Send + Sync {
    /// Which rank this is, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Begins to sum over all ranks; the work at hand goes on until somebody asks for the result.
    ///
    /// # Errors
    /// [`Error::Cluster`] if a rank has ended.
    fn begin_sum(&self, values: Vec<f32>) -> Result<PendingSum>;

    /// Replaces each value by its sum over all ranks.
    ///
    /// # Errors
    /// As [`begin_sum`](Self::begin_sum).
    fn all_reduce_sum(&self, values: &mut [f32]) -> Result<()>;

    /// Replaces each value by its sum over all ranks.
    ///
    /// # Errors
    /// As [`begin_sum`](Self::begin_sum).
    fn all_reduce_sum_f64(&self, values: &mut [f64]) -> Result<()>;

    /// Begins to sum tensors over all ranks, in place, where they lie: from GPU to GPU. None if these
    /// ranks cannot; then nothing was begun.
    ///
    /// The tensors are contiguous, of f32, and on one device; nobody else may have a use for what was
    /// in them.
    ///
    /// # Errors
    /// As [`begin_sum`](Self::begin_sum).
    #[cfg(feature = "candle")]
    fn begin_tensor_sum(&self, tensors: &[candle_core::Tensor]) -> Result<Option<PendingTensors>> {
        let _ = tensors;
        Ok(None)
    }

    /// What rank `root` gives; what the others give is of no account.
    ///
    /// # Errors
    /// As [`begin_sum`](Self::begin_sum).
    fn broadcast(&self, bytes: Vec<u8>, root: usize) -> Result<Vec<u8>>;

    /// Waits until every rank is here.
    ///
    /// # Errors
    /// As [`begin_sum`](Self::begin_sum).
    fn barrier(&self) -> Result<()>;

    /// Ends the job on all ranks, since this one cannot go on. May not return.
    fn abort(&self, reason: &str);

    /// How many ranks compute on the cores that this one computes on, itself included: what it may use
    /// is its share of them.
    fn neighbours(&self) -> usize {
        1
    }

    /// This rank's number among those on its machine, from 0: which of the machine's GPUs is its.
    fn local_rank(&self) -> usize {
        self.rank()
    }

    /// Whether this is the rank that writes files and speaks to people.
    fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// This rank's part of work that all share.
    fn shard(&self) -> Shard {
        Shard::new(self.rank(), self.size())
    }

    /// What each rank gives, in the order of the ranks, on all of them.
    ///
    /// # Errors
    /// As [`begin_sum`](Self::begin_sum).
    fn gather(&self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        (0..self.size())
            .map(|root| {
                let own = if root == self.rank() {
                    bytes.clone()
                } else {
                    Vec::new()
                };
                self.broadcast(own, root)
            })
            .collect()
    }
}

/// A sum over all ranks that is on its way.
pub struct PendingSum(Box<dyn FnOnce() -> Result<Vec<f32>> + Send>);

impl PendingSum {
    /// A sum for which `wait` waits.
    pub fn new(wait: impl FnOnce() -> Result<Vec<f32>> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Error::Cluster`] if a rank has ended.
    pub fn wait(self) -> Result<Vec<f32>> {
        (self.0)()
    }
}

impl fmt::Debug for PendingSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingSum")
    }
}

/// Sums of tensors over all ranks that are on their way.
#[cfg(feature = "candle")]
pub struct PendingTensors(Box<dyn FnOnce() -> Result<()> + Send>);

#[cfg(feature = "candle")]
impl PendingTensors {
    /// Sums for which `wait` waits.
    pub fn new(wait: impl FnOnce() -> Result<()> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// Returns when whatever is done with the tensors from now on is done with the sums.
    ///
    /// # Errors
    /// [`Error::Cluster`] if a rank has ended, [`Error::Backend`] if the device fails.
    pub fn wait(self) -> Result<()> {
        (self.0)()
    }
}

#[cfg(feature = "candle")]
impl fmt::Debug for PendingTensors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingTensors")
    }
}

/// The only rank of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone;

impl Communicator for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn begin_sum(&self, values: Vec<f32>) -> Result<PendingSum> {
        Ok(PendingSum::new(|| Ok(values)))
    }

    fn all_reduce_sum(&self, _: &mut [f32]) -> Result<()> {
        Ok(())
    }

    fn all_reduce_sum_f64(&self, _: &mut [f64]) -> Result<()> {
        Ok(())
    }

    fn broadcast(&self, bytes: Vec<u8>, root: usize) -> Result<Vec<u8>> {
        match root {
            0 => Ok(bytes),
            _ => Err(Error::cluster(
                root,
                "there is no such rank, this one is alone",
            )),
        }
    }

    fn barrier(&self) -> Result<()> {
        Ok(())
    }

    fn abort(&self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rank_keeps_what_it_has() {
        let mut values = [1.0, 2.0];
        Alone.all_reduce_sum(&mut values).unwrap();
        assert_eq!(values, [1.0, 2.0]);
        assert_eq!(Alone.begin_sum(vec![3.0]).unwrap().wait().unwrap(), [3.0]);
        assert_eq!(Alone.gather(vec![7]).unwrap(), [[7]]);
        assert!(Alone.is_first() && Alone.shard() == Shard::WHOLE);
        assert!(Alone.broadcast(Vec::new(), 1).is_err());
    }
}

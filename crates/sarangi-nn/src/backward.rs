//! The way back: from a loss to the gradients of the parameters.
//!
//! Each operation on a tracked value leaves a [`Node`] that knows how to turn the gradient of its
//! result into those of its inputs and parameters. Nodes are numbered as they are made, so that
//! going through them from the highest number down meets every node after all that read it.

mod gradient;
mod gradients;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, hash_map};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Tensor, TensorId};
use sarangi_core::{Error, Result};

use crate::cpu::buffer::Buffer;
use crate::exchange::Outbox;
pub(crate) use gradient::{Gradient, Plain};
pub use gradients::Gradients;

type Back = Box<dyn FnOnce(Gradient, &mut Flow) -> Result<()> + Send>;

/// The way back from one result.
pub(crate) struct Node {
    number: u64,
    back: Mutex<Way>,
}

enum Way {
    /// Here it begins: the gradient itself is wanted.
    Leaf,
    Back(Back),
    UsedUp,
}

impl Node {
    pub(crate) fn new(
        back: impl FnOnce(Gradient, &mut Flow) -> Result<()> + Send + 'static,
    ) -> Arc<Self> {
        Self::with(Way::Back(Box::new(back)))
    }

    pub(crate) fn leaf() -> Arc<Self> {
        Self::with(Way::Leaf)
    }

    fn with(way: Way) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            back: Mutex::new(way),
        })
    }

    fn take(&self) -> Way {
        let mut way = self.back.lock().unwrap_or_else(PoisonError::into_inner);
        match *way {
            Way::Leaf => Way::Leaf,
            _ => std::mem::replace(&mut way, Way::UsedUp),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.number)
    }
}

/// Gradients on their way.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pending: BTreeMap<u64, (Arc<Node>, Gradient)>,
    /// Looked up, never gone through: their order is of no account.
    parameters: HashMap<TensorId, Buffer>,
    leaves: BTreeMap<u64, Gradient>,
    /// Whoever sends complete gradients to other ranks.
    outbox: Option<Box<Outbox>>,
}

impl Flow {
    /// Sends a gradient to where a value came from; what comes from several readers adds up.
    pub(crate) fn give(&mut self, to: &Arc<Node>, gradient: Gradient) {
        match self.pending.entry(to.number) {
            Entry::Vacant(place) => {
                place.insert((Arc::clone(to), gradient));
            }
            Entry::Occupied(mut place) => place.get_mut().1.add(gradient),
        }
    }

    /// Hands over the gradient of a parameter, if it is one: values in torch's order.
    pub(crate) fn parameter(&mut self, parameter: &Tensor, gradient: Buffer) {
        if !parameter.is_variable() {
            return;
        }
        match self.parameters.entry(parameter.id()) {
            hash_map::Entry::Vacant(place) => {
                place.insert(gradient);
            }
            hash_map::Entry::Occupied(mut place) => {
                let sum = place.get_mut();
                sum.iter_mut().zip(&*gradient).for_each(|(a, b)| *a += b);
            }
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.given(parameter.id(), &mut self.parameters);
        }
    }

    /// Runs until every gradient has arrived.
    fn run(mut self) -> Result<Self> {
        while let Some((number, (node, gradient))) = self.pending.pop_last() {
            match node.take() {
                Way::Back(back) => back(gradient, &mut self)?,
                Way::Leaf => {
                    let of = gradient.of();
                    let settled = Gradient::shared(of, gradient.into_stored());
                    self.leaves.insert(number, settled);
                }
                Way::UsedUp => {
                    let reason = "the way back was gone already; run the network again";
                    return Err(Error::data("backward", reason));
                }
            }
        }
        Ok(self)
    }
}

//! What every engine's way back has in common.
//!
//! Each operation on a tracked value leaves a [`Node`] that knows how to turn the gradient of its
//! result into those of its inputs and parameters. Nodes are numbered as they are made, so that
//! going through them from the highest number down meets every node after all that read it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, hash_map};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Tensor, TensorId};
use sarangi_core::{Communicator, Error, Result};

use crate::exchange::Outbox;

/// What an engine's gradients are, and how they add up.
pub(crate) trait Engine: 'static {
    /// The gradient of a value on its way.
    type Gradient: Clone + fmt::Debug + Send;
    /// The gradient of a parameter, in torch's order.
    type Values: fmt::Debug + Send;

    /// Adds another gradient of the same value.
    fn add(sum: &mut Self::Gradient, other: Self::Gradient) -> Result<()>;

    /// A gradient that is kept.
    fn settled(gradient: Self::Gradient) -> Self::Gradient;

    /// Adds another gradient of the same parameter.
    fn add_values(sum: &mut Self::Values, other: Self::Values) -> Result<()>;

    /// Gradients of parameters on their way to other ranks and back.
    type Parcel: fmt::Debug + Send;

    /// How many numbers a parameter's gradient has.
    fn count(values: &Self::Values) -> usize;

    /// Begins to sum gradients over all ranks.
    fn send(
        gradients: Vec<(TensorId, Self::Values)>,
        ranks: &dyn Communicator,
    ) -> Result<Self::Parcel>;

    /// Waits for the sums.
    fn receive(parcel: Self::Parcel) -> Result<Vec<(TensorId, Self::Values)>>;
}

/// The gradients of parameters. They are looked up, never gone through: their order is of no account.
pub(crate) type Parameters<E> = HashMap<TensorId, <E as Engine>::Values>;

type Back<E> = Box<dyn FnOnce(<E as Engine>::Gradient, &mut Flow<E>) -> Result<()> + Send>;

/// The way back from one result.
pub(crate) struct Node<E: Engine> {
    number: u64,
    back: Mutex<Way<E>>,
}

enum Way<E: Engine> {
    /// Here it begins: the gradient itself is wanted.
    Leaf,
    Back(Back<E>),
    UsedUp,
}

impl<E: Engine> Node<E> {
    pub(crate) fn new(
        back: impl FnOnce(E::Gradient, &mut Flow<E>) -> Result<()> + Send + 'static,
    ) -> Arc<Self> {
        Self::with(Way::Back(Box::new(back)))
    }

    pub(crate) fn leaf() -> Arc<Self> {
        Self::with(Way::Leaf)
    }

    fn with(way: Way<E>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Arc::new(Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            back: Mutex::new(way),
        })
    }

    fn take(&self) -> Way<E> {
        let mut way = self.back.lock().unwrap_or_else(PoisonError::into_inner);
        match *way {
            Way::Leaf => Way::Leaf,
            _ => std::mem::replace(&mut way, Way::UsedUp),
        }
    }
}

impl<E: Engine> fmt::Debug for Node<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.number)
    }
}

/// Gradients on their way.
pub(crate) struct Flow<E: Engine> {
    pending: BTreeMap<u64, (Arc<Node<E>>, E::Gradient)>,
    parameters: Parameters<E>,
    leaves: BTreeMap<u64, E::Gradient>,
    /// Whoever sends complete gradients to other ranks.
    outbox: Option<Outbox<E>>,
    /// What went wrong in a sum.
    failed: Option<Error>,
}

impl<E: Engine> fmt::Debug for Flow<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("pending", &self.pending)
            .field("parameters", &self.parameters)
            .field("leaves", &self.leaves)
            .finish()
    }
}

impl<E: Engine> Flow<E> {
    /// Goes back from a result with the gradient of it, until every gradient has arrived.
    pub(crate) fn from(node: &Arc<Node<E>>, gradient: E::Gradient) -> Result<Self> {
        let mut flow = Self::empty();
        flow.give(node, gradient);
        flow.run()
    }

    /// As [`from`](Self::from), complete gradients of parameters taken away by `outbox`, which comes
    /// back.
    pub(crate) fn sent(
        node: &Arc<Node<E>>,
        gradient: E::Gradient,
        outbox: Outbox<E>,
    ) -> Result<(Self, Outbox<E>)> {
        let mut flow = Self {
            outbox: Some(outbox),
            ..Self::empty()
        };
        flow.give(node, gradient);
        let mut flow = flow.run()?;
        let lost = || Error::data("backward", "lost what it was to send");
        let outbox = flow.outbox.take().ok_or_else(lost)?;
        Ok((flow, outbox))
    }

    fn empty() -> Self {
        Self {
            pending: BTreeMap::new(),
            parameters: HashMap::new(),
            leaves: BTreeMap::new(),
            outbox: None,
            failed: None,
        }
    }

    /// Sends a gradient to where a value came from; what comes from several readers adds up.
    pub(crate) fn give(&mut self, to: &Arc<Node<E>>, gradient: E::Gradient) {
        match self.pending.entry(to.number) {
            Entry::Vacant(place) => {
                place.insert((Arc::clone(to), gradient));
            }
            Entry::Occupied(mut place) => {
                let outcome = E::add(&mut place.get_mut().1, gradient);
                self.note(outcome);
            }
        }
    }

    /// The way back ends with the first fault.
    fn note(&mut self, outcome: Result<()>) {
        if let (None, Err(error)) = (&self.failed, outcome) {
            self.failed = Some(error);
        }
    }

    /// Hands over the gradient of a parameter, if it is one: values in torch's order.
    pub(crate) fn parameter(&mut self, parameter: &Tensor, gradient: E::Values) {
        if !parameter.is_variable() {
            return;
        }
        match self.parameters.entry(parameter.id()) {
            hash_map::Entry::Vacant(place) => {
                place.insert(gradient);
            }
            hash_map::Entry::Occupied(mut place) => {
                let outcome = E::add_values(place.get_mut(), gradient);
                self.note(outcome);
            }
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.given(parameter.id(), &mut self.parameters);
        }
    }

    /// The gradients of all parameters.
    pub(crate) fn parameters_mut(&mut self) -> &mut Parameters<E> {
        &mut self.parameters
    }

    /// The gradient of a parameter that has one.
    pub(crate) fn of_parameter(&self, parameter: &Tensor) -> Option<&E::Values> {
        self.parameters.get(&parameter.id())
    }

    pub(crate) fn of_parameter_mut(&mut self, parameter: &Tensor) -> Option<&mut E::Values> {
        self.parameters.get_mut(&parameter.id())
    }

    /// Puts a gradient in the place of what there was.
    pub(crate) fn set_parameter(&mut self, parameter: &Tensor, gradient: E::Values) {
        self.parameters.insert(parameter.id(), gradient);
    }

    pub(crate) fn take_parameter(&mut self, parameter: &Tensor) -> Option<E::Values> {
        self.parameters.remove(&parameter.id())
    }

    /// The gradient of a value where a way back ends.
    pub(crate) fn of_leaf(&self, leaf: &Node<E>) -> Option<&E::Gradient> {
        self.leaves.get(&leaf.number)
    }

    fn run(mut self) -> Result<Self> {
        while let Some((number, (node, gradient))) = self.pending.pop_last() {
            match node.take() {
                Way::Back(back) => back(gradient, &mut self)?,
                Way::Leaf => {
                    self.leaves.insert(number, E::settled(gradient));
                }
                Way::UsedUp => {
                    let reason = "the way back was gone already; run the network again";
                    return Err(Error::data("backward", reason));
                }
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
        }
        Ok(self)
    }
}

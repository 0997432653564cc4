//! A value in the memory of the CPU engine.

use std::sync::{Arc, OnceLock};

use candle_core::{Device, Result as CandleResult, Tensor};
use sarangi_core::{Error, Result};

use super::Tracking;
use crate::backward::{Cpu, Gradient, Gradients, Node};
use crate::chain::Chain;
use crate::cpu::buffer::Buffer;
use crate::cpu::map::Activation;
use crate::cpu::norm::{Moments, moments};
use crate::cpu::pictures::Pictures;
use crate::cpu::source::Source;
use crate::exchange::Outbox;
use crate::tensors;

/// Stored numbers, a [`Chain`] that is still to be applied to them, and the way back.
#[derive(Clone, Debug)]
pub(crate) struct Host(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// As in torch.
    dims: Vec<usize>,
    of: Pictures,
    base: Arc<Buffer>,
    chain: Option<Chain>,
    /// Each channel's moments of `base` behind an activation, if whoever made it took them.
    moments: Option<(Activation, Arc<[Moments]>)>,
    /// The numbers after the chain, once somebody needed them stored.
    ready: OnceLock<Arc<Buffer>>,
    /// The way back from `base`.
    base_node: Option<Arc<Node>>,
    /// The way back from the value.
    node: Option<Arc<Node>>,
    tracked: bool,
}

impl Host {
    pub(crate) fn from_tensor(tensor: &Tensor, tracking: Tracking) -> CandleResult<Self> {
        let of = pictures(tensor.dims());
        let mut base = Buffer::stale(of.len());
        tensors::read(tensor, |values| {
            Source::Planar(values).materialise(of, &mut base)
        })?;
        let node = (tracking == Tracking::Itself).then(Node::leaf);
        let tracked = tracking != Tracking::Off;
        Ok(Self::result(
            tensor.dims().to_vec(),
            of,
            base,
            tracked,
            node,
        ))
    }

    /// The result of an operation: stored numbers and how to go back from them.
    pub(crate) fn result(
        dims: Vec<usize>,
        of: Pictures,
        base: Buffer,
        tracked: bool,
        node: Option<Arc<Node>>,
    ) -> Self {
        debug_assert_eq!(of.len(), base.len());
        Self::new(dims, of, Arc::new(base), node, tracked)
    }

    /// As [`result`](Self::result), for a way back that reads the result itself.
    pub(crate) fn result_with(
        dims: Vec<usize>,
        of: Pictures,
        base: Buffer,
        tracked: bool,
        node: impl FnOnce(&Arc<Buffer>) -> Arc<Node>,
    ) -> Self {
        let base = Arc::new(base);
        let node = node(&base);
        Self::new(dims, of, base, Some(node), tracked)
    }

    fn new(
        dims: Vec<usize>,
        of: Pictures,
        base: Arc<Buffer>,
        node: Option<Arc<Node>>,
        tracked: bool,
    ) -> Self {
        Self(Arc::new(Inner {
            dims,
            of,
            base,
            chain: None,
            moments: None,
            ready: OnceLock::new(),
            base_node: node.clone(),
            node,
            tracked,
        }))
    }

    /// This result with each channel's moments behind an activation.
    pub(crate) fn with_moments(mut self, behind: Activation, moments: Vec<Moments>) -> Self {
        // Nobody else has it yet.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.moments = Some((behind, moments.into()));
        }
        self
    }

    /// Each channel's moments. The chain must be no more than an activation.
    pub(crate) fn moments(&self) -> Arc<[Moments]> {
        let inner = &self.0;
        let chain = inner.chain.as_ref();
        let activation = chain.map_or(Activation::NONE, |chain| chain.map().before);
        match &inner.moments {
            Some((behind, moments)) if *behind == activation => Arc::clone(moments),
            _ => moments(&inner.base, inner.of.channels, activation).into(),
        }
    }

    /// The same numbers with another chain to be applied to what is stored.
    pub(crate) fn chained(&self, chain: Chain) -> Self {
        let inner = &self.0;
        let wanted = inner.tracked && (inner.base_node.is_some() || chain.has_parameters());
        let node = wanted.then(|| {
            let (chain, base) = (chain.clone(), Arc::clone(&inner.base));
            let parent = inner.base_node.clone();
            Node::new(move |dy, flow| chain.backward(&base, dy, parent.as_ref(), flow))
        });
        Self(Arc::new(Inner {
            dims: inner.dims.clone(),
            of: inner.of,
            base: Arc::clone(&inner.base),
            chain: Some(chain),
            moments: inner.moments.clone(),
            ready: OnceLock::new(),
            base_node: inner.base_node.clone(),
            node,
            tracked: inner.tracked,
        }))
    }

    /// This value if its chain `fits`, or with its chain applied: the start of a new one.
    pub(crate) fn with_room(&self, fits: impl FnOnce(&Chain) -> bool) -> Self {
        match &self.0.chain {
            Some(chain) if !fits(chain) => self.settled(),
            _ => self.clone(),
        }
    }

    fn settled(&self) -> Self {
        let Inner {
            dims,
            of,
            node,
            tracked,
            ..
        } = &*self.0;
        Self::new(dims.clone(), *of, self.stored(), node.clone(), *tracked)
    }

    /// The same numbers with this way back.
    pub(crate) fn followed(&self, node: Arc<Node>) -> Self {
        let Inner { dims, of, .. } = &*self.0;
        Self::new(dims.clone(), *of, self.stored(), Some(node), true)
    }

    /// The same numbers under another shape of as many pixels and channels.
    pub(crate) fn reshaped(&self, dims: Vec<usize>, of: Pictures) -> Self {
        let settled = self.settled();
        let (base, node) = (Arc::clone(&settled.0.base), settled.0.node.clone());
        Self::new(dims, of, base, node, self.0.tracked)
    }

    pub(crate) fn dims(&self) -> &[usize] {
        &self.0.dims
    }

    pub(crate) fn of(&self) -> Pictures {
        self.0.of
    }

    pub(crate) fn chain(&self) -> Option<&Chain> {
        self.0.chain.as_ref()
    }

    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        self.0.node.as_ref()
    }

    pub(crate) fn tracked(&self) -> bool {
        self.0.tracked
    }

    /// What kernels read.
    pub(crate) fn source(&self) -> Source<'_> {
        match (self.0.ready.get(), &self.0.chain) {
            (Some(ready), _) => Source::Stored(ready),
            (None, Some(chain)) => Source::Mapped(&self.0.base, chain.map()),
            (None, None) => Source::Stored(&self.0.base),
        }
    }

    /// The numbers, with the chain applied.
    pub(crate) fn stored(&self) -> Arc<Buffer> {
        if self.0.chain.is_none() {
            return Arc::clone(&self.0.base);
        }
        if let Some(ready) = self.0.ready.get() {
            return Arc::clone(ready);
        }
        // Not `get_or_init`: this waits for other threads, and one that waits may be given work
        // that asks for the same value.
        let mut ready = Buffer::stale(self.0.of.len());
        self.source().materialise(self.0.of, &mut ready);
        let ready = Arc::new(ready);
        Arc::clone(self.0.ready.get_or_init(|| ready))
    }

    /// What an operation keeps to read again on the way back.
    pub(crate) fn keep(&self) -> Kept {
        match (self.0.ready.get(), &self.0.chain) {
            (Some(ready), _) => Kept(Arc::clone(ready), None),
            (None, chain) => Kept(Arc::clone(&self.0.base), chain.clone()),
        }
    }

    pub(crate) fn tensor(&self) -> CandleResult<Tensor> {
        self.shaped(&self.stored())
    }

    /// Numbers laid out like this value's as a tensor of its shape.
    pub(crate) fn shaped(&self, values: &[f32]) -> CandleResult<Tensor> {
        let mut planar = vec![0.0; values.len()];
        to_planar(self.0.of, values, &mut planar);
        Tensor::from_vec(planar, self.0.dims.as_slice(), &Device::Cpu)
    }

    pub(crate) fn backward(&self, dy: Arc<Buffer>) -> Result<Gradients> {
        Gradients::from(self.way_back()?, Gradient::shared(self.0.of, dy))
    }

    /// As [`backward`](Self::backward), complete gradients taken away by `outbox`.
    pub(crate) fn backward_into(
        &self,
        dy: Arc<Buffer>,
        outbox: Outbox<Cpu>,
    ) -> Result<(Gradients, Outbox<Cpu>)> {
        Gradients::sent(self.way_back()?, Gradient::shared(self.0.of, dy), outbox)
    }

    fn way_back(&self) -> Result<&Arc<Node>> {
        let missing = || {
            let reason = "this value does not know where it came from; make the network's input with \
                          Value::tracked";
            Error::data("backward", reason)
        };
        self.0.node.as_ref().ok_or_else(missing)
    }
}

/// Numbers kept for the way back, with the chain that is to be applied as they are read.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Arc<Buffer>, Option<Chain>);

impl Kept {
    pub(crate) fn source(&self) -> Source<'_> {
        match &self.1 {
            Some(chain) => Source::Mapped(&self.0, chain.map()),
            None => Source::Stored(&self.0),
        }
    }
}

/// Whether the way back from an operation on these inputs and parameters must be remembered.
pub(crate) fn records<'a>(
    inputs: &[&Host],
    parameters: impl IntoIterator<Item = &'a Tensor>,
) -> bool {
    inputs.iter().any(|input| input.tracked())
        && (inputs.iter().any(|input| input.node().is_some())
            || parameters.into_iter().any(Tensor::is_variable))
}

/// Channels last to channels first.
pub(crate) fn to_planar(of: Pictures, values: &[f32], planar: &mut [f32]) {
    let (image, plane) = (of.image().max(1), (of.height * of.width).max(1));
    let images = planar
        .chunks_exact_mut(image)
        .zip(values.chunks_exact(image));
    for (planar, values) in images {
        for (channel, planar) in planar.chunks_exact_mut(plane).enumerate() {
            let values = values[channel..].iter().step_by(of.channels);
            planar.iter_mut().zip(values).for_each(|(a, &b)| *a = b);
        }
    }
}

/// (batch, channels, …) as pictures; three dimensions are pictures of one row.
pub(crate) fn pictures(dims: &[usize]) -> Pictures {
    let at = |axis: usize| dims.get(axis).copied().unwrap_or(1);
    let (height, width) = match dims.len() {
        4.. => (at(2), at(3)),
        _ => (1, at(2)),
    };
    Pictures {
        batch: at(0),
        height,
        width,
        channels: at(1),
    }
}

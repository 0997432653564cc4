//! A value that is a place in a network that is being written down.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::Tensor;
use sarangi_core::{Error, Result};

use super::Value;
use crate::graph::{GraphNode, Operand, Operation};
use crate::tensors::Memory;

/// A shape, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Traced {
    recorder: Arc<Recorder>,
    operand: Operand,
    dims: Arc<[usize]>,
}

/// What has been written down so far.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Record>);

/// The steps and the tensors that they read.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) nodes: Vec<GraphNode>,
    pub(crate) constants: Vec<(Memory, Tensor)>,
}

impl Recorder {
    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        // No code panics while it holds the lock, and the record is valid at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Traced {
    pub(crate) fn input(recorder: &Arc<Recorder>, number: usize, dims: &[usize]) -> Self {
        Self {
            recorder: Arc::clone(recorder),
            operand: Operand::Input(number),
            dims: dims.into(),
        }
    }

    pub(crate) fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Which value of the network this is, if it is one of the network that `recorder` writes down.
    pub(crate) fn operand_of(&self, recorder: &Arc<Recorder>) -> Option<Operand> {
        Arc::ptr_eq(&self.recorder, recorder).then_some(self.operand)
    }

    /// The number of a tensor that an operation reads. One that two read has one number.
    pub(crate) fn constant(&self, tensor: &Tensor) -> usize {
        let memory = Memory::of(tensor);
        let constants = &mut self.recorder.record().constants;
        let known = constants.iter().position(|(known, _)| *known == memory);
        known.unwrap_or_else(|| {
            constants.push((memory, tensor.detach()));
            constants.len() - 1
        })
    }

    /// Writes down an operation on this value alone.
    pub(crate) fn then(&self, operation: Operation, dims: Vec<usize>) -> Result<Value> {
        together(&[self], operation, dims)
    }
}

/// Writes down an operation on several values.
pub(crate) fn together(
    values: &[&Traced],
    operation: Operation,
    dims: Vec<usize>,
) -> Result<Value> {
    let strange = || untraceable("a value of one network in another");
    let recorder = &values.first().ok_or_else(strange)?.recorder;
    let reads = values.iter().map(|value| value.operand_of(recorder));
    let reads = reads.collect::<Option<_>>().ok_or_else(strange)?;
    let nodes = &mut recorder.record().nodes;
    nodes.push(GraphNode {
        operation,
        reads,
        dims: dims.clone(),
    });
    Ok(Value::traced(Traced {
        recorder: Arc::clone(recorder),
        operand: Operand::Node(nodes.len() - 1),
        dims: dims.into(),
    }))
}

/// What to answer where only numbers would help.
pub(crate) fn untraceable(what: impl Display) -> Error {
    Error::Unsupported {
        what: format!("{what} in a network that is being traced"),
        feature: None,
    }
}

//! From a network to the list of its operations.

use std::collections::BTreeSet;
use std::sync::Arc;

use sarangi_core::{Error, Result};

use crate::graph::{Graph, GraphConstant, GraphInput};
use crate::tensors::Memory;
use crate::value::{Record, Recorder, Traced, View, untraceable};
use crate::{Inputs, Mode, Model, Params, Value};

const OP: &str = "trace";

/// Writes a network down: runs it once, in evaluation, on values that have a shape and no numbers,
/// and lists what it does to them. Any [`Model`] that is made of this crate's operations can be
/// written down; it need know nothing of it.
///
/// `inputs` are the names and shapes of what the network is given, without the batch: (channels,
/// bins, frames). A single one is given to [`Model::forward`] whatever its name, several by their
/// names. The names of the tensors are those of `params`.
///
/// ```
/// use candle_core::Device;
/// use sarangi_core::{Result, Seed};
/// use sarangi_nn::{Linear, Mode, Model, Operation, Params, Value, flatten, relu, trace};
///
/// struct Perceptron([Linear; 2]);
///
/// impl Model for Perceptron {
///     fn forward(&self, xs: &Value, _: Mode<'_>) -> Result<Value> {
///         let [first, second] = &self.0;
///         second.forward(&relu(&first.forward(&flatten(xs)?)?)?)
///     }
/// }
///
/// let params = Params::new(Seed(1), &Device::Cpu);
/// let first = Linear::new(&params.sub("first"), 40 * 13, 16)?;
/// let second = Linear::new(&params.sub("second"), 16, 4)?;
/// let graph = trace(&Perceptron([first, second]), &[("mfcc", &[1, 40, 13])], &params)?;
/// assert_eq!(graph.nodes[0].operation, Operation::Flatten);
/// assert_eq!(graph.nodes[3].operation, Operation::Linear { weight: 2, bias: Some(3) });
/// assert_eq!(graph.constants[2].name, "second.weight");
/// assert_eq!(graph.nodes[3].dims, [1, 4]);
/// # Ok::<(), sarangi_core::Error>(())
/// ```
///
/// # Errors
/// Those of the network's own checks; [`Error::Config`] if the inputs make no sense;
/// [`Error::Unsupported`] if the network does what cannot be written down: reads numbers, uses
/// [`with_candle`](crate::with_candle) or a loss, trains, moves or cuts the axis of the batch, or
/// adds a tensor that is no parameter of a layer.
pub fn trace<M: Model + ?Sized>(
    model: &M,
    inputs: &[(&str, &[usize])],
    params: &Params,
) -> Result<Graph> {
    let inputs = inputs
        .iter()
        .map(|(name, dims)| GraphInput {
            name: (*name).to_owned(),
            dims: [&[1], *dims].concat(),
        })
        .collect::<Vec<_>>();
    check(&inputs)?;
    let recorder = Arc::new(Recorder::default());
    let values: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(number, input)| Value::traced(Traced::input(&recorder, number, &input.dims)))
        .collect();
    let result = match values.as_slice() {
        [one] => model.forward_inputs(Inputs::One(one), Mode::Eval),
        several => {
            let names = inputs.iter().map(|input| input.name.as_str());
            let named: Vec<_> = names.zip(several).collect();
            model.forward_inputs(Inputs::Named(&named), Mode::Eval)
        }
    }?;
    let output = match result.view() {
        View::Traced(result) => result.operand_of(&recorder),
        _ => None,
    };
    let output =
        output.ok_or_else(|| untraceable("a result that does not come from the inputs"))?;
    let Record { nodes, constants } = std::mem::take(&mut *recorder.record());
    Ok(Graph {
        inputs,
        constants: name(constants, params),
        nodes,
        output,
    })
}

fn check(inputs: &[GraphInput]) -> Result<()> {
    let fail = |reason: String| Err(Error::config(OP, "inputs", reason));
    if inputs.is_empty() {
        return fail("must be at least one".to_owned());
    }
    let mut names = BTreeSet::new();
    for GraphInput { name, dims } in inputs {
        if name.is_empty() || !names.insert(name) {
            return fail(format!("must have distinct names, got {name:?}"));
        }
        if dims.len() > 4 || dims.contains(&0) {
            let dims = &dims[1..];
            return fail(format!(
                "must have at most three axes besides the batch, none of them 0; `{name}` has \
                 {dims:?}"
            ));
        }
    }
    Ok(())
}

/// Gives each tensor its parameter's name.
fn name(constants: Vec<(Memory, candle_core::Tensor)>, params: &Params) -> Vec<GraphConstant> {
    let all = params.all();
    let known: Vec<_> = all
        .iter()
        .map(|(name, parameter)| (Memory::of(&parameter.var), name))
        .collect();
    let taken: BTreeSet<&String> = known.iter().map(|(_, name)| *name).collect();
    let mut number = 0;
    let mut next = || loop {
        let name = format!("constant.{number}");
        number += 1;
        if !taken.contains(&name) {
            return name;
        }
    };
    let constants = constants.into_iter().map(|(memory, tensor)| {
        let known = known.iter().find(|(place, _)| *place == memory);
        let name = known.map_or_else(&mut next, |(_, name)| (*name).clone());
        GraphConstant { name, tensor }
    });
    constants.collect()
}

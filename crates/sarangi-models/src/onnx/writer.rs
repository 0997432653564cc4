//! The graph of an ONNX file while it grows.

use std::collections::BTreeSet;

use candle_core::{DType, Device};
use sarangi_core::{During, Error, Result};
use sarangi_nn::{Graph, GraphConstant, GraphNode, Operand};

use super::proto::{
    AttributeProto, Dimension, DimensionProto, FLOAT, GraphProto, INT64, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use super::{BATCH, OP, OUTPUT, nodes};

/// What has been written, and the names that it has given.
pub(super) struct Writer<'a> {
    graph: &'a Graph,
    inputs: Vec<String>,
    constants: Vec<String>,
    /// The results of the nodes.
    values: Vec<String>,
    /// Inputs, tensors and results share one space of names.
    taken: BTreeSet<String>,
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
}

/// Writes a graph.
pub(super) fn write(graph: &Graph) -> Result<GraphProto> {
    let mut writer = Writer {
        graph,
        inputs: Vec::new(),
        constants: Vec::new(),
        values: Vec::new(),
        taken: BTreeSet::new(),
        nodes: Vec::new(),
        tensors: Vec::new(),
    };
    writer.inputs = graph
        .inputs
        .iter()
        .map(|input| writer.name(&input.name))
        .collect();
    let output = writer.name(OUTPUT);
    for constant in &graph.constants {
        let name = writer.name(&constant.name);
        writer.tensors.push(tensor(&name, constant)?);
        writer.constants.push(name);
    }
    for (number, node) in graph.nodes.iter().enumerate() {
        let last = graph.output == Operand::Node(number);
        nodes::write(&mut writer, node, last.then_some(output.as_str()))?;
    }
    if let Operand::Input(_) = graph.output {
        let input = writer.value(graph.output)?;
        writer.node("Identity", &[&input], Vec::new(), Some(&output));
    }
    let dims = writer.dims(graph.output)?.to_vec();
    let given = writer.inputs.iter().zip(&graph.inputs);
    Ok(GraphProto {
        node: writer.nodes,
        name: "sarangi".to_owned(),
        initializer: writer.tensors,
        input: given.map(|(name, input)| info(name, &input.dims)).collect(),
        output: vec![info(&output, &dims)],
    })
}

impl<'a> Writer<'a> {
    /// This name, or with a tail if it is taken.
    fn name(&mut self, name: &str) -> String {
        let mut name = name.to_owned();
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// What the file calls a value.
    pub(super) fn value(&self, operand: Operand) -> Result<String> {
        let name = match operand {
            Operand::Input(number) => self.inputs.get(number),
            Operand::Node(number) => self.values.get(number),
        };
        name.cloned().ok_or_else(|| strange(operand))
    }

    /// The values that a node reads.
    pub(super) fn reads(&self, node: &GraphNode) -> Result<Vec<String>> {
        node.reads.iter().map(|&read| self.value(read)).collect()
    }

    /// The one value that a node reads, and its shape.
    pub(super) fn read(&self, node: &GraphNode) -> Result<(String, &'a [usize])> {
        match node.reads[..] {
            [read] => Ok((self.value(read)?, self.dims(read)?)),
            _ => Err(Error::shape(OP, "a node of one input", node.reads.len())),
        }
    }

    pub(super) fn dims(&self, operand: Operand) -> Result<&'a [usize]> {
        self.graph.dims(operand).ok_or_else(|| strange(operand))
    }

    /// What the file calls a tensor.
    pub(super) fn constant(&self, number: usize) -> Result<&str> {
        let name = self.constants.get(number);
        name.map(String::as_str)
            .ok_or_else(|| Error::shape(OP, "a tensor of the graph", number))
    }

    /// Adds a tensor of numbers that are no parameter.
    pub(super) fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.literal(name, dims, FLOAT, bytes.collect())
    }

    /// Adds a tensor of whole numbers.
    pub(super) fn integers(&mut self, name: &str, values: &[usize]) -> String {
        let bytes = values
            .iter()
            .flat_map(|&value| (value as i64).to_le_bytes());
        self.literal(name, &[values.len()], INT64, bytes.collect())
    }

    fn literal(&mut self, name: &str, dims: &[usize], data_type: i32, raw_data: Vec<u8>) -> String {
        let literal = TensorProto {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type,
            name: String::new(),
            raw_data,
        };
        let known = self.tensors.iter().find(|tensor| {
            tensor.raw_data == literal.raw_data
                && (tensor.data_type, &tensor.dims) == (data_type, &literal.dims)
        });
        if let Some(known) = known {
            return known.name.clone();
        }
        let name = self.name(name);
        self.tensors.push(TensorProto {
            name: name.clone(),
            ..literal
        });
        name
    }

    /// Adds a node and gives its result's name.
    pub(super) fn node(
        &mut self,
        op_type: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
        output: Option<&str>,
    ) -> String {
        let name = format!("{op_type}_{}", self.nodes.len());
        let name = self.name(&name);
        let output = output.map_or_else(|| name.clone(), str::to_owned);
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.clone()],
            name,
            op_type: op_type.to_owned(),
            attribute,
        });
        output
    }

    /// The result of the next node of the graph is there.
    pub(super) fn done(&mut self, value: String) {
        self.values.push(value);
    }
}

fn strange(operand: Operand) -> Error {
    Error::shape(OP, "a value that is there", format_args!("{operand:?}"))
}

fn tensor(name: &str, constant: &GraphConstant) -> Result<TensorProto> {
    let tensor = &constant.tensor;
    if tensor.dtype() != DType::F32 {
        let got = format!("`{}` of type {}", constant.name, tensor.dtype().as_str());
        return Err(Error::shape(OP, "tensors of type f32", got));
    }
    let values = tensor
        .to_device(&Device::Cpu)
        .and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>())
        .during(OP)?;
    Ok(TensorProto {
        dims: tensor.dims().iter().map(|&dim| dim as i64).collect(),
        data_type: FLOAT,
        name: name.to_owned(),
        raw_data: values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
    })
}

/// A value of f32 whose batch may have any size.
fn info(name: &str, dims: &[usize]) -> ValueInfoProto {
    let rest = dims.iter().skip(1).map(|&dim| Dimension::Value(dim as i64));
    let dim = [Dimension::Param(BATCH.to_owned())]
        .into_iter()
        .chain(rest)
        .map(|value| DimensionProto { value: Some(value) })
        .collect();
    let tensor_type = TensorTypeProto {
        elem_type: FLOAT,
        shape: Some(TensorShapeProto { dim }),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor_type),
        }),
    }
}

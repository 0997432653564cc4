//! A network written down.

use candle_core::Tensor;

use crate::geometry::Geometry2d;

/// A network as the list of its operations, as [`trace`](crate::trace) finds them: what a program
/// that knows nothing of this crate needs to run it.
///
/// All shapes are those of a batch of one; the first axis of every value is the batch, whose size
/// is of no account to any operation.
#[derive(Clone, Debug)]
pub struct Graph {
    /// What the network is given.
    pub inputs: Vec<GraphInput>,
    /// The tensors that its operations read: parameters and statistics. They share their memory
    /// with the network.
    pub constants: Vec<GraphConstant>,
    /// What it does, in an order in which it can be done.
    pub nodes: Vec<GraphNode>,
    /// Its result.
    pub output: Operand,
}

impl Graph {
    /// The shape of a value; the batch is 1.
    pub fn dims(&self, value: Operand) -> Option<&[usize]> {
        let dims = match value {
            Operand::Input(number) => self.inputs.get(number).map(|input| &input.dims),
            Operand::Node(number) => self.nodes.get(number).map(|node| &node.dims),
        };
        dims.map(Vec::as_slice)
    }
}

/// One input of a [`Graph`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphInput {
    /// Its name.
    pub name: String,
    /// Its shape; the batch is 1.
    pub dims: Vec<usize>,
}

/// A tensor that operations of a [`Graph`] read.
#[derive(Clone, Debug)]
pub struct GraphConstant {
    /// The parameter's name, such as `layer1.0.conv1.weight`, or `constant.` and a number if it is
    /// not one of the network's. No two have the same.
    pub name: String,
    /// Its values.
    pub tensor: Tensor,
}

/// One step of a [`Graph`].
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNode {
    /// What it does.
    pub operation: Operation,
    /// What it does it to; one, but for sums, products and [`Operation::Concat`].
    pub reads: Vec<Operand>,
    /// The shape of its result; the batch is 1.
    pub dims: Vec<usize>,
}

/// A value in a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// The input of this number.
    Input(usize),
    /// The result of the node of this number.
    Node(usize),
}

/// What a node of a [`Graph`] does, with all that it needs to know; tensors are numbers of
/// [`Graph::constants`].
///
/// Each is the function of this crate that has its name. It is on purpose not `non_exhaustive`:
/// what translates graphs must not compile without a new operation.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the fields are the parameters of the functions of the same names"
)]
pub enum Operation {
    /// [`add`](crate::add).
    Add,
    /// [`mul`](crate::mul).
    Mul,
    /// [`mul_scalar`](crate::mul_scalar).
    MulScalar { scalar: f32 },
    /// [`relu`](crate::relu).
    Relu,
    /// [`relu6`](crate::relu6).
    Relu6,
    /// [`sigmoid`](crate::sigmoid).
    Sigmoid,
    /// [`softmax`](crate::softmax).
    Softmax,
    /// [`log_softmax`](crate::log_softmax).
    LogSoftmax,
    /// [`conv2d`](crate::conv2d).
    Conv2d {
        filter: usize,
        bias: Option<usize>,
        window: Geometry2d,
        groups: usize,
    },
    /// [`linear`](crate::linear).
    Linear { weight: usize, bias: Option<usize> },
    /// [`batch_norm_eval`](crate::batch_norm_eval).
    BatchNorm {
        gamma: usize,
        beta: usize,
        mean: usize,
        variance: usize,
        eps: f64,
    },
    /// [`max_pool2d`](crate::max_pool2d).
    MaxPool2d { window: Geometry2d },
    /// [`avg_pool2d`](crate::avg_pool2d).
    AvgPool2d {
        window: Geometry2d,
        count_include_pad: bool,
    },
    /// [`adaptive_max_pool2d`](crate::adaptive_max_pool2d).
    AdaptiveMaxPool2d { size: [usize; 2] },
    /// [`adaptive_avg_pool2d`](crate::adaptive_avg_pool2d).
    AdaptiveAvgPool2d { size: [usize; 2] },
    /// [`resize_bilinear`](crate::resize_bilinear).
    ResizeBilinear {
        size: [usize; 2],
        align_corners: bool,
    },
    /// [`flatten`](crate::flatten).
    Flatten,
    /// [`concat`](crate::concat).
    Concat,
    /// [`permute`](crate::permute); the first axis stays.
    Permute { axes: Vec<usize> },
    /// [`narrow`](crate::narrow), not of the first axis.
    Narrow {
        axis: usize,
        start: usize,
        length: usize,
    },
}

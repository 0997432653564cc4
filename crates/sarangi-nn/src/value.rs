//! What flows through a network.

mod host;
mod traced;
mod views;

use std::sync::Arc;

use candle_core::{DType, Tensor};
use sarangi_core::{During, Error, Result};

use crate::backward::Gradients;
use crate::cpu::buffer::Buffer;
use crate::gpu::{self, Resident};
pub(crate) use host::{Host, pictures, records, to_planar};
pub(crate) use traced::{Record, Recorder, Traced, together, untraceable};
pub(crate) use views::{View, Views};

/// A batch on its way through a network: feature maps, vectors, logits or a loss.
///
/// It is made from a tensor, layers and operations turn it into the next one, and
/// [`tensor`](Self::tensor) gives the numbers back. A [tracked](Self::tracked) value remembers how
/// it came about, so that [`backward`](Self::backward) finds the gradients of the parameters; any
/// other remembers nothing, and its memory is used again as soon as the next layer has read it.
///
/// On the CPU the numbers lie channels last in the engine's own memory, and an activation or a
/// norm waits until the next layer reads them. On a CUDA device they lie channels last, too, in f32 or
/// in [half precision](Self::to_dtype); on other devices it is the tensor itself. While a network is [traced](crate::trace) it has a shape and no numbers.
/// Clones are cheap.
///
/// # Shapes
/// As in torch: (batch, features), (batch, channels, length) or (batch, channels, height, width);
/// a loss has none.
#[derive(Clone, Debug)]
pub struct Value {
    repr: Repr,
}

#[derive(Clone, Debug)]
enum Repr {
    Host(Host),
    Gpu(Resident),
    Device(Tensor),
    Traced(Traced),
}

/// What [`Value`] can be.
const RANKS: &str = "at most four axes, (batch, channels, height, width)";

impl Value {
    /// A value that remembers nothing: for evaluation.
    ///
    /// # Errors
    /// [`Error::Shape`] if the tensor has more than four axes or is not of f32, [`Error::Backend`] if the device fails.
    pub fn new(tensor: &Tensor) -> Result<Self> {
        Self::from_tensor(&tensor.detach(), Tracking::Off)
    }

    /// A value whose way through the network is remembered, for training.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn tracked(tensor: &Tensor) -> Result<Self> {
        Self::from_tensor(&tensor.detach(), Tracking::Parameters)
    }

    /// A tracked value whose own gradient is wanted too: [`Gradients::of`] gives it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn variable(tensor: &Tensor) -> Result<Self> {
        Self::from_tensor(tensor, Tracking::Itself)
    }

    fn from_tensor(tensor: &Tensor, tracking: Tracking) -> Result<Self> {
        const OP: &str = "value";
        if tensor.dtype() != DType::F32 {
            let got = format!("{}; convert the tensor", tensor.dtype().as_str());
            return Err(Error::shape(OP, "numbers of type f32", got));
        }
        if tensor.rank() > 4 {
            return Err(Error::shape(OP, RANKS, format!("{:?}", tensor.shape())));
        }
        pictures(tensor.dims()).checked(OP)?;
        if tensor.device().is_cpu() {
            return Host::from_tensor(tensor, tracking)
                .map(Self::host)
                .during(OP);
        }
        if gpu::serves(tensor.device()) {
            return Resident::from_tensor(tensor, tracking)
                .map(Self::gpu)
                .during(OP);
        }
        Self::composed(tensor, tracking).during(OP)
    }

    /// The same numbers in another precision, where there are kernels of it: bf16 and f16 on CUDA
    /// devices. The operations that follow store what they make in it; products, sums and
    /// statistics are f32's, and so are parameters, their gradients, probabilities and losses. On
    /// other devices, and for another type, the value stays as it is.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn to_dtype(&self, dtype: DType) -> Result<Self> {
        match (&self.repr, dtype) {
            (Repr::Gpu(xs), DType::F32 | DType::BF16 | DType::F16) => {
                xs.to_dtype(dtype).map(Self::gpu).during("to_dtype")
            }
            _ => Ok(self.clone()),
        }
    }

    /// The value of a device that has no kernels here, and of the tests that stand for it.
    pub(crate) fn composed(tensor: &Tensor, tracking: Tracking) -> candle_core::Result<Self> {
        let tensor = match tracking {
            Tracking::Itself if !tensor.is_variable() => {
                candle_core::Var::from_tensor(tensor)?.into_inner()
            }
            _ => tensor.clone(),
        };
        Ok(Self::device(tensor))
    }

    pub(crate) fn host(host: Host) -> Self {
        Self {
            repr: Repr::Host(host),
        }
    }

    pub(crate) fn gpu(resident: Resident) -> Self {
        Self {
            repr: Repr::Gpu(resident),
        }
    }

    pub(crate) fn device(tensor: Tensor) -> Self {
        Self {
            repr: Repr::Device(tensor),
        }
    }

    /// A value that has a shape and no numbers.
    pub(crate) fn traced(traced: Traced) -> Self {
        Self {
            repr: Repr::Traced(traced),
        }
    }

    /// The shape.
    pub fn dims(&self) -> &[usize] {
        match &self.repr {
            Repr::Host(host) => host.dims(),
            Repr::Gpu(resident) => resident.dims(),
            Repr::Device(tensor) => tensor.dims(),
            Repr::Traced(traced) => traced.dims(),
        }
    }

    /// The numbers as a tensor, (batch, channels, …) in C order; no gradient flows back through it.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails, [`Error::Unsupported`] if there are none, as the
    /// network is being [traced](crate::trace).
    pub fn tensor(&self) -> Result<Tensor> {
        match &self.repr {
            Repr::Host(host) => host.tensor(),
            Repr::Gpu(resident) => resident.tensor(),
            Repr::Device(tensor) => tensor.detach().contiguous(),
            Repr::Traced(_) => return Err(untraceable("reading numbers")),
        }
        .during("value")
    }

    /// The number that this loss is.
    ///
    /// # Errors
    /// [`Error::Shape`] if it is not one number; as [`tensor`](Self::tensor).
    pub fn scalar(&self) -> Result<f32> {
        self.one()?;
        let values = self.tensor()?.flatten_all().during("scalar")?;
        values
            .get(0)
            .and_then(|value| value.to_scalar())
            .during("scalar")
    }

    /// The gradients of this loss with respect to every parameter on its way. The way back is used
    /// up: its memory is free for the next step.
    ///
    /// Filters and weights are read as they are now: go back before an optimiser changes them.
    ///
    /// # Errors
    /// [`Error::Shape`] if this is not one number, [`Error::Data`] if it was not tracked or its way
    /// back is used up, [`Error::Backend`] if the device fails.
    pub fn backward(&self) -> Result<Gradients> {
        self.one()?;
        match &self.repr {
            Repr::Host(host) => {
                let mut one = Buffer::stale(1);
                one[0] = 1.0;
                host.backward(Arc::new(one))
            }
            Repr::Gpu(loss) => {
                let one = loss.values().ones_like().during("backward")?;
                loss.backward(one)
            }
            Repr::Device(loss) => loss.backward().map(Gradients::of_device).during("backward"),
            Repr::Traced(_) => Err(untraceable("backward")),
        }
    }

    /// The gradients of `Σ self · dy`: as [`backward`](Self::backward) for a value of any shape.
    ///
    /// # Shapes
    /// `dy` as this value.
    ///
    /// # Errors
    /// [`Error::Shape`] if `dy` has another shape; as `backward`.
    pub fn backward_from(&self, dy: &Value) -> Result<Gradients> {
        const OP: &str = "backward_from";
        if dy.dims() != self.dims() {
            let (expected, got) = (format!("{:?}", self.dims()), format!("{:?}", dy.dims()));
            return Err(Error::shape(OP, expected, got));
        }
        match (&self.repr, &dy.repr) {
            (Repr::Host(host), Repr::Host(dy)) => host.backward(dy.stored()),
            (Repr::Gpu(ys), _) => ys.backward(dy.on_gpu_like(ys)?),
            (Repr::Device(ys), _) => (ys * dy.tensor()?)
                .and_then(|product| product.sum_all())
                .and_then(|loss| loss.backward())
                .map(Gradients::of_device)
                .during(OP),
            (Repr::Traced(_), _) | (_, Repr::Traced(_)) => Err(untraceable(OP)),
            _ => Err(Error::shape(OP, "a value on the same device", "another")),
        }
    }

    /// The numbers where, and of the type that, another value's are.
    pub(crate) fn on_gpu_like(&self, like: &Resident) -> Result<Tensor> {
        let (device, dtype) = (like.values().device(), like.values().dtype());
        let there = match &self.repr {
            Repr::Gpu(resident) => Ok(resident.clone()),
            _ => self
                .tensor()?
                .to_device(device)
                .and_then(|tensor| Resident::from_tensor(&tensor, Tracking::Off)),
        };
        there
            .and_then(|there| there.to_dtype(dtype))
            .map(|there| there.values().clone())
            .during("value")
    }

    fn one(&self) -> Result<()> {
        match self.dims().iter().product::<usize>() {
            1 => Ok(()),
            _ => {
                let got = format!("{:?}", self.dims());
                Err(Error::shape("loss", "one number", got))
            }
        }
    }

    /// Carries out what still waits to be read, such as an activation or a norm. Nothing needs this
    /// but a measurement of time.
    pub fn settle(&self) {
        if let Repr::Host(host) = &self.repr {
            host.stored();
        }
    }

    pub(crate) fn view(&self) -> View<'_> {
        match &self.repr {
            Repr::Host(host) => View::Host(host),
            Repr::Gpu(resident) => View::Gpu(resident),
            Repr::Device(tensor) => View::Device(tensor),
            Repr::Traced(traced) => View::Traced(traced),
        }
    }
}

/// What is remembered of a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracking {
    Off,
    Parameters,
    Itself,
}

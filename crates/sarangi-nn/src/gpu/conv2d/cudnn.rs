//! Convolution by cuDNN's three passes, channels last, summed in f32 whatever is stored.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use candle_core::cuda_backend::cudarc::cudnn::{
    ConvBackwardData, ConvBackwardFilter, ConvForward, Cudnn, CudnnDataType, sys,
};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, DeviceRepr};
use candle_core::cuda_backend::{CudaDType, CudaDevice, CudaStorage, DeviceId};
use candle_core::op::BackpropOp;
use candle_core::{DType, Device, Error, Result, Shape, Storage, Tensor, WithDType, bail};
use half::{bf16, f16};

use super::{Pass, shape};
use crate::cpu::conv2d::Conv;

/// A convolution as cuDNN's choice of an algorithm depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    pass: Pass,
    dtype: DType,
    sizes: [usize; 17],
}

/// What is kept between calls: cuDNN's handle belongs to one thread.
struct Library {
    handle: Arc<Cudnn>,
    /// As large as the most that an algorithm has asked for.
    workspace: CudaSlice<u8>,
    choices: HashMap<Key, Choice>,
}

/// An algorithm and the workspace that it needs.
#[derive(Clone, Copy)]
enum Choice {
    Forward(sys::cudnnConvolutionFwdAlgo_t, usize),
    Data(sys::cudnnConvolutionBwdDataAlgo_t, usize),
    Filter(sys::cudnnConvolutionBwdFilterAlgo_t, usize),
}

thread_local! {
    static LIBRARIES: RefCell<HashMap<DeviceId, Library>> = RefCell::new(HashMap::new());
}

/// A type of stored numbers.
trait Stored: CudaDType + CudnnDataType + DeviceRepr + WithDType {
    const ONE: Self;
    const ZERO: Self;
}

impl Stored for f32 {
    const ONE: Self = 1.0;
    const ZERO: Self = 0.0;
}

impl Stored for bf16 {
    const ONE: Self = bf16::ONE;
    const ZERO: Self = bf16::ZERO;
}

impl Stored for f16 {
    const ONE: Self = f16::ONE;
    const ZERO: Self = f16::ZERO;
}

/// Runs a pass.
pub(super) fn run(pass: Pass, conv: &Conv, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match a.dtype() {
        DType::F32 => run_as::<f32>(pass, conv, a, b),
        DType::BF16 => run_as::<bf16>(pass, conv, a, b),
        DType::F16 => run_as::<f16>(pass, conv, a, b),
        other => bail!("cuDNN: no convolution of {}", other.as_str()),
    }
}

fn run_as<T: Stored>(pass: Pass, conv: &Conv, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let Device::Cuda(device) = a.device() else {
        bail!("cuDNN was given a tensor on another device");
    };
    let shape = Shape::from(shape(pass, conv));
    let values = shape.elem_count();
    #[allow(
        unsafe_code,
        reason = "filling memory that is written over takes a pass"
    )]
    // SAFETY: cuDNN writes all of it, on the stream of whatever reads it.
    let mut y = unsafe { device.alloc::<T>(values)? };
    with(a, |a| {
        with(b, |b| {
            LIBRARIES.with_borrow_mut(|libraries| {
                let library = open(libraries, device)?;
                library.run(pass, conv, device, a, b, &mut y)
            })
        })
    })?;
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(y, device.clone()));
    Ok(Tensor::from_storage(
        storage,
        shape,
        BackpropOp::none(),
        false,
    ))
}

/// Lends the values of a contiguous tensor.
fn with<T: Stored, R>(
    tensor: &Tensor,
    then: impl FnOnce(&CudaView<'_, T>) -> Result<R>,
) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    let (Storage::Cuda(storage), Some((from, to))) = (&*storage, layout.contiguous_offsets())
    else {
        bail!("cuDNN was given a tensor that is not contiguous, or on another device");
    };
    then(&storage.as_cuda_slice::<T>()?.slice(from..to))
}

fn open<'a>(
    libraries: &'a mut HashMap<DeviceId, Library>,
    device: &CudaDevice,
) -> Result<&'a mut Library> {
    use std::collections::hash_map::Entry;
    match libraries.entry(device.id()) {
        Entry::Occupied(library) => Ok(library.into_mut()),
        Entry::Vacant(place) => Ok(place.insert(Library {
            handle: Cudnn::new(device.cuda_stream()).map_err(Error::wrap)?,
            workspace: workspace(device, 1)?,
            choices: HashMap::new(),
        })),
    }
}

fn workspace(device: &CudaDevice, bytes: usize) -> Result<CudaSlice<u8>> {
    #[allow(unsafe_code, reason = "nobody reads what was there before")]
    // SAFETY: an algorithm reads nothing there that it has not written.
    unsafe {
        device.alloc::<u8>(bytes)
    }
}

impl Library {
    fn run<T: Stored>(
        &mut self,
        pass: Pass,
        conv: &Conv,
        device: &CudaDevice,
        a: &CudaView<'_, T>,
        b: &CudaView<'_, T>,
        y: &mut CudaSlice<T>,
    ) -> Result<()> {
        let (input, output, window) = (conv.input, conv.output, conv.window);
        let pair = |[y, x]: [usize; 2]| -> Result<[i32; 2]> { Ok([int(y)?, int(x)?]) };
        let handle = &self.handle;
        let mut convolution = handle
            .create_conv2d::<f32>(
                pair(window.padding)?,
                pair(window.stride)?,
                pair(window.dilation)?,
                sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION,
            )
            .map_err(Error::wrap)?;
        convolution
            .set_group_count(int(conv.groups)?)
            .map_err(Error::wrap)?;
        convolution
            .set_math_type(math::<T>())
            .map_err(Error::wrap)?;
        let layout = sys::cudnnTensorFormat_t::CUDNN_TENSOR_NHWC;
        let of = |of: crate::cpu::pictures::Pictures| {
            let dims = [of.batch, of.channels, of.height, of.width];
            let [n, c, h, w] = dims.map(int);
            let dims = [n?, c?, h?, w?];
            handle
                .create_4d_tensor::<T>(layout, dims)
                .map_err(Error::wrap)
        };
        let (x, above) = (of(input)?, of(output)?);
        let [kernel_y, kernel_x] = pair(window.kernel)?;
        let inputs = int(input.channels / conv.groups)?;
        let dims = [int(output.channels)?, inputs, kernel_y, kernel_x];
        let filter = handle
            .create_4d_filter::<T>(layout, dims)
            .map_err(Error::wrap)?;
        let key = Key {
            pass,
            dtype: T::DTYPE,
            sizes: sizes(conv),
        };
        let (one, zero) = (T::ONE, T::ZERO);
        // Descriptions of one convolution for all three passes, as the algorithms' choices are.
        let forward = ConvForward {
            conv: &convolution,
            x: &x,
            w: &filter,
            y: &above,
        };
        let data = ConvBackwardData {
            conv: &convolution,
            dx: &x,
            w: &filter,
            dy: &above,
        };
        let gradient = ConvBackwardFilter {
            conv: &convolution,
            x: &x,
            dw: &filter,
            dy: &above,
        };
        let choice = match self.choices.get(&key) {
            Some(choice) => *choice,
            None => {
                let choice = match pass {
                    Pass::Forward => {
                        let algorithm = forward.pick_algorithm().map_err(Error::wrap)?;
                        let bytes = forward.get_workspace_size(algorithm);
                        Choice::Forward(algorithm, bytes.map_err(Error::wrap)?)
                    }
                    Pass::Data => {
                        let algorithm = data.pick_algorithm().map_err(Error::wrap)?;
                        let bytes = data.get_workspace_size(algorithm);
                        Choice::Data(algorithm, bytes.map_err(Error::wrap)?)
                    }
                    Pass::Filter => {
                        let algorithm = gradient.pick_algorithm().map_err(Error::wrap)?;
                        let bytes = gradient.get_workspace_size(algorithm);
                        Choice::Filter(algorithm, bytes.map_err(Error::wrap)?)
                    }
                };
                self.choices.insert(key, choice);
                choice
            }
        };
        let (Choice::Forward(_, bytes) | Choice::Data(_, bytes) | Choice::Filter(_, bytes)) =
            choice;
        if self.workspace.len() < bytes {
            self.workspace = workspace(device, bytes)?;
        }
        let space = Some(&mut self.workspace);
        #[allow(unsafe_code, reason = "cuDNN takes pointers")]
        // SAFETY: the memory is of the type and the sizes that the descriptions say: `shape` says
        // how large the output is by the same convolution, and the inputs were checked by `conv2d`.
        let outcome = unsafe {
            match choice {
                Choice::Forward(algorithm, _) => {
                    forward.launch(algorithm, space, (one, zero), a, b, y)
                }
                Choice::Data(algorithm, _) => data.launch(algorithm, space, (one, zero), y, b, a),
                Choice::Filter(algorithm, _) => {
                    gradient.launch(algorithm, space, (one, zero), a, y, b)
                }
            }
        };
        outcome.map_err(Error::wrap)
    }
}

/// Which units of the GPU may multiply: f32 in full unless TF32 was allowed for products of matrices.
fn math<T: Stored>() -> sys::cudnnMathType_t {
    match T::DTYPE {
        DType::F32 if candle_core::cuda_backend::gemm_reduced_precision_f32() => {
            sys::cudnnMathType_t::CUDNN_DEFAULT_MATH
        }
        DType::F32 => sys::cudnnMathType_t::CUDNN_FMA_MATH,
        _ => sys::cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
    }
}

fn int(value: usize) -> Result<i32> {
    match i32::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => bail!("cuDNN counts up to {}, got {value}", i32::MAX),
    }
}

fn sizes(conv: &Conv) -> [usize; 17] {
    let (input, output, window) = (conv.input, conv.output, conv.window);
    [
        input.batch,
        input.height,
        input.width,
        input.channels,
        output.height,
        output.width,
        output.channels,
        conv.groups,
        window.kernel[0],
        window.kernel[1],
        window.stride[0],
        window.stride[1],
        window.padding[0],
        window.padding[1],
        window.dilation[0],
        window.dilation[1],
        usize::from(math_is_reduced()),
    ]
}

fn math_is_reduced() -> bool {
    candle_core::cuda_backend::gemm_reduced_precision_f32()
}

//! Sums from GPU to GPU, over NCCL.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use candle_core::cuda_backend::cudarc::driver::{CudaEvent, CudaStream};
use candle_core::cuda_backend::cudarc::nccl::{Comm, Id, ReduceOp, group_end, group_start};
use candle_core::{
    CpuStorage, CudaDevice, CudaStorage, Device, InplaceOp1, Layout, Result as CandleResult,
    Tensor, bail,
};
use sarangi_core::{Communicator, During, Error, PendingTensors, Result};

const OP: &str = "sum_gradients";

/// The GPUs of all ranks, one each.
///
/// A thread of its own queues the sums, on a stream of its own, so that they travel while the GPU
/// computes: a sum begins when what was queued before it on the stream that computes is done, and
/// that stream waits for it when somebody asks for the result.
#[derive(Debug)]
pub(crate) struct Nccl {
    device: CudaDevice,
    sender: Sender<Job>,
}

struct Job {
    tensors: Vec<Tensor>,
    /// When they are computed.
    computed: CudaEvent,
    /// When they are summed.
    done: Sender<Result<CudaEvent>>,
}

/// Bytes of the number by which the GPUs of one job know each other.
const ID: usize = 128;

impl Nccl {
    /// The GPUs that these ranks compute on, this rank's being `device`. All ranks must call it at once.
    pub(crate) fn over(ranks: &dyn Communicator, device: &CudaDevice) -> Result<Self> {
        let own = match ranks.is_first() {
            true => Id::new()
                .map_err(failed)?
                .internal()
                .map(|c| c as u8)
                .to_vec(),
            false => Vec::new(),
        };
        let id = ranks.broadcast(own, 0)?;
        let id: [u8; ID] = id
            .try_into()
            .map_err(|_| Error::cluster(0, "it sent no number for NCCL"))?;
        let (rank, size) = (ranks.rank(), ranks.size());
        let (sender, jobs) = channel();
        let (started, start) = channel();
        let of_thread = device.clone();
        thread::Builder::new()
            .name("nccl".into())
            .spawn(move || {
                let id = Id::uninit(id.map(|byte| byte as _));
                queue(&of_thread, rank, size, id, &started, &jobs);
            })
            .map_err(|e| Error::cluster(rank, format!("cannot start the thread for NCCL: {e}")))?;
        start.recv().map_err(|_| ended(rank))??;
        Ok(Self {
            device: device.clone(),
            sender,
        })
    }

    /// Whether this is the GPU whose tensors are summed.
    pub(crate) fn is_of(&self, device: &CudaDevice) -> bool {
        self.device.id() == device.id()
    }

    /// Begins to sum tensors of this rank's GPU, in place.
    pub(crate) fn begin(&self, tensors: &[Tensor], rank: usize) -> Result<PendingTensors> {
        let compute = self.device.cuda_stream();
        let (done, result) = channel();
        let job = Job {
            tensors: tensors.to_vec(),
            computed: compute.record_event(None).map_err(of_driver)?,
            done,
        };
        self.sender.send(job).map_err(|_| ended(rank))?;
        Ok(PendingTensors::new(move || {
            let summed = result.recv().map_err(|_| ended(rank))??;
            compute.wait(&summed).map_err(of_driver)
        }))
    }
}

/// The thread that speaks to NCCL.
fn queue(
    device: &CudaDevice,
    rank: usize,
    size: usize,
    id: Id,
    started: &Sender<Result<()>>,
    jobs: &Receiver<Job>,
) {
    let start = || {
        let stream = device
            .cuda_stream()
            .context()
            .new_stream()
            .map_err(of_driver)?;
        let comm = Comm::from_rank(stream.clone(), rank, size, id).map_err(failed)?;
        Ok((stream, comm))
    };
    let (stream, comm) = match start() {
        Ok(both) => both,
        Err(error) => {
            // Whoever waits for it is told; if nobody does, nobody need know.
            let _ = started.send(Err(error));
            return;
        }
    };
    if started.send(Ok(())).is_err() {
        return;
    }
    for job in jobs {
        let _ = job.done.send(sum(&job, &stream, &comm));
    }
}

fn sum(job: &Job, stream: &CudaStream, comm: &Comm) -> Result<CudaEvent> {
    stream.wait(&job.computed).map_err(of_driver)?;
    group_start().map_err(failed)?;
    for tensor in &job.tensors {
        tensor.inplace_op1(&Sum(comm)).during(OP)?;
    }
    group_end().map_err(failed)?;
    stream.record_event(None).map_err(of_driver)
}

/// A tensor's sum over all ranks.
struct Sum<'a>(&'a Comm);

impl InplaceOp1 for Sum<'_> {
    fn name(&self) -> &'static str {
        OP
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> CandleResult<()> {
        bail!("NCCL sums the tensors of GPUs alone")
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> CandleResult<()> {
        let Some((from, to)) = layout.contiguous_offsets() else {
            bail!("NCCL sums contiguous tensors alone");
        };
        let mut values = storage.as_cuda_slice_mut::<f32>()?.slice_mut(from..to);
        match self.0.all_reduce_in_place(&mut values, &ReduceOp::Sum) {
            Ok(_) => Ok(()),
            Err(error) => bail!("NCCL: {:?}", error.0),
        }
    }
}

/// The GPU that a tensor is on.
pub(crate) fn gpu_of(tensors: &[Tensor]) -> Option<CudaDevice> {
    match tensors.first()?.device() {
        Device::Cuda(device) => Some(device.clone()),
        _ => None,
    }
}

fn ended(rank: usize) -> Error {
    Error::cluster(rank, "its connection to the other GPUs has ended")
}

fn failed(error: candle_core::cuda_backend::cudarc::nccl::result::NcclError) -> Error {
    Error::backend("NCCL", format!("{:?}", error.0))
}

fn of_driver(error: candle_core::cuda_backend::cudarc::driver::DriverError) -> Error {
    Error::backend("NCCL", error)
}

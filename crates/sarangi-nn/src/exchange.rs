//! Gradients summed over ranks, while the way back goes on.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use candle_core::{Device, Tensor, TensorId, Var};
use sarangi_core::{Communicator, During, Error, Result};

use crate::backward::{Cpu, Engine, Gradients, Parameters};
use crate::gpu::Gpu;
use crate::value::{Value, View};

/// Sums the gradients of ranks that train the same network on a share of the data each;
/// `torch.nn.parallel.DistributedDataParallel`.
///
/// Gradients travel in buckets of several parameters. A bucket leaves as soon as the way back has come
/// past the last layer that uses one of its parameters, so that the network's first layers are
/// computed while its last ones travel. Which that is, the first way back tells; it is looked
/// at anew where a later one differs.
#[derive(Debug)]
pub struct Exchange {
    ranks: Arc<dyn Communicator>,
    /// How many values fill a bucket.
    bucket: usize,
    plan: Option<Arc<Plan>>,
}

/// When which gradients leave.
#[derive(Debug)]
struct Plan {
    /// How often each parameter is given a gradient, and its bucket.
    uses: HashMap<TensorId, (usize, usize)>,
    /// How many parameters each bucket has.
    sizes: Vec<usize>,
    /// The parameters of each bucket, in the order in which they are complete.
    buckets: Vec<Vec<TensorId>>,
}

impl Exchange {
    /// Bytes of a bucket: large enough that a network's latency is no matter, small enough that the
    /// first leaves early.
    pub const BUCKET_BYTES: usize = 4 << 20;

    /// Between these ranks, in buckets of so many bytes.
    pub fn new(ranks: Arc<dyn Communicator>, bucket_bytes: usize) -> Self {
        Self {
            ranks,
            bucket: (bucket_bytes / size_of::<f32>()).max(1),
            plan: None,
        }
    }

    /// The gradients of `Σ value · dy`, summed over all ranks: as
    /// [`Value::backward_from`] on each. All ranks must call it at once, with the same network.
    ///
    /// # Errors
    /// As [`Value::backward_from`]; [`Error::Cluster`] if a rank has ended.
    pub fn backward_from(
        &mut self,
        value: &Value,
        dy: &Value,
        parameters: &[Var],
    ) -> Result<Gradients> {
        if value.dims() != dy.dims() {
            let (expected, got) = (format!("{:?}", value.dims()), format!("{:?}", dy.dims()));
            return Err(Error::shape("backward_from", expected, got));
        }
        match (value.view(), dy.view()) {
            (View::Host(host), View::Host(start)) => {
                let outbox = Outbox::new(Arc::clone(&self.ranks), self.plan.clone());
                let (mut gradients, outbox) = host.backward_into(start.stored(), outbox)?;
                self.finish::<Cpu>(outbox, gradients.host())?;
                Ok(gradients)
            }
            (View::Gpu(resident), _) => {
                let start = dy.on_gpu_like(resident)?;
                let outbox = Outbox::new(Arc::clone(&self.ranks), self.plan.clone());
                let (mut gradients, outbox) = resident.backward_into(start, outbox)?;
                self.finish::<Gpu>(outbox, gradients.gpu())?;
                Ok(gradients)
            }
            _ => {
                let mut gradients = value.backward_from(dy)?;
                self.sum(&mut gradients, parameters)?;
                Ok(gradients)
            }
        }
    }

    /// Sums gradients that are there already. `parameters` are all that have one, in the same order
    /// on all ranks.
    ///
    /// # Errors
    /// [`Error::Cluster`] if a rank has ended, [`Error::Backend`] if the device fails.
    pub fn sum(&self, gradients: &mut Gradients, parameters: &[Var]) -> Result<()> {
        const OP: &str = "sum_gradients";
        if let Some(values) = gradients.host() {
            return self.sum_all::<Cpu>(values, parameters);
        }
        if let Some(values) = gradients.gpu() {
            return self.sum_all::<Gpu>(values, parameters);
        }
        for parameter in parameters {
            if let Some(gradient) = gradients.get(parameter)? {
                let shape = gradient.shape().clone();
                let device = gradient.device().clone();
                let mut values = gradient
                    .flatten_all()
                    .and_then(|flat| flat.to_vec1::<f32>())
                    .during(OP)?;
                self.ranks.all_reduce_sum(&mut values)?;
                let sum = Tensor::from_vec(values, shape, &Device::Cpu)
                    .and_then(|sum| sum.to_device(&device))
                    .during(OP)?;
                gradients.replace_on_device(parameter, sum);
            }
        }
        Ok(())
    }

    fn sum_all<E: Engine>(&self, values: &mut Parameters<E>, parameters: &[Var]) -> Result<()> {
        let present = parameters.iter().map(|parameter| parameter.id());
        let ids: Vec<TensorId> = present.filter(|id| values.contains_key(id)).collect();
        let mut sent = Vec::new();
        for ids in filled::<E>(&ids, values, self.bucket) {
            sent.push(send::<E>(&ids, values, self.ranks.as_ref())?);
        }
        sent.into_iter()
            .try_for_each(|parcel| unpack::<E>(parcel, values))
    }

    /// Waits for what is on its way, sends what has not left, and puts the sums in their places.
    fn finish<E: Engine>(
        &mut self,
        outbox: Outbox<E>,
        gradients: Option<&mut Parameters<E>>,
    ) -> Result<()> {
        let Outbox {
            mut sent,
            uses,
            order,
            failed,
            ..
        } = outbox;
        if let Some(error) = failed {
            return Err(error);
        }
        let Some(values) = gradients else {
            return Ok(());
        };
        // In the order in which they were complete, which is that of all ranks; of a parameter that is
        // used several times the last place counts.
        let mut last: HashMap<TensorId, usize> = HashMap::new();
        last.extend(order.iter().enumerate().map(|(place, &id)| (id, place)));
        let order: Vec<TensorId> = order
            .iter()
            .enumerate()
            .filter(|(place, id)| last[id] == *place)
            .map(|(_, &id)| id)
            .collect();
        let left: Vec<TensorId> = order
            .iter()
            .copied()
            .filter(|id| values.contains_key(id))
            .collect();
        let surprises = self.plan.is_some() && !left.is_empty();
        let left = filled::<E>(&left, values, self.bucket);
        if self.plan.is_none() {
            self.plan = Some(Arc::new(Plan::of(&left, &uses)));
        }
        if surprises {
            self.plan = None;
        }
        for ids in left {
            sent.push(send::<E>(&ids, values, self.ranks.as_ref())?);
        }
        sent.into_iter()
            .try_for_each(|parcel| unpack::<E>(parcel, values))
    }
}

impl Plan {
    fn of(buckets: &[Vec<TensorId>], uses: &HashMap<TensorId, usize>) -> Self {
        let numbered = buckets.iter().enumerate();
        let placed = numbered.flat_map(|(bucket, ids)| ids.iter().map(move |id| (*id, bucket)));
        Self {
            uses: placed
                .map(|(id, bucket)| (id, (uses.get(&id).copied().unwrap_or(1), bucket)))
                .collect(),
            sizes: buckets.iter().map(Vec::len).collect(),
            buckets: buckets.to_vec(),
        }
    }
}

/// Parameters put together until a bucket is full.
fn filled<E: Engine>(
    ids: &[TensorId],
    values: &Parameters<E>,
    bucket: usize,
) -> Vec<Vec<TensorId>> {
    let mut buckets = Vec::new();
    let (mut open, mut count) = (Vec::new(), 0);
    for &id in ids {
        open.push(id);
        count += values.get(&id).map_or(0, E::count);
        if count >= bucket {
            buckets.push(std::mem::take(&mut open));
            count = 0;
        }
    }
    if !open.is_empty() {
        buckets.push(open);
    }
    buckets
}

/// Watches a way back and sends what is complete.
pub(crate) struct Outbox<E: Engine> {
    ranks: Arc<dyn Communicator>,
    plan: Option<Arc<Plan>>,
    uses: HashMap<TensorId, usize>,
    /// The parameters as they were given gradients.
    order: Vec<TensorId>,
    /// How many parameters of each bucket are complete.
    complete: Vec<usize>,
    sent: Vec<E::Parcel>,
    failed: Option<Error>,
}

impl<E: Engine> fmt::Debug for Outbox<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl<E: Engine> Outbox<E> {
    fn new(ranks: Arc<dyn Communicator>, plan: Option<Arc<Plan>>) -> Self {
        let buckets = plan.as_ref().map_or(0, |plan| plan.buckets.len());
        Self {
            ranks,
            plan,
            uses: HashMap::new(),
            order: Vec::new(),
            complete: vec![0; buckets],
            sent: Vec::new(),
            failed: None,
        }
    }

    /// A parameter was given a gradient.
    pub(crate) fn given(&mut self, id: TensorId, gradients: &mut Parameters<E>) {
        let uses = self.uses.entry(id).or_insert(0);
        *uses += 1;
        self.order.push(id);
        let Some(plan) = &self.plan else {
            return;
        };
        let Some((_, bucket)) = plan.uses.get(&id).filter(|(all, _)| all == uses) else {
            return;
        };
        self.complete[*bucket] += 1;
        if self.complete[*bucket] < plan.sizes[*bucket] || self.failed.is_some() {
            return;
        }
        match send::<E>(&plan.buckets[*bucket], gradients, self.ranks.as_ref()) {
            Ok(parcel) => self.sent.push(parcel),
            Err(error) => self.failed = Some(error),
        }
    }
}

/// Takes the gradients of these parameters out and sends them.
fn send<E: Engine>(
    ids: &[TensorId],
    gradients: &mut Parameters<E>,
    ranks: &dyn Communicator,
) -> Result<E::Parcel> {
    let taken = ids
        .iter()
        .filter_map(|id| Some((*id, gradients.remove(id)?)));
    E::send(taken.collect(), ranks)
}

/// Puts the sums back; what has come for a parameter since then adds up.
fn unpack<E: Engine>(parcel: E::Parcel, gradients: &mut Parameters<E>) -> Result<()> {
    for (id, values) in E::receive(parcel)? {
        match gradients.get_mut(&id) {
            Some(present) => E::add_values(present, values)?,
            None => {
                gradients.insert(id, values);
            }
        }
    }
    Ok(())
}

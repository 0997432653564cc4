//! Gradients summed over ranks, while the way back goes on.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, Tensor, TensorId, Var};
use sarangi_core::{Communicator, During, Error, PendingSum, Result};

use crate::backward::Gradients;
use crate::cpu::buffer::Buffer;
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
        let (View::Host(host), View::Host(start)) = (value.view(), dy.view()) else {
            let mut gradients = value.backward_from(dy)?;
            self.sum(&mut gradients, parameters)?;
            return Ok(gradients);
        };
        if value.dims() != dy.dims() {
            let (expected, got) = (format!("{:?}", value.dims()), format!("{:?}", dy.dims()));
            return Err(Error::shape("backward_from", expected, got));
        }
        let outbox = Outbox::new(Arc::clone(&self.ranks), self.plan.clone());
        let (mut gradients, outbox) = host.backward_into(start.stored(), outbox)?;
        self.finish(outbox, gradients.host())?;
        Ok(gradients)
    }

    /// Sums gradients that are there already. `parameters` are all that have one, in the same order
    /// on all ranks.
    ///
    /// # Errors
    /// [`Error::Cluster`] if a rank has ended, [`Error::Backend`] if the device fails.
    pub fn sum(&self, gradients: &mut Gradients, parameters: &[Var]) -> Result<()> {
        const OP: &str = "sum_gradients";
        if let Some(values) = gradients.host() {
            let present = parameters.iter().map(|parameter| parameter.id());
            let ids: Vec<TensorId> = present.filter(|id| values.contains_key(id)).collect();
            let mut sent = Vec::new();
            for ids in filled(&ids, values, self.bucket) {
                sent.push(Parcel::send(&ids, values, self.ranks.as_ref())?);
            }
            return sent
                .into_iter()
                .try_for_each(|parcel| parcel.unpack(values));
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

    /// Waits for what is on its way, sends what has not left, and puts the sums in their places.
    fn finish(
        &mut self,
        outbox: Outbox,
        gradients: Option<&mut HashMap<TensorId, Buffer>>,
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
        let left = filled(&left, values, self.bucket);
        if self.plan.is_none() {
            self.plan = Some(Arc::new(Plan::of(&left, &uses)));
        }
        if surprises {
            self.plan = None;
        }
        for ids in left {
            sent.push(Parcel::send(&ids, values, self.ranks.as_ref())?);
        }
        sent.into_iter()
            .try_for_each(|parcel| parcel.unpack(values))
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
fn filled(
    ids: &[TensorId],
    values: &HashMap<TensorId, Buffer>,
    bucket: usize,
) -> Vec<Vec<TensorId>> {
    let mut buckets = Vec::new();
    let (mut open, mut count) = (Vec::new(), 0);
    for &id in ids {
        open.push(id);
        count += values.get(&id).map_or(0, |values| values.len());
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
#[derive(Debug)]
pub(crate) struct Outbox {
    ranks: Arc<dyn Communicator>,
    plan: Option<Arc<Plan>>,
    uses: HashMap<TensorId, usize>,
    /// The parameters as they were given gradients.
    order: Vec<TensorId>,
    /// How many parameters of each bucket are complete.
    complete: Vec<usize>,
    sent: Vec<Parcel>,
    failed: Option<Error>,
}

impl Outbox {
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
    pub(crate) fn given(&mut self, id: TensorId, gradients: &mut HashMap<TensorId, Buffer>) {
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
        match Parcel::send(&plan.buckets[*bucket], gradients, self.ranks.as_ref()) {
            Ok(parcel) => self.sent.push(parcel),
            Err(error) => self.failed = Some(error),
        }
    }
}

/// Gradients on their way to the other ranks and back.
#[derive(Debug)]
struct Parcel {
    lengths: Vec<(TensorId, usize)>,
    sum: PendingSum,
}

impl Parcel {
    /// Takes the gradients of these parameters out and sends them.
    fn send(
        ids: &[TensorId],
        gradients: &mut HashMap<TensorId, Buffer>,
        ranks: &dyn Communicator,
    ) -> Result<Self> {
        let taken = ids
            .iter()
            .filter_map(|id| Some((*id, gradients.remove(id)?)));
        let taken: Vec<(TensorId, Buffer)> = taken.collect();
        let mut values = Vec::with_capacity(taken.iter().map(|(_, values)| values.len()).sum());
        for (_, gradient) in &taken {
            values.extend_from_slice(gradient);
        }
        Ok(Self {
            lengths: taken
                .iter()
                .map(|(id, values)| (*id, values.len()))
                .collect(),
            sum: ranks.begin_sum(values)?,
        })
    }

    /// Puts the sums back; what has come for a parameter since then adds up.
    fn unpack(self, gradients: &mut HashMap<TensorId, Buffer>) -> Result<()> {
        let sum = self.sum.wait()?;
        let mut rest = &sum[..];
        for (id, length) in self.lengths {
            let Some((values, after)) = rest.split_at_checked(length) else {
                return Err(Error::shape("sum_gradients", length, rest.len()));
            };
            rest = after;
            match gradients.get_mut(&id) {
                Some(present) => present.iter_mut().zip(values).for_each(|(a, b)| *a += b),
                None => {
                    let mut own = Buffer::stale(length);
                    own.copy_from_slice(values);
                    gradients.insert(id, own);
                }
            }
        }
        Ok(())
    }
}

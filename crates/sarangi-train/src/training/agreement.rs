//! What ranks that train together agree on.

use sarangi_core::{Communicator, During, Error, Result};
use sarangi_data::{Normalisation, Part};
use sarangi_nn::Params;

use super::Data;
use crate::Recipe;

/// The numbers that features are scaled by, which the first rank finds.
pub(super) fn normalisation(
    recipe: &Recipe,
    ranks: &dyn Communicator,
    data: &Data<'_>,
) -> Result<Normalisation> {
    let fit = || recipe.normalise.fit(&data.part(Part::Train));
    if ranks.size() == 1 {
        return fit();
    }
    let fail = |e: serde_json::Error| Error::cluster(0, e.to_string());
    let own = match ranks.is_first() {
        true => serde_json::to_vec(&fit()?).map_err(fail)?,
        false => Vec::new(),
    };
    serde_json::from_slice(&ranks.broadcast(own, 0)?).map_err(fail)
}

/// What ranks know together of a batch that they share.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchSums {
    /// How much the loss of all of it counts beside that of another batch.
    pub(super) share: f64,
    /// How much this rank's loss counts in that of all of it.
    pub(super) weight: f64,
    pub(super) loss: f64,
    pub(super) right: usize,
    pub(super) chunks: usize,
}

impl BatchSums {
    /// Sums up, given how much this rank's part counts, its mean loss, and how many of its chunks were
    /// right of how many.
    pub(super) fn of(
        ranks: &dyn Communicator,
        share: f64,
        loss: f64,
        [right, chunks]: [usize; 2],
    ) -> Result<Self> {
        // What counts nothing is no number times 0.
        let weighted = if share == 0.0 { 0.0 } else { share * loss };
        let mut sums = [share, weighted, right as f64, chunks as f64];
        ranks.all_reduce_sum_f64(&mut sums)?;
        let [all, weighted, right, chunks] = sums;
        Ok(Self {
            share: all,
            weight: share / all,
            loss: weighted / all,
            right: right as usize,
            chunks: chunks as usize,
        })
    }
}

/// Makes running statistics, which each rank has of its own shares where batch norms are not
/// synchronised, the mean of all ranks'.
pub(super) fn average_statistics(ranks: &dyn Communicator, params: &Params) -> Result<()> {
    const OP: &str = "statistics";
    for (_, parameter) in params.all() {
        if parameter.trainable {
            continue;
        }
        let tensor = parameter.var.as_tensor();
        let mut values = tensor
            .flatten_all()
            .and_then(|flat| flat.to_vec1::<f32>())
            .during(OP)?;
        ranks.all_reduce_sum(&mut values)?;
        values.iter_mut().for_each(|x| *x /= ranks.size() as f32);
        candle_core::Tensor::from_vec(values, tensor.shape(), &candle_core::Device::Cpu)
            .and_then(|mean| mean.to_device(tensor.device()))
            .and_then(|mean| parameter.var.set(&mean))
            .during(OP)?;
    }
    Ok(())
}

/// Refuses to go on where ranks no longer have the same weights, to the bit.
pub(super) fn check_weights(ranks: &dyn Communicator, params: &Params) -> Result<()> {
    if ranks.size() == 1 {
        return Ok(());
    }
    let digest = digest(params)?;
    for (rank, other) in ranks.gather(digest.to_vec())?.into_iter().enumerate() {
        if other != digest {
            let reason = format!(
                "its weights are not those of rank {}: the machines do not compute alike; set \
                 SARANGI_ISA to what all of them have, such as avx2",
                ranks.rank()
            );
            return Err(Error::cluster(rank, reason));
        }
    }
    Ok(())
}

/// FNV-1a of the bits of all values.
fn digest(params: &Params) -> Result<[u8; 8]> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for tensor in params.snapshot()?.into_values() {
        let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
        for value in values.during("digest")? {
            hash = (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    Ok(hash.to_le_bytes())
}

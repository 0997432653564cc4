//! What the runs on one data set share.

use candle_core::{DType, Device};
use ndarray::Array4;
use sarangi_core::{Error, IntoTensor, Result, Spec};
use sarangi_data::{Corpus, FeatureCache, FrontEnd, Leaks, Split, SplitSpec};
use sarangi_models::ModelContext;
use sarangi_nn::{Model, Params};

use crate::{Event, Observer, Recipe, TrainOptions};

/// A data set whose features are computed, and what computed them.
pub(crate) struct PreparedData {
    pub(crate) corpus: Corpus,
    pub(crate) cache: FeatureCache,
    pub(crate) front_end: FrontEnd,
    pub(crate) device: Device,
}

/// A split of it, and what of it leaks.
pub(crate) struct Drawn {
    pub(crate) spec: SplitSpec,
    pub(crate) split: Split,
    pub(crate) leaks: Leaks,
}

impl PreparedData {
    /// Computes the features that a recipe asks for, once its network is known to fit them.
    pub(crate) fn new(
        recipe: &Recipe,
        options: &TrainOptions,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let device = open(options, observer)?;
        let front_end = recipe.front_end.build(())?;
        let cache = options.cache.clone();
        let cache = FeatureCache::new(cache.unwrap_or_else(|| options.out.join("cache")));
        // Before any sound is read: what makes no sense should not cost an hour first.
        check_model(recipe, &front_end)?;
        let ranks = options.ranks.as_ref();
        let corpus =
            Corpus::prepare_among(ranks, &options.data, &front_end, &cache, |done, total| {
                observer.observe(Event::Preparing { done, total });
            })?;
        Ok(Self {
            corpus,
            cache,
            front_end,
            device,
        })
    }

    /// Splits it, and does with what leaks as the recipe says.
    pub(crate) fn draw(&self, recipe: &Recipe, spec: SplitSpec) -> Result<Drawn> {
        let Self {
            corpus,
            cache,
            front_end,
            ..
        } = self;
        let policy = recipe.leaks;
        let (split, leaks) = policy.split(&spec, corpus, recipe.seed, front_end, cache)?;
        Ok(Drawn { spec, split, leaks })
    }
}

/// Runs the network once on nothing, so that one that does not fit the features fails now.
fn check_model(recipe: &Recipe, front_end: &FrontEnd) -> Result<()> {
    let params = Params::new(recipe.seed, &Device::Cpu);
    let [in_channels, bins, frames] = front_end.shape();
    let cx = ModelContext {
        params: &recipe.training.thaw().place(&params, 1),
        in_channels,
        classes: 2,
    };
    let network = recipe.network(cx, DType::F32)?;
    recipe.training.check_network(&params)?;
    let nothing = Array4::zeros((1, in_channels, bins, frames)).into_tensor(&Device::Cpu)?;
    network.predict(&nothing).map(|_| ())
}

/// The device that this rank computes on, if all ranks' are of one kind.
fn open(options: &TrainOptions, observer: &dyn Observer) -> Result<Device> {
    let ranks = options.ranks.as_ref();
    let backend = match ranks.size() {
        1 => options.device,
        _ => options.device.of_rank(ranks.local_rank()),
    };
    let (device, notice) = backend.open()?;
    if let Some(notice) = notice {
        observer.observe(Event::Warning(notice));
    }
    let kinds = ranks.gather(vec![u8::from(device.is_cpu())])?;
    match kinds.iter().position(|kind| *kind != kinds[0]) {
        None => Ok(device),
        Some(rank) => {
            let reason = "does not compute on the same kind of device as rank 0; start as many \
                          ranks as there are GPUs, or give --device cpu";
            Err(Error::cluster(rank, reason))
        }
    }
}

//! The named parameters of a network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Shape, Tensor, Var};
use sarangi_core::{During, Error, Result, Seed};

use crate::Init;

/// One named tensor of a network.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its values; writing to them changes the network.
    pub var: Var,
    /// Whether an optimiser may change it. Running statistics are not trainable.
    pub trainable: bool,
}

/// A place in a network's tree of named parameters, such as `block1.0`.
///
/// Layers ask it for their tensors by name while they are built; what is not there yet is made,
/// drawn from a generator that depends only on the seed and the full name. So adding a layer never
/// changes how another begins. Clones and sub-paths share one store, ordered by name.
#[derive(Clone, Debug)]
pub struct Params {
    store: Arc<Mutex<BTreeMap<String, Parameter>>>,
    path: String,
    seed: Seed,
    device: Device,
}

impl Params {
    /// An empty store on `device`, its weights to be drawn from `seed`.
    pub fn new(seed: Seed, device: &Device) -> Self {
        Self {
            store: Arc::default(),
            path: String::new(),
            seed,
            device: device.clone(),
        }
    }

    /// The place `name` below this one.
    #[must_use]
    pub fn sub(&self, name: impl AsRef<str>) -> Self {
        Self {
            path: self.full_name(name.as_ref()),
            ..self.clone()
        }
    }

    /// The device on which the tensors live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The trainable tensor `name` at this place.
    ///
    /// # Errors
    /// [`Error::Shape`] if it exists with another shape, [`Error::Backend`] if the device fails.
    pub fn weight(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        Ok(self
            .get(name, shape.into(), init, true)?
            .as_tensor()
            .clone())
    }

    /// The tensor `name` at this place that is saved with the network but not trained.
    ///
    /// # Errors
    /// As [`weight`](Self::weight).
    pub fn buffer(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Var> {
        self.get(name, shape.into(), init, false)
    }

    /// All parameters of the whole network, in the order of their names.
    pub fn all(&self) -> Vec<(String, Parameter)> {
        self.store()
            .iter()
            .map(|(name, p)| (name.clone(), p.clone()))
            .collect()
    }

    /// The parameters that an optimiser may change, in the order of their names.
    pub fn trainable(&self) -> Vec<(String, Var)> {
        self.all()
            .into_iter()
            .filter(|(_, p)| p.trainable)
            .map(|(n, p)| (n, p.var))
            .collect()
    }

    /// How many numbers an optimiser may change.
    pub fn trainable_count(&self) -> usize {
        self.trainable()
            .iter()
            .map(|(_, var)| var.elem_count())
            .sum()
    }

    /// Copies of all tensors by name, on the CPU.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn snapshot(&self) -> Result<BTreeMap<String, Tensor>> {
        self.all()
            .into_iter()
            .map(|(name, p)| {
                // `copy`, since the variable's own storage changes with the next step.
                let tensor = p
                    .var
                    .as_tensor()
                    .copy()
                    .and_then(|t| t.to_device(&Device::Cpu));
                Ok((name, tensor.during("snapshot")?))
            })
            .collect()
    }

    /// Sets every tensor of the network, strictly: the names and shapes must be exactly these.
    ///
    /// Nothing is changed unless everything fits.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the missing, left-over or mis-shaped tensors.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        let all = self.all();
        let mut faults = Vec::new();
        for (name, p) in &all {
            match tensors.get(name) {
                None => faults.push(format!("`{name}` is missing")),
                Some(t) if t.shape() != p.var.shape() => faults.push(format!(
                    "`{name}` has shape {:?} instead of {:?}",
                    t.dims(),
                    p.var.dims()
                )),
                Some(_) => {}
            }
        }
        let known = |name: &&String| all.binary_search_by(|(n, _)| n.cmp(name)).is_err();
        faults.extend(
            tensors
                .keys()
                .filter(known)
                .map(|name| format!("`{name}` is unknown")),
        );
        if !faults.is_empty() {
            let expected = format_args!("the {} tensors of the network", all.len()).to_string();
            return Err(Error::shape("load parameters", expected, faults.join(", ")));
        }
        for (name, p) in &all {
            let value = tensors[name]
                .to_device(&self.device)
                .and_then(|t| t.to_dtype(DType::F32))
                .during("load parameters")?;
            p.var.set(&value).during("load parameters")?;
        }
        Ok(())
    }

    fn get(&self, name: &str, shape: Shape, init: Init, trainable: bool) -> Result<Var> {
        let name = self.full_name(name);
        if let Some(existing) = self.store().get(&name) {
            if existing.var.shape() != &shape {
                let (want, have) = (format!("{shape:?}"), format!("{:?}", existing.var.shape()));
                return Err(Error::shape(
                    "parameter",
                    format!("`{name}` of {want}"),
                    have,
                ));
            }
            return Ok(existing.var.clone());
        }
        let values = init.sample(shape.elem_count(), &mut self.seed.named(&name));
        let var = Var::from_vec(values, shape, &self.device).during("parameter")?;
        self.store().insert(
            name,
            Parameter {
                var: var.clone(),
                trainable,
            },
        );
        Ok(var)
    }

    fn full_name(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn store(&self) -> MutexGuard<'_, BTreeMap<String, Parameter>> {
        // No code panics while it holds the lock, and the map is valid at every moment.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(seed: u64) -> Params {
        let params = Params::new(Seed(seed), &Device::Cpu);
        let block = params.sub("block1");
        block
            .weight("weight", (2, 3), Init::FanInUniform { fan_in: 3 })
            .unwrap();
        block.buffer("running_mean", 2, Init::Const(0.0)).unwrap();
        params
    }

    #[test]
    fn values_depend_on_the_seed_and_the_name_alone() {
        let values = |p: &Params| {
            p.snapshot().unwrap()["block1.weight"]
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()
        };
        let other = Params::new(Seed(1), &Device::Cpu);
        other
            .weight("first", 7, Init::FanInUniform { fan_in: 3 })
            .unwrap();
        other
            .sub("block1")
            .weight("weight", (2, 3), Init::FanInUniform { fan_in: 3 })
            .unwrap();
        assert_eq!(values(&two(1)), values(&other));
        assert_ne!(values(&two(1)), values(&two(2)));
    }

    #[test]
    fn loading_is_strict_both_ways_and_changes_nothing_when_it_fails() {
        let (from, to) = (two(1), two(2));
        let before = to.snapshot().unwrap();
        let mut tensors = from.snapshot().unwrap();
        tensors.insert(
            "extra".into(),
            Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap(),
        );
        tensors.remove("block1.running_mean");
        let message = to.load(&tensors).unwrap_err().to_string();
        assert!(
            message.contains("`block1.running_mean` is missing"),
            "{message}"
        );
        assert!(message.contains("`extra` is unknown"), "{message}");
        let flat = |m: &BTreeMap<String, Tensor>| {
            m["block1.weight"]
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()
        };
        assert_eq!(flat(&to.snapshot().unwrap()), flat(&before));
        to.load(&from.snapshot().unwrap()).unwrap();
        assert_eq!(
            flat(&to.snapshot().unwrap()),
            flat(&from.snapshot().unwrap())
        );
    }

    #[test]
    fn only_weights_are_trainable() {
        let params = two(1);
        assert_eq!(params.trainable_count(), 6);
        assert_eq!(params.all().len(), 2);
    }
}

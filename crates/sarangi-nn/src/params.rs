//! The named parameters of a network.

mod values;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Shape, Tensor, Var};
use sarangi_core::{During, Error, Result, Seed};

use crate::Init;
use values::{Origin, fit, missing, refusal, unknown};

/// The most values that one tensor may have: 8 GiB of f32. A description that asks for more is
/// wrong, and must be refused before memory is asked for.
const MAX_VALUES: usize = 1 << 31;

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
/// changes how another begins. A network that is trained already is built
/// [from its values](Self::from_values) instead. Clones and sub-paths share one store, ordered by
/// name.
#[derive(Clone, Debug)]
pub struct Params {
    store: Arc<Mutex<BTreeMap<String, Parameter>>>,
    path: String,
    origin: Arc<Origin>,
    device: Device,
}

impl Params {
    /// An empty store on `device`, its weights to be drawn from `seed`.
    pub fn new(seed: Seed, device: &Device) -> Self {
        Self::with_origin(Origin::Drawn(seed), device)
    }

    /// An empty store on `device` whose parameters take their first values from `tensors`.
    ///
    /// Nothing is drawn: while the network is built, asking for a parameter that `tensors` lacks,
    /// or has with another shape, an integer type or values that are not finite, is an
    /// [`Error::Shape`] that names it. So a description that does not fit its file costs no memory.
    /// What is left over at the end, [`check_all_used`](Self::check_all_used) names.
    pub fn from_values(tensors: BTreeMap<String, Tensor>, device: &Device) -> Self {
        Self::with_origin(Origin::Given(tensors), device)
    }

    fn with_origin(origin: Origin, device: &Device) -> Self {
        Self {
            store: Arc::default(),
            path: String::new(),
            origin: Arc::new(origin),
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
    /// [`Error::Config`] if the shape has more than 2³¹ values, [`Error::Shape`] if the parameter
    /// exists with another shape, or is to be [given](Self::from_values) and does not fit,
    /// [`Error::Backend`] if the device fails.
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

    /// Sets every tensor of the network, strictly: the names and shapes must be exactly these, the
    /// values finite floats.
    ///
    /// Nothing is changed unless everything fits.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the missing, left-over and unfit tensors, [`Error::Backend`] if the
    /// device fails.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
        let all = self.all();
        let (mut fitting, mut faults) = (Vec::new(), Vec::new());
        for (name, p) in &all {
            match tensors.get(name) {
                None => faults.push(missing(name)),
                Some(tensor) => match fit(name, tensor, p.var.dims(), &self.device)? {
                    Ok(values) => fitting.push((&p.var, values)),
                    Err(fault) => faults.push(fault),
                },
            }
        }
        faults.extend(self.not_mine(tensors));
        if !faults.is_empty() {
            return Err(refusal(&faults));
        }
        for (var, values) in fitting {
            var.set(&values).during("load parameters")?;
        }
        Ok(())
    }

    /// Refuses values that were [given](Self::from_values) but that no layer asked for. To be called
    /// once the network is built.
    ///
    /// # Errors
    /// [`Error::Shape`] naming every tensor that is left over.
    pub fn check_all_used(&self) -> Result<()> {
        let faults = match &*self.origin {
            Origin::Drawn(_) => Vec::new(),
            Origin::Given(tensors) => self.not_mine(tensors),
        };
        match faults.is_empty() {
            true => Ok(()),
            false => Err(refusal(&faults)),
        }
    }

    /// The names among `tensors` that the network does not have.
    fn not_mine(&self, tensors: &BTreeMap<String, Tensor>) -> Vec<String> {
        let store = self.store();
        let names = tensors.keys().filter(|name| !store.contains_key(*name));
        names.map(|name| unknown(name)).collect()
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
        let count = shape
            .dims()
            .iter()
            .try_fold(1usize, |count, &dim| count.checked_mul(dim))
            .filter(|&count| count <= MAX_VALUES);
        let Some(count) = count else {
            let reason = format!("a tensor of {shape:?} is larger than any network's");
            return Err(Error::config("parameters", name, reason));
        };
        let var = match &*self.origin {
            Origin::Drawn(seed) => {
                let values = init.sample(count, &mut seed.named(&name));
                Var::from_vec(values, shape, &self.device)
            }
            Origin::Given(tensors) => {
                let fitting = match tensors.get(&name) {
                    None => Err(missing(&name)),
                    Some(tensor) => fit(&name, tensor, shape.dims(), &self.device)?,
                };
                Var::from_tensor(&fitting.map_err(|fault| refusal(&[fault]))?)
            }
        };
        let var = var.during("parameter")?;
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
    use candle_core::DType;

    fn ask_for_two(params: &Params) -> Result<()> {
        let block = params.sub("block1");
        block.weight("weight", (2, 3), Init::FanInUniform { fan_in: 3 })?;
        block.buffer("running_mean", 2, Init::Const(0.0))?;
        Ok(())
    }

    fn two(seed: u64) -> Params {
        let params = Params::new(Seed(seed), &Device::Cpu);
        ask_for_two(&params).unwrap();
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

    /// Every way in which a tensor cannot be `block1.weight`, and what the error says.
    fn unfit() -> Vec<(Tensor, &'static str)> {
        let of = |values: [f32; 6]| Tensor::from_vec(values.to_vec(), (2, 3), &Device::Cpu);
        let zeros = |shape, dtype| Tensor::zeros(shape, dtype, &Device::Cpu);
        let huge = Tensor::full(1e300f64, (2, 3), &Device::Cpu);
        [
            (of([0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0]), "holds NaN"),
            (of([0.0, 0.0, 0.0, 0.0, 0.0, f32::INFINITY]), "holds inf"),
            (huge, "holds inf"),
            (zeros((2, 3), DType::I64), "is of type i64"),
            (zeros((3, 2), DType::F32), "has shape [3, 2] instead of"),
        ]
        .map(|(tensor, part)| (tensor.unwrap(), part))
        .into()
    }

    #[test]
    fn unfit_values_are_named_and_change_nothing() {
        for (tensor, part) in unfit() {
            let params = two(1);
            let before = params.snapshot().unwrap();
            let mut tensors = two(2).snapshot().unwrap();
            tensors.insert("block1.weight".into(), tensor);
            let given = Params::from_values(tensors.clone(), &Device::Cpu);
            for error in [params.load(&tensors), ask_for_two(&given)] {
                let message = error.unwrap_err().to_string();
                let said = format!("`block1.weight` {part}");
                assert!(message.contains(&said), "{message}");
            }
            for (name, tensor) in params.snapshot().unwrap() {
                assert_eq!(tensor.to_string(), before[&name].to_string());
            }
        }
    }

    #[test]
    fn a_network_is_built_from_the_values_given_and_all_of_them() {
        let mut tensors = two(1).snapshot().unwrap();
        let params = Params::from_values(tensors.clone(), &Device::Cpu);
        ask_for_two(&params).unwrap();
        params.check_all_used().unwrap();
        for (name, tensor) in params.snapshot().unwrap() {
            assert_eq!(tensor.to_string(), tensors[&name].to_string());
        }
        // What was given is copied: training must not change it.
        let (_, var) = params.trainable().remove(0);
        var.set(&var.zeros_like().unwrap()).unwrap();
        let sum = tensors["block1.weight"].abs().unwrap().sum_all().unwrap();
        assert!(sum.to_scalar::<f32>().unwrap() > 0.0);

        let extra = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
        tensors.insert("extra".into(), extra);
        let params = Params::from_values(tensors.clone(), &Device::Cpu);
        ask_for_two(&params).unwrap();
        let message = params.check_all_used().unwrap_err().to_string();
        assert!(message.ends_with("got `extra` is unknown"), "{message}");

        tensors.remove("block1.running_mean");
        let params = Params::from_values(tensors, &Device::Cpu);
        let message = ask_for_two(&params).unwrap_err().to_string();
        assert!(
            message.contains("`block1.running_mean` is missing"),
            "{message}"
        );
    }

    #[test]
    fn absurd_shapes_are_refused_before_memory_is_asked_for() {
        let params = Params::new(Seed(0), &Device::Cpu);
        for dims in [
            vec![1 << 31, 1 << 31, 16],
            vec![usize::MAX],
            vec![MAX_VALUES + 1],
        ] {
            let weight = params.weight("w", dims.clone(), Init::Const(0.0));
            let buffer = params.buffer("w", dims, Init::Const(0.0)).map(|_| ());
            for error in [weight.map(|_| ()).unwrap_err(), buffer.unwrap_err()] {
                assert!(matches!(&error, Error::Config { field, .. } if field == "w"));
            }
        }
        assert!(params.all().is_empty());
    }
}

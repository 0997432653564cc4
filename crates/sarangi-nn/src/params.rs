//! The named parameters of a network.

mod freeze;
mod hold;
mod patterns;
mod values;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Shape, Tensor, Var};
use sarangi_core::{During, Error, Result, Seed};

use crate::Init;
pub use freeze::Freeze;
pub use hold::Hold;
pub use patterns::NamePatterns;
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

/// What a network has under a name, its values aside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParameterShape {
    /// Its dimensions.
    pub dims: Vec<usize>,
    /// Whether it was made at a [thawed](Params::thawed) place: it belongs to the network's head.
    pub head: bool,
}

/// What is known of a parameter.
#[derive(Debug)]
struct Entry {
    shape: Shape,
    trainable: bool,
    head: bool,
    /// Its values; an [outline](Params::outline) keeps none.
    var: Option<Var>,
}

impl Entry {
    fn parameter(&self) -> Option<Parameter> {
        Some(Parameter {
            var: self.var.clone()?,
            trainable: self.trainable,
        })
    }
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
    store: Arc<Mutex<BTreeMap<String, Entry>>>,
    path: String,
    origin: Arc<Origin>,
    device: Device,
    freeze: Freeze,
    /// What is held still, or let go, by name.
    hold: Arc<Hold>,
    /// Whether this is a place of the network's head.
    head: bool,
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

    /// An empty store that keeps the names and [`shapes`](Self::shapes) of parameters, and no values.
    ///
    /// A network built on it tells what it would hold, and takes no memory to speak of, however
    /// large its description says it is. It is not to be run: its weights are all 0.
    pub fn outline(device: &Device) -> Self {
        Self::with_origin(Origin::Outline, device)
    }

    fn with_origin(origin: Origin, device: &Device) -> Self {
        Self {
            store: Arc::default(),
            path: String::new(),
            origin: Arc::new(origin),
            device: device.clone(),
            freeze: Freeze::Nothing,
            hold: Arc::default(),
            head: false,
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

    /// The same place, what layers make from here on held still: the base of transfer learning.
    ///
    /// Sub-paths keep it. A network's head is made at [`thawed`](Self::thawed), so that handing
    /// frozen parameters to any network of `sarangi-models` freezes all of it but its head.
    #[must_use]
    pub fn frozen(&self, freeze: Freeze) -> Self {
        Self {
            freeze,
            head: false,
            ..self.clone()
        }
    }

    /// The same place, nothing held still: what layers make here is the network's head, and
    /// [known](ParameterShape::head) as such.
    #[must_use]
    pub fn thawed(&self) -> Self {
        Self {
            freeze: Freeze::Nothing,
            head: true,
            ..self.clone()
        }
    }

    /// The same place, what layers make from here on held still or let go by its full name; this
    /// goes above what was [frozen](Self::frozen), in the network's head too.
    ///
    /// A network that is built again at the same parameters under another `hold` has the same values,
    /// and [`trainable`](Self::trainable) follows: so layers thaw in the course of a training.
    #[must_use]
    pub fn holding(&self, hold: Hold) -> Self {
        Self {
            hold: Arc::new(hold),
            ..self.clone()
        }
    }

    /// What is frozen here, names aside.
    pub fn freeze(&self) -> Freeze {
        self.freeze
    }

    /// Whether the weight `name` at this place is trained.
    fn trains(&self, name: &str) -> bool {
        let by_name = self.hold.rules(&self.full_name(name));
        by_name.unwrap_or(self.freeze != Freeze::Base)
    }

    /// Whether the running statistic `name` at this place moves in training.
    pub(crate) fn moves(&self, name: &str) -> bool {
        let by_name = self.hold.rules(&self.full_name(name));
        by_name.unwrap_or(self.freeze == Freeze::Nothing)
    }

    /// The device on which the tensors live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The trainable tensor `name` at this place; of a [frozen base](Freeze::Base), and where it is
    /// [held](Self::holding) by its name, it is not trainable, and no gradient of it is computed.
    ///
    /// # Errors
    /// [`Error::Config`] if the shape has more than 2³¹ values, [`Error::Shape`] if the parameter
    /// exists with another shape, or is to be [given](Self::from_values) and does not fit,
    /// [`Error::Backend`] if the device fails.
    pub fn weight(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        let trains = self.trains(name);
        let shape = shape.into();
        Ok(match self.get(name, &shape, init, trains)? {
            Some(var) if trains => var.as_tensor().clone(),
            // The same memory, so that what is loaded later is seen, but no variable.
            Some(var) => var.as_detached_tensor(),
            // One number in every place.
            None => Tensor::zeros(1, DType::F32, &self.device)
                .and_then(|zero| zero.broadcast_as(shape))
                .during("parameter")?,
        })
    }

    /// The tensor `name` at this place that is saved with the network but not trained.
    ///
    /// # Errors
    /// As [`weight`](Self::weight).
    pub fn buffer(&self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Var> {
        let shape = shape.into();
        match self.get(name, &shape, init, false)? {
            Some(var) => Ok(var),
            // Statistics are a number for each channel.
            None => Var::zeros(shape, DType::F32, &self.device).during("parameter"),
        }
    }

    /// All parameters of the whole network, in the order of their names; of an
    /// [outline](Self::outline) there are none.
    pub fn all(&self) -> Vec<(String, Parameter)> {
        self.store()
            .iter()
            .filter_map(|(name, entry)| Some((name.clone(), entry.parameter()?)))
            .collect()
    }

    /// The names and shapes of all parameters of the whole network, in the order of their names.
    pub fn shapes(&self) -> Vec<(String, ParameterShape)> {
        let shape = |entry: &Entry| ParameterShape {
            dims: entry.shape.dims().to_vec(),
            head: entry.head,
        };
        self.store()
            .iter()
            .map(|(name, entry)| (name.clone(), shape(entry)))
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
            Origin::Drawn(_) | Origin::Outline => Vec::new(),
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

    /// The variable of this name, made if it is not there; none in an outline.
    fn get(&self, name: &str, shape: &Shape, init: Init, trainable: bool) -> Result<Option<Var>> {
        let name = self.full_name(name);
        if let Some(existing) = self.store().get_mut(&name) {
            if existing.shape != *shape {
                let (want, have) = (format!("{shape:?}"), format!("{:?}", existing.shape));
                return Err(Error::shape(
                    "parameter",
                    format!("`{name}` of {want}"),
                    have,
                ));
            }
            existing.trainable = trainable;
            return Ok(existing.var.clone());
        }
        let count = shape
            .dims()
            .iter()
            .try_fold(1usize, |count, &dim| count.checked_mul(dim))
            .filter(|&count| count <= MAX_VALUES);
        if count.is_none() {
            let reason = format!("a tensor of {shape:?} is larger than any network's");
            return Err(Error::config("parameters", name, reason));
        }
        let var = match &*self.origin {
            Origin::Outline => None,
            Origin::Drawn(seed) => {
                let values = init.sample(shape.dims(), &mut seed.named(&name));
                Some(Var::from_vec(values, shape, &self.device))
            }
            Origin::Given(tensors) => {
                let fitting = match tensors.get(&name) {
                    None => Err(missing(&name)),
                    Some(tensor) => fit(&name, tensor, shape.dims(), &self.device)?,
                };
                let fitting = fitting.map_err(|fault| refusal(&[fault]))?;
                Some(Var::from_tensor(&fitting))
            }
        };
        let var = var.transpose().during("parameter")?;
        let entry = Entry {
            shape: shape.clone(),
            trainable,
            head: self.head,
            var: var.clone(),
        };
        self.store().insert(name, entry);
        Ok(var)
    }

    fn full_name(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn store(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // No code panics while it holds the lock, and the map is valid at every moment.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

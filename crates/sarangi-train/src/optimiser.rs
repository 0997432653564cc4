//! Optimisers: the rule of a step and what it remembers.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use sarangi_core::{During, Error, Result};
use sarangi_nn::{AdamStep, Gradients, Params, SgdStep, adam_step, sgd_step};

use crate::{OptimiserSpec, ParameterRules};

/// How large a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The learning rate.
    pub lr: f64,
    /// The momentum of gradient descent or the first beta of Adam, where a schedule moves it.
    pub momentum: Option<f64>,
}

impl From<f64> for Rate {
    fn from(lr: f64) -> Self {
        Self { lr, momentum: None }
    }
}

/// An optimiser of the trainable parameters of a network; step for step torch's, which
/// `fixtures/golden/train` proves to 1e-6.
#[derive(Debug)]
pub struct Optimiser {
    spec: OptimiserSpec,
    rules: ParameterRules,
    slots: BTreeMap<String, Slot>,
    /// Steps since the beginning; a parameter that was frozen then has had fewer.
    steps: u64,
}

/// A parameter and what is remembered of it.
#[derive(Debug)]
struct Slot {
    parameter: Var,
    /// In the order of [`Optimiser::kinds`].
    memory: Vec<Var>,
    steps: u64,
    lr_factor: f64,
    decays: bool,
}

impl Optimiser {
    /// An optimiser that has made no step yet, all parameters alike.
    ///
    /// # Errors
    /// [`Error::Config`] if the description makes no sense, [`Error::Backend`] if the device fails.
    pub fn new(spec: &OptimiserSpec, params: &Params) -> Result<Self> {
        Self::with_rules(spec, ParameterRules::default(), params)
    }

    /// An optimiser that has made no step yet.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::Config`] if a pattern matches none of the parameters.
    pub fn with_rules(
        spec: &OptimiserSpec,
        rules: ParameterRules,
        params: &Params,
    ) -> Result<Self> {
        spec.check()?;
        rules.check()?;
        rules.check_names(params)?;
        let mut optimiser = Self {
            spec: spec.clone(),
            rules,
            slots: BTreeMap::new(),
            steps: 0,
        };
        optimiser.follow(params)?;
        Ok(optimiser)
    }

    /// Takes over what is trainable now: what was frozen begins with an empty memory, as a parameter
    /// does that is added to one of torch's optimisers, and what is no longer trainable is forgotten.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn follow(&mut self, params: &Params) -> Result<()> {
        let mut slots = BTreeMap::new();
        for (name, parameter) in params.trainable() {
            let slot = match self.slots.remove(&name) {
                Some(slot) => slot,
                None => Slot {
                    memory: self.empty(&parameter)?,
                    parameter,
                    steps: 0,
                    lr_factor: self.rules.lr_factor(&name),
                    decays: self.rules.decays(&name),
                },
            };
            slots.insert(name, slot);
        }
        self.slots = slots;
        Ok(())
    }

    fn empty(&self, parameter: &Var) -> Result<Vec<Var>> {
        let (shape, dtype, device) = (parameter.shape(), parameter.dtype(), parameter.device());
        let zeros = |_: &&str| Var::zeros(shape, dtype, device).during("optimiser");
        self.kinds().iter().map(zeros).collect()
    }

    /// What is remembered of a parameter, by the names under which it is saved.
    fn kinds(&self) -> &'static [&'static str] {
        match self.spec {
            OptimiserSpec::Adam { .. } | OptimiserSpec::AdamW { .. } => &["first", "second"],
            OptimiserSpec::Sgd { momentum: 0.0, .. } => &[],
            OptimiserSpec::Sgd { .. } => &["velocity"],
        }
    }

    /// The parameters that it changes, in the order of their names.
    pub fn parameters(&self) -> Vec<Var> {
        let slots = self.slots.values();
        slots.map(|slot| slot.parameter.clone()).collect()
    }

    /// Changes every parameter that has a gradient, at this [`Rate`]; a number is the learning rate
    /// alone.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn step(&mut self, gradients: &Gradients, rate: impl Into<Rate>) -> Result<()> {
        let rate = rate.into();
        self.steps += 1;
        for slot in self.slots.values_mut() {
            if slot.change(&self.spec, gradients, rate)? {
                slot.steps += 1;
            }
        }
        Ok(())
    }

    /// How many steps there have been.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The steps of those parameters that have had fewer than there have been.
    pub(crate) fn fewer_steps(&self) -> BTreeMap<String, u64> {
        let slots = self.slots.iter();
        slots
            .filter(|(_, slot)| slot.steps != self.steps)
            .map(|(name, slot)| (name.clone(), slot.steps))
            .collect()
    }

    /// What is remembered, for saving: Adam's moments `first.<parameter>` and `second.<parameter>`,
    /// the direction of a descent with momentum, `velocity.<parameter>`.
    pub fn memory(&self) -> BTreeMap<String, Tensor> {
        self.slots
            .iter()
            .flat_map(|(name, slot)| {
                let named = self.kinds().iter().zip(&slot.memory);
                named.map(move |(kind, var)| (format!("{kind}.{name}"), var.as_tensor().clone()))
            })
            .collect()
    }

    /// Takes up where another left off; `fewer_steps` are those of parameters that have not had all
    /// `steps`.
    ///
    /// # Errors
    /// [`Error::Shape`] if something is missing or has another shape.
    pub fn restore(
        &mut self,
        memory: &BTreeMap<String, Tensor>,
        steps: u64,
        fewer_steps: &BTreeMap<String, u64>,
    ) -> Result<()> {
        const OP: &str = "optimiser";
        let kinds = self.kinds();
        for (name, slot) in &mut self.slots {
            for (kind, var) in kinds.iter().zip(&slot.memory) {
                let key = format!("{kind}.{name}");
                let saved = memory
                    .get(&key)
                    .filter(|saved| saved.shape() == var.shape());
                let Some(saved) = saved else {
                    let expected = format!("`{key}` of {:?}", var.shape());
                    return Err(Error::shape(OP, expected, "another or none"));
                };
                let saved = saved.to_device(var.device()).during(OP)?;
                var.set(&saved).during(OP)?;
            }
            slot.steps = fewer_steps.get(name).copied().unwrap_or(steps);
        }
        self.steps = steps;
        Ok(())
    }
}

impl Slot {
    /// Changes the parameter. False if it has no gradient.
    fn change(&mut self, spec: &OptimiserSpec, gradients: &Gradients, rate: Rate) -> Result<bool> {
        let (lr, step) = (rate.lr * self.lr_factor, self.steps + 1);
        let decay = |weight_decay: f64| if self.decays { weight_decay } else { 0.0 };
        match *spec {
            OptimiserSpec::Adam {
                betas,
                eps,
                weight_decay,
                ..
            }
            | OptimiserSpec::AdamW {
                betas,
                eps,
                weight_decay,
                ..
            } => {
                let [first, second] = &self.memory[..] else {
                    return Ok(false);
                };
                let numbers = AdamStep {
                    lr,
                    betas: (rate.momentum.unwrap_or(betas.0), betas.1),
                    eps,
                    weight_decay: decay(weight_decay),
                    decoupled: matches!(spec, OptimiserSpec::AdamW { .. }),
                    step,
                };
                adam_step(&self.parameter, gradients, [first, second], numbers)
            }
            OptimiserSpec::Sgd {
                momentum,
                dampening,
                weight_decay,
                nesterov,
                ..
            } => {
                let numbers = SgdStep {
                    lr,
                    momentum: rate.momentum.unwrap_or(momentum),
                    dampening,
                    weight_decay: decay(weight_decay),
                    nesterov,
                    step,
                };
                sgd_step(&self.parameter, gradients, self.memory.first(), numbers)
            }
        }
    }
}

//! Optimisers: the rule of a step and what it remembers.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use sarangi_core::{During, Error, Result};
use sarangi_nn::{AdamStep, Gradients, Params, adam_step};
use serde::{Deserialize, Serialize};

/// An optimiser by description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OptimiserSpec {
    /// Adam with coupled L2 weight decay, `torch.optim.Adam`.
    Adam {
        /// The learning rate.
        #[serde(default = "default_lr")]
        lr: f64,
        /// The decays of the two moments.
        #[serde(default = "default_betas")]
        betas: (f64, f64),
        /// Added to the root of the second moment.
        #[serde(default = "default_eps")]
        eps: f64,
        /// L2 penalty, added to the gradient.
        #[serde(default)]
        weight_decay: f64,
    },
}

fn default_lr() -> f64 {
    1e-3
}

fn default_betas() -> (f64, f64) {
    (0.9, 0.999)
}

fn default_eps() -> f64 {
    1e-8
}

impl Default for OptimiserSpec {
    fn default() -> Self {
        let (lr, betas, eps) = (default_lr(), default_betas(), default_eps());
        Self::Adam {
            lr,
            betas,
            eps,
            weight_decay: 0.0,
        }
    }
}

impl OptimiserSpec {
    /// The learning rate that it is described with; a schedule may move it.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Adam { lr, .. } => *lr,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let Self::Adam {
            lr,
            betas,
            eps,
            weight_decay,
        } = *self;
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let faults = [
            (!positive(lr), "lr", "must be above 0 and finite", lr),
            (
                !(0.0..1.0).contains(&betas.0),
                "betas",
                "must be at least 0 and below 1",
                betas.0,
            ),
            (
                !(0.0..1.0).contains(&betas.1),
                "betas",
                "must be at least 0 and below 1",
                betas.1,
            ),
            (!positive(eps), "eps", "must be above 0 and finite", eps),
            (
                !(weight_decay >= 0.0 && weight_decay.is_finite()),
                "weight_decay",
                "must be at least 0 and finite",
                weight_decay,
            ),
        ];
        match faults.into_iter().find(|(wrong, ..)| *wrong) {
            Some((_, field, rule, value)) => {
                Err(Error::config("adam", field, format!("{rule}, got {value}")))
            }
            None => Ok(()),
        }
    }
}

/// Adam (Kingma and Ba 2015) over the trainable parameters of a network; step for step torch's.
#[derive(Debug)]
pub struct Adam {
    slots: BTreeMap<String, Slot>,
    settings: AdamStep,
}

/// A parameter with its first and second moment.
#[derive(Debug)]
struct Slot {
    parameter: Var,
    moments: [Var; 2],
}

/// The names under which moments are saved.
const MOMENTS: [&str; 2] = ["first", "second"];

impl Adam {
    /// An optimiser of the network's trainable parameters, its moments 0.
    ///
    /// # Errors
    /// [`Error::Config`] if the description makes no sense, [`Error::Backend`] if the device fails.
    pub fn new(spec: &OptimiserSpec, params: &Params) -> Result<Self> {
        spec.check()?;
        let OptimiserSpec::Adam {
            lr,
            betas,
            eps,
            weight_decay,
        } = *spec;
        let zeros = |var: &Var| Var::zeros(var.shape(), var.dtype(), var.device()).during("adam");
        let slots = params
            .trainable()
            .into_iter()
            .map(|(name, var)| {
                let moments = [zeros(&var)?, zeros(&var)?];
                Ok((
                    name,
                    Slot {
                        parameter: var,
                        moments,
                    },
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            slots,
            settings: AdamStep {
                lr,
                betas,
                eps,
                weight_decay,
                decoupled: false,
                step: 0,
            },
        })
    }

    /// Changes every parameter that has a gradient, at this learning rate.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn step(&mut self, gradients: &Gradients, lr: f64) -> Result<()> {
        self.settings.step += 1;
        let step = AdamStep {
            lr,
            ..self.settings
        };
        for Slot {
            parameter,
            moments: [first, second],
        } in self.slots.values()
        {
            adam_step(parameter, gradients, [first, second], step)?;
        }
        Ok(())
    }

    /// How many steps there have been.
    pub fn steps(&self) -> u64 {
        self.settings.step
    }

    /// The moments by name, `first.<parameter>` and `second.<parameter>`, for saving.
    pub fn moments(&self) -> BTreeMap<String, Tensor> {
        self.slots
            .iter()
            .flat_map(|(name, slot)| {
                let named = MOMENTS.iter().zip(&slot.moments);
                named.map(move |(kind, var)| (format!("{kind}.{name}"), var.as_tensor().clone()))
            })
            .collect()
    }

    /// Takes up where another left off.
    ///
    /// # Errors
    /// [`Error::Shape`] if a moment is missing or has another shape.
    pub fn restore(&mut self, moments: &BTreeMap<String, Tensor>, steps: u64) -> Result<()> {
        for (name, slot) in &self.slots {
            for (kind, var) in MOMENTS.iter().zip(&slot.moments) {
                let key = format!("{kind}.{name}");
                let saved = moments
                    .get(&key)
                    .filter(|saved| saved.shape() == var.shape());
                let Some(saved) = saved else {
                    let expected = format!("`{key}` of {:?}", var.shape());
                    return Err(Error::shape("adam", expected, "another or none"));
                };
                let saved = saved.to_device(var.device()).during("adam")?;
                var.set(&saved).during("adam")?;
            }
        }
        self.settings.step = steps;
        Ok(())
    }
}

//! Optimisers by description.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// An optimiser by description: the names and defaults of its numbers are torch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OptimiserSpec {
    /// Adam (Kingma and Ba 2015) with coupled L2 weight decay, `torch.optim.Adam`.
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
    /// Adam whose weight decay acts on the weights themselves (Loshchilov and Hutter 2019),
    /// `torch.optim.AdamW`.
    #[serde(rename = "adamw")]
    AdamW {
        /// The learning rate.
        #[serde(default = "default_lr")]
        lr: f64,
        /// The decays of the two moments.
        #[serde(default = "default_betas")]
        betas: (f64, f64),
        /// Added to the root of the second moment.
        #[serde(default = "default_eps")]
        eps: f64,
        /// The share of the learning rate by which weights shrink in a step.
        #[serde(default = "default_decoupled_decay")]
        weight_decay: f64,
    },
    /// Stochastic gradient descent, `torch.optim.SGD`.
    Sgd {
        /// The learning rate.
        #[serde(default = "default_lr")]
        lr: f64,
        /// How much of the last step's direction is kept.
        #[serde(default)]
        momentum: f64,
        /// The share of the new gradient that is left out of the direction.
        #[serde(default)]
        dampening: f64,
        /// L2 penalty, added to the gradient.
        #[serde(default)]
        weight_decay: f64,
        /// Whether to look ahead along the direction (Nesterov 1983).
        #[serde(default)]
        nesterov: bool,
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

fn default_decoupled_decay() -> f64 {
    1e-2
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
            Self::Adam { lr, .. } | Self::AdamW { lr, .. } | Self::Sgd { lr, .. } => *lr,
        }
    }

    /// The name that recipes and errors call it by.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
            Self::Sgd { .. } => "sgd",
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let name = self.name();
        positive(name, "lr", self.lr())?;
        match *self {
            Self::Adam {
                betas,
                eps,
                weight_decay,
                ..
            }
            | Self::AdamW {
                betas,
                eps,
                weight_decay,
                ..
            } => {
                share(name, "betas", betas.0)?;
                share(name, "betas", betas.1)?;
                positive(name, "eps", eps)?;
                at_least_0(name, "weight_decay", weight_decay)
            }
            Self::Sgd {
                momentum,
                dampening,
                weight_decay,
                nesterov,
                ..
            } => {
                share(name, "momentum", momentum)?;
                at_least_0(name, "weight_decay", weight_decay)?;
                if !(0.0..=1.0).contains(&dampening) {
                    let reason = format!("must be from 0 to 1, got {dampening}");
                    return Err(Error::config(name, "dampening", reason));
                }
                if nesterov && (momentum == 0.0 || dampening != 0.0) {
                    let reason = "needs a momentum above 0 and no dampening";
                    return Err(Error::config(name, "nesterov", reason));
                }
                Ok(())
            }
        }
    }
}

/// Refuses a number that is not above 0 and finite.
pub(crate) fn positive(spec: &'static str, field: &str, value: f64) -> Result<()> {
    match value > 0.0 && value.is_finite() {
        true => Ok(()),
        false => {
            let reason = format!("must be above 0 and finite, got {value}");
            Err(Error::config(spec, field, reason))
        }
    }
}

/// Refuses a number that is negative or not finite.
pub(crate) fn at_least_0(spec: &'static str, field: &str, value: f64) -> Result<()> {
    match value >= 0.0 && value.is_finite() {
        true => Ok(()),
        false => {
            let reason = format!("must be at least 0 and finite, got {value}");
            Err(Error::config(spec, field, reason))
        }
    }
}

/// Refuses a number outside [0, 1).
pub(crate) fn share(spec: &'static str, field: &str, value: f64) -> Result<()> {
    match (0.0..1.0).contains(&value) {
        true => Ok(()),
        false => {
            let reason = format!("must be at least 0 and below 1, got {value}");
            Err(Error::config(spec, field, reason))
        }
    }
}

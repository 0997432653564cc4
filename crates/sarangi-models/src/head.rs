//! The last layers of a network, from its embedding to the scores.

use sarangi_core::{Error, Result};
use sarangi_nn::{Dropout, Init, Linear, Params};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::linear::linear;
use crate::network::{LOGITS, Network};
use crate::stage::Hidden;

/// What follows the base of a network. A last layer that is the only one has the name that the
/// base's own library gives it, with a dropout before it or without; layers of a larger head have
/// those of a `torch.nn.Sequential` there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// A linear layer: `fc` or `classifier`, in MobileNetV2 `classifier.1`.
    Linear,
    /// Dropout and a linear layer of the same name.
    #[serde(alias = "dropout-linear")]
    DropoutLinear,
    /// A linear layer to 256, ReLU, dropout and a linear layer: `fc.0` and `fc.3`.
    Hidden256,
}

/// Where a network has its head.
#[derive(Debug)]
pub(crate) struct HeadPlace {
    /// The place of several layers.
    layers: Params,
    /// That of the last one where it is the only one.
    alone: Params,
    /// How its weight begins, its bias then with 0; otherwise both as torch has them.
    begins: Option<Init>,
}

impl HeadPlace {
    /// A head of this name, and its only layer too. The weights are [thawed](Params::thawed).
    pub(crate) fn new(params: &Params, name: &str) -> Self {
        let layers = params.thawed().sub(name);
        let alone = layers.clone();
        Self {
            layers,
            alone,
            begins: None,
        }
    }

    /// The only layer begins with a bias of 0 and a weight of this rule, as its library has it.
    pub(crate) fn beginning(self, weight: Init) -> Self {
        Self {
            begins: Some(weight),
            ..self
        }
    }

    /// The only layer has this number in a sequence, whatever else is in it.
    pub(crate) fn alone_at(self, number: &str) -> Self {
        Self {
            alone: self.layers.sub(number),
            ..self
        }
    }

    fn alone(&self, features: usize, classes: usize) -> Result<Linear> {
        match self.begins {
            Some(weight) => linear(&self.alone, features, classes, weight),
            None => Linear::new(&self.alone, features, classes),
        }
    }
}

impl Head {
    /// The network of `base` and this head; `name` is that of the network.
    pub(crate) fn on(
        self,
        base: Base,
        name: &'static str,
        place: &HeadPlace,
        dropout: f32,
        classes: usize,
    ) -> Result<Network> {
        let dropout = Dropout {
            p: probability(name, dropout)?,
        };
        let features = base.features;
        let mut network = Network::of(name, base);
        let last = match self {
            Self::Linear => place.alone(features, classes)?,
            Self::DropoutLinear => {
                network.then("dropout", dropout);
                place.alone(features, classes)?
            }
            Self::Hidden256 => {
                let linear = Linear::new(&place.layers.sub("0"), features, 256)?;
                network.then("hidden", Hidden::new(linear, dropout));
                Linear::new(&place.layers.sub("3"), 256, classes)?
            }
        };
        network.then(LOGITS, last);
        Ok(network)
    }
}

/// A probability of dropout, which must leave something.
pub(crate) fn probability(network: &'static str, dropout: f32) -> Result<f32> {
    match (0.0..1.0).contains(&dropout) {
        true => Ok(dropout),
        false => {
            let reason = format!("must be in [0, 1), got {dropout}");
            Err(Error::config(network, "dropout", reason))
        }
    }
}

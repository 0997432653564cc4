//! The last layers of a network, from its embedding to the scores.

use sarangi_core::{Error, Result};
use sarangi_nn::{Dropout, Linear, Params};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::network::{LOGITS, Network};
use crate::stage::Hidden;

/// What follows the base of a network. Weight names are those of `torch.nn.Sequential` where the
/// base's own library has one linear layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// A linear layer, `fc`.
    Linear,
    /// Dropout and a linear layer, `fc.1`.
    #[serde(alias = "dropout-linear")]
    DropoutLinear,
    /// A linear layer to 256, ReLU, dropout and a linear layer: `fc.0` and `fc.3`.
    Hidden256,
}

impl Head {
    /// The network of `base` and this head. `name` is that of the network, `place` that of the
    /// head's weights, which are [thawed](Params::thawed).
    pub(crate) fn on(
        self,
        base: Base,
        name: &'static str,
        place: &Params,
        dropout: f32,
        classes: usize,
    ) -> Result<Network> {
        let place = place.thawed();
        let dropout = Dropout {
            p: probability(name, dropout)?,
        };
        let mut features = base.features;
        let mut network = Network::of(name, base);
        let last = match self {
            Self::Linear => place,
            Self::DropoutLinear => {
                network.then("dropout", dropout);
                place.sub("1")
            }
            Self::Hidden256 => {
                let linear = Linear::new(&place.sub("0"), features, 256)?;
                network.then("hidden", Hidden { linear, dropout });
                features = 256;
                place.sub("3")
            }
        };
        network.then(LOGITS, Linear::new(&last, features, classes)?);
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

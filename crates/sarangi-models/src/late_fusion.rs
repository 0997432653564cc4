//! Late fusion: several pictures of one sound, each seen by a network of its own.

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{Dropout, Linear, Params};
use serde::{Deserialize, Serialize};

use crate::head::probability;
use crate::join::{Fusion, Join};
use crate::network::LOGITS;
use crate::stage::LinearRelu;
use crate::{MobileNetV2Spec, ModelContext, ModelSpec, Network};

const NAME: &str = "late_fusion";

/// The choices of a late fusion. Each branch has an input, a base (any network of this crate
/// without its head), dropout and a linear layer with ReLU; the branches' vectors become one, and a
/// linear layer with ReLU and another give the scores.
///
/// The defaults are the network of `charvibannur/Music-Genre-Classification` as it was meant: two
/// inputs, a MobileNetV2 for each. With `shared_base` and `wiring` = `first` it is that network as
/// it was coded: one MobileNetV2, and both branches see the first input, so that the second reaches
/// nothing; 2,560,362 trainable numbers with ten classes.
///
/// Stages: those of the base and `dropout` and `fc` under each input's name and a dot, `join`,
/// `fc1`, `logits`. Weights: `branches.‹input›.base.…` (or `base.…` if shared),
/// `branches.‹input›.fc`, `gates.‹number›` if gated, `fc1`, `fc2`.
///
/// # Shapes
/// As many inputs (batch, channels, bins, frames) as are named, of one channel count but of any
/// sizes → (batch, classes). Given as one value, they stand side by side in its channels, so that
/// the context's channels are those of all inputs together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LateFusionSpec {
    /// The inputs' names, two or more; letters, digits, `_` and `-`.
    pub inputs: Vec<String>,
    /// The network whose base each branch has; its head is left out.
    pub base: Box<ModelSpec>,
    /// Whether all branches have the same base, with the same weights.
    pub shared_base: bool,
    /// Which input a branch sees.
    pub wiring: Wiring,
    /// The probability of each branch's dropout.
    pub dropout: f32,
    /// The numbers that each branch gives.
    pub width: usize,
    /// How the branches' vectors become one.
    pub fusion: Fusion,
    /// The numbers between the last two linear layers.
    pub hidden: usize,
}

/// Which input a branch of a late fusion sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wiring {
    /// Its own.
    #[default]
    Own,
    /// The first, whichever branch it is: a published system's mistake, kept so that its numbers
    /// can be had again.
    First,
}

impl Default for LateFusionSpec {
    fn default() -> Self {
        Self {
            inputs: vec!["spectrogram".to_owned(), "wavelet".to_owned()],
            base: Box::new(ModelSpec::MobileNetV2(MobileNetV2Spec::default())),
            shared_base: false,
            wiring: Wiring::Own,
            dropout: 0.2,
            width: 128,
            fusion: Fusion::Concatenation,
            hidden: 32,
        }
    }
}

impl LateFusionSpec {
    /// Branches are counted in tens at most.
    const MOST: usize = 64;

    fn check(&self, in_channels: usize) -> Result<()> {
        let fail = |field: &str, reason: String| Err(Error::config(NAME, field, reason));
        let count = self.inputs.len();
        if !(2..=Self::MOST).contains(&count) {
            let reason = format!("must be from 2 to {}, got {count}", Self::MOST);
            return fail("inputs", reason);
        }
        for (i, name) in self.inputs.iter().enumerate() {
            let sound = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || !name.chars().all(sound) || self.inputs[..i].contains(name) {
                let reason =
                    format!("must be distinct names of letters, digits, _ and -, got {name:?}");
                return fail("inputs", reason);
            }
        }
        if !in_channels.is_multiple_of(count) {
            let reason = format!(
                "must be those of {count} inputs side by side, a multiple of {count}; got \
                 {in_channels}"
            );
            return fail("in_channels", reason);
        }
        for (field, value) in [("width", self.width), ("hidden", self.hidden)] {
            if !(1..=1 << 16).contains(&value) {
                return fail(field, format!("must be from 1 to 65536, got {value}"));
            }
        }
        if matches!(*self.base, ModelSpec::LateFusion(_)) {
            return fail("base", "must be a network of one input".to_owned());
        }
        Ok(())
    }

    fn branch(&self, params: &Params, input: &str) -> Params {
        params.sub("branches").sub(input)
    }
}

impl<'a> Spec<ModelContext<'a>> for LateFusionSpec {
    type Built = Network;

    fn build(&self, cx: ModelContext<'a>) -> Result<Network> {
        cx.check(NAME)?;
        self.check(cx.in_channels)?;
        let params = cx.params;
        let channels = cx.in_channels / self.inputs.len();
        let dropout = Dropout {
            p: probability(NAME, self.dropout)?,
        };
        // The base is what freezing is about; all that follows is the head.
        let bases = match self.shared_base {
            true => vec![self.base.base(&params.sub("base"), channels)?; self.inputs.len()],
            false => {
                let base = |input: &String| {
                    let place = self.branch(params, input).sub("base");
                    self.base.base(&place, channels)
                };
                self.inputs.iter().map(base).collect::<Result<_>>()?
            }
        };
        let params = params.thawed();
        let mut network = Network::new(NAME);
        let inputs: Vec<usize> = self
            .inputs
            .iter()
            .zip(&bases)
            .map(|(name, base)| network.input(name, channels, base.extent))
            .collect();
        let mut vectors = Vec::new();
        for ((name, base), &own) in self.inputs.iter().zip(&bases).zip(&inputs) {
            let seen = match self.wiring {
                Wiring::Own => own,
                Wiring::First => inputs[0],
            };
            let place = network.base(&format!("{name}."), base, seen);
            let place = network.stage(format!("{name}.dropout"), dropout, place);
            let linear = self.branch(&params, name).sub("fc");
            let linear = Linear::new(&linear, base.features, self.width)?;
            vectors.push(network.stage(format!("{name}.fc"), LinearRelu(linear), place));
        }
        let gates = params.sub("gates");
        let (join, width) = Join::new(self.fusion, &gates, vectors.len(), self.width)?;
        network.join("join", join, vectors);
        let hidden = Linear::new(&params.sub("fc1"), width, self.hidden)?;
        network.then("fc1", LinearRelu(hidden));
        network.then(
            LOGITS,
            Linear::new(&params.sub("fc2"), self.hidden, cx.classes)?,
        );
        Ok(network)
    }
}

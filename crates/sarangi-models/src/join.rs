//! How late fusion makes one vector of several.

use sarangi_core::{Error, Result};
use sarangi_nn::{Linear, Params, Value, add, concat, mul, mul_scalar, sigmoid};
use serde::{Deserialize, Serialize};

/// How late fusion makes one vector of its branches'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fusion {
    /// One after the other.
    #[default]
    Concatenation,
    /// Their mean.
    Average,
    /// Σᵢ σ(Wᵢ [h₁ … hₙ] + bᵢ) ⊙ hᵢ: each branch is weighed, number by number, by what all say;
    /// Arevalo et al. 2017, "Gated multimodal units", for any number of branches.
    Gated,
}

#[derive(Debug)]
pub(crate) enum Join {
    Concatenation,
    Average,
    Gated(Vec<Linear>),
}

impl Join {
    /// The join of `count` vectors of `width` numbers and the length of its result.
    pub(crate) fn new(
        fusion: Fusion,
        params: &Params,
        count: usize,
        width: usize,
    ) -> Result<(Self, usize)> {
        Ok(match fusion {
            Fusion::Concatenation => (Self::Concatenation, count * width),
            Fusion::Average => (Self::Average, width),
            Fusion::Gated => {
                let gate = |i: usize| Linear::new(&params.sub(i.to_string()), count * width, width);
                (
                    Self::Gated((0..count).map(gate).collect::<Result<_>>()?),
                    width,
                )
            }
        })
    }

    pub(crate) fn forward(&self, xs: &[Value]) -> Result<Value> {
        match self {
            Self::Concatenation => concat(&xs.iter().collect::<Vec<_>>()),
            Self::Average => mul_scalar(&sum(xs)?, (1.0 / xs.len() as f64) as f32),
            Self::Gated(gates) => {
                let said = concat(&xs.iter().collect::<Vec<_>>())?;
                let weighed = gates
                    .iter()
                    .zip(xs)
                    .map(|(gate, x)| mul(&sigmoid(&gate.forward(&said)?)?, x));
                sum(&weighed.collect::<Result<Vec<_>>>()?)
            }
        }
    }
}

fn sum(xs: &[Value]) -> Result<Value> {
    let (first, rest) = xs
        .split_first()
        .ok_or_else(|| Error::shape("join", "something to join", "nothing"))?;
    rest.iter().try_fold(first.clone(), |sum, x| add(&sum, x))
}

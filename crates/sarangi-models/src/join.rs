//! How late fusion makes one vector of several.

use sarangi_core::Result;
use sarangi_nn::{Linear, Params, Value, concat, with_candle};
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
        let all: Vec<&Value> = xs.iter().collect();
        match self {
            Self::Concatenation => concat(&all),
            Self::Average => with_candle(&all, &[], |xs| {
                let (first, rest) = xs.split_at(1);
                let sum = rest.iter().try_fold(first[0].clone(), |sum, x| sum + x)?;
                sum / xs.len() as f64
            }),
            Self::Gated(gates) => {
                let said = concat(&all)?;
                let gates = gates.iter().map(|gate| gate.forward(&said));
                let gates = gates.collect::<Result<Vec<_>>>()?;
                let both: Vec<&Value> = gates.iter().chain(xs).collect();
                with_candle(&both, &[], |both| {
                    let (gates, xs) = both.split_at(xs.len());
                    let mut sum = None;
                    for (gate, x) in gates.iter().zip(xs) {
                        // The logistic function by tanh, which overflows nowhere.
                        let gate = (((gate * 0.5)?.tanh()? + 1.0)? * 0.5)?;
                        let term = (gate * x)?;
                        sum = Some(match sum {
                            None => term,
                            Some(sum) => (sum + term)?,
                        });
                    }
                    sum.ok_or_else(|| candle_core::Error::Msg("nothing to join".to_owned()))
                })
            }
        }
    }
}

//! Up and down once in a run.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::Rate;
use crate::optimiser_spec::{positive, share};

/// The learning rate rises to `max_lr` and falls to almost nothing, momentum goes the other way
/// (Smith and Topin 2018); `torch.optim.lr_scheduler.OneCycleLR` over all steps of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OneCycle {
    /// The highest rate; the optimiser's if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lr: Option<f64>,
    /// The share of the steps in which it rises.
    pub pct_start: f64,
    /// Along which curve.
    pub anneal_strategy: AnnealStrategy,
    /// Whether momentum (Adam's first beta) moves too.
    pub cycle_momentum: bool,
    /// The lowest momentum, where the rate is highest.
    pub base_momentum: f64,
    /// The highest momentum.
    pub max_momentum: f64,
    /// The first rate is `max_lr` divided by this.
    pub div_factor: f64,
    /// The last rate is the first one divided by this.
    pub final_div_factor: f64,
    /// Whether it first falls as it rose, and only then to the last rate.
    pub three_phase: bool,
}

/// The curve from one rate to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnealStrategy {
    /// Half a cosine wave.
    #[default]
    Cos,
    /// A straight line.
    Linear,
}

impl Default for OneCycle {
    fn default() -> Self {
        Self {
            max_lr: None,
            pct_start: 0.3,
            anneal_strategy: AnnealStrategy::Cos,
            cycle_momentum: true,
            base_momentum: 0.85,
            max_momentum: 0.95,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }
}

impl OneCycle {
    /// The rate of a step of the run, counted from 0.
    pub(super) fn at(&self, step: usize, total: usize, max_lr: f64) -> Rate {
        let first = max_lr / self.div_factor;
        let last = first / self.final_div_factor;
        let (low, high) = (self.base_momentum, self.max_momentum);
        let rise = self.pct_start * total as f64 - 1.0;
        let end = total as f64 - 1.0;
        // The step with which a phase ends, the rates it goes between, and momenta.
        let two = [
            (rise, [first, max_lr], [high, low]),
            (end, [max_lr, last], [low, high]),
        ];
        let three = [
            (rise, [first, max_lr], [high, low]),
            (2.0 * rise, [max_lr, first], [low, high]),
            (end, [first, last], [high, high]),
        ];
        let phases = if self.three_phase {
            &three[..]
        } else {
            &two[..]
        };
        let mut begin = 0.0;
        let step = step as f64;
        let mut rate = Rate::from(last);
        for &(end, rates, momenta) in phases {
            let length = end - begin;
            let gone = if length > 0.0 {
                (step - begin) / length
            } else {
                1.0
            };
            let gone = gone.clamp(0.0, 1.0);
            rate = Rate {
                lr: self.between(rates, gone),
                momentum: self.cycle_momentum.then(|| self.between(momenta, gone)),
            };
            if step <= end {
                break;
            }
            begin = end;
        }
        rate
    }

    fn between(&self, [from, to]: [f64; 2], gone: f64) -> f64 {
        match self.anneal_strategy {
            AnnealStrategy::Linear => from + (to - from) * gone,
            AnnealStrategy::Cos => {
                to + (from - to) / 2.0 * (1.0 + (std::f64::consts::PI * gone).cos())
            }
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        const SPEC: &str = "one_cycle";
        if let Some(max_lr) = self.max_lr {
            positive(SPEC, "max_lr", max_lr)?;
        }
        if !(0.0..=1.0).contains(&self.pct_start) {
            let reason = format!("must be from 0 to 1, got {}", self.pct_start);
            return Err(Error::config(SPEC, "pct_start", reason));
        }
        if self.three_phase && self.pct_start > 0.5 {
            let reason = "leaves no room for three phases above 0.5";
            return Err(Error::config(SPEC, "pct_start", reason));
        }
        share(SPEC, "base_momentum", self.base_momentum)?;
        share(SPEC, "max_momentum", self.max_momentum)?;
        positive(SPEC, "div_factor", self.div_factor)?;
        positive(SPEC, "final_div_factor", self.final_div_factor)
    }
}

//! How the learning rate moves.

mod one_cycle;
mod plateau;
mod spec;

use sarangi_core::{Error, Result};

use crate::{EpochRecord, OptimiserSpec, Rate};
pub use one_cycle::{AnnealStrategy, OneCycle};
pub use plateau::{Plateau, PlateauMode, ThresholdMode};
pub use spec::{ScheduleSpec, Stage};

/// Where a run stands: what a schedule goes by.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The epochs of the run.
    pub epochs: usize,
    /// The steps of an epoch.
    pub steps: usize,
    /// The epochs before this one. What a schedule remembers is worked out from them anew, so that a
    /// run that is taken up again cannot differ.
    pub history: &'a [EpochRecord],
}

/// The learning rates of the steps of one epoch.
#[derive(Clone, Debug, PartialEq)]
pub enum EpochRates {
    /// One for all.
    Fixed(f64),
    /// Half a wave, perhaps behind a warm-up.
    Cosine {
        /// The optimiser's own.
        base: f64,
        /// The number of this epoch's first step in the run, from 0.
        first: usize,
        /// The steps of the run.
        total: usize,
        /// How many of them warm up.
        warm: usize,
        /// What the warm-up begins with, as a share of the optimiser's own.
        start_factor: f64,
        /// What it ends with.
        eta_min: f64,
    },
    /// Up and down once.
    OneCycle {
        /// The number of this epoch's first step in the run, from 0.
        first: usize,
        /// The steps of the run.
        total: usize,
        /// The highest rate.
        max_lr: f64,
        /// The cycle.
        cycle: OneCycle,
    },
}

impl ScheduleSpec {
    /// The rates of an epoch, given the learning rate of the optimiser.
    pub fn rates(&self, base: f64, at: &Standing<'_>) -> EpochRates {
        let (before, first) = (at.epoch - 1, (at.epoch - 1) * at.steps);
        let total = at.epochs * at.steps;
        let after = |falls: usize, gamma: f64| {
            // Product by product, as torch goes.
            EpochRates::Fixed((0..falls).fold(base, |lr, _| lr * gamma))
        };
        match self {
            Self::Constant => EpochRates::Fixed(base),
            Self::Stages { stages } => {
                let begun = stages
                    .iter()
                    .rev()
                    .find(|stage| stage.from_epoch <= at.epoch);
                EpochRates::Fixed(begun.map_or(base, |stage| stage.lr))
            }
            Self::Step { step_size, gamma } => after(before / step_size.max(&1), *gamma),
            Self::MultiStep { milestones, gamma } => {
                let passed = milestones.iter().filter(|&&epochs| epochs <= before);
                after(passed.count(), *gamma)
            }
            Self::Plateau(plateau) => EpochRates::Fixed(plateau.lr(base, at.history)),
            Self::Cosine {
                warmup_epochs,
                start_factor,
                eta_min,
            } => EpochRates::Cosine {
                base,
                first,
                total,
                // `as` saturates: a warm-up of all steps is the longest.
                warm: ((warmup_epochs * at.steps as f64).round() as usize).min(total),
                start_factor: *start_factor,
                eta_min: *eta_min,
            },
            Self::OneCycle(cycle) => EpochRates::OneCycle {
                first,
                total,
                max_lr: cycle.max_lr.unwrap_or(base),
                cycle: cycle.clone(),
            },
        }
    }

    /// Whether it spreads over all epochs, so that another number of them makes it another schedule.
    pub fn spans_the_run(&self) -> bool {
        matches!(self, Self::Cosine { .. } | Self::OneCycle(_))
    }

    /// Refuses an optimiser that it cannot move.
    pub(crate) fn check_optimiser(&self, optimiser: &OptimiserSpec) -> Result<()> {
        match (self, optimiser) {
            (Self::OneCycle(cycle), OptimiserSpec::Sgd { momentum: 0.0, .. })
                if cycle.cycle_momentum =>
            {
                let reason = "needs an optimiser with momentum; give `sgd` one or set it to false";
                Err(Error::config("one_cycle", "cycle_momentum", reason))
            }
            _ => Ok(()),
        }
    }
}

impl EpochRates {
    /// The rate of a step of the epoch, counted from 0.
    pub fn at(&self, step: usize) -> Rate {
        match self {
            Self::Fixed(lr) => Rate::from(*lr),
            Self::Cosine {
                base,
                first,
                total,
                warm,
                start_factor,
                eta_min,
            } => {
                let step = first + step;
                let lr = if step < *warm {
                    let gone = step as f64 / *warm as f64;
                    base * (start_factor + (1.0 - start_factor) * gone)
                } else {
                    let gone = (step - warm) as f64 / (total - warm).max(1) as f64;
                    let wave = (1.0 + (std::f64::consts::PI * gone).cos()) / 2.0;
                    eta_min + (base - eta_min) * wave
                };
                Rate::from(lr)
            }
            Self::OneCycle {
                first,
                total,
                max_lr,
                cycle,
            } => cycle.at(first + step, *total, *max_lr),
        }
    }
}

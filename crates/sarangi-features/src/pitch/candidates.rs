//! The troughs of a difference function as pitches with probabilities.

use sarangi_core::{Error, Result};

use super::beta::beta_cdf;
use super::difference::is_trough;
use super::pyin::PyinSpec;
use crate::check::within;

const NAME: &str = "pyin";

/// The probabilities of troughs under all thresholds, the way of Mauch and Dixon's own program.
///
/// The threshold s of YIN is random, with a beta distribution cut into steps. Under each, the troughs
/// below it share its probability by a truncated Boltzmann distribution of their order, shorter
/// periods first; where none is below, the deepest has `no_trough_prob` of it.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// The upper end and the probability of each step of the threshold.
    steps: Vec<(f64, f64)>,
    /// The sum of the probabilities of the first steps, times that of no trough.
    nothing: Vec<f64>,
    /// exp(−λk).
    decay: Vec<f64>,
    /// (1 − exp(−λ)) / (1 − exp(−λN)).
    scale: Vec<f64>,
}

/// Working memory: the troughs of the last frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Troughs {
    /// Place, depth and probability of each.
    pub(crate) found: Vec<(usize, f64, f64)>,
}

impl Candidates {
    /// Plans for difference functions of at most `len` values.
    pub(crate) fn new(spec: &PyinSpec, len: usize) -> Result<Self> {
        within(NAME, "n_thresholds", spec.n_thresholds, 1..=100_000)?;
        within(NAME, "no_trough_prob", spec.no_trough_prob, 0.0..=1.0)?;
        let lambda = spec.boltzmann_parameter;
        within(NAME, "boltzmann_parameter", lambda, 1e-6..=1e3)?;
        let [a, b] = spec.beta_parameters;
        if ![a, b].iter().all(|x| (0.01..=1e4).contains(x)) {
            let reason = format!("must be two numbers from 0.01 to 10000, got {a} and {b}");
            return Err(Error::config(NAME, "beta_parameters", reason));
        }
        let count = spec.n_thresholds;
        let edge = |k: usize| k as f64 / count as f64;
        let below: Vec<f64> = (0..=count).map(|k| beta_cdf(edge(k), a, b)).collect();
        let steps: Vec<(f64, f64)> = below
            .windows(2)
            .enumerate()
            .map(|(k, pair)| (edge(k + 1), pair[1] - pair[0]))
            .collect();
        let mut sum = 0.0;
        let sums = steps.iter().map(|step| {
            sum += step.1;
            spec.no_trough_prob * sum
        });
        Ok(Self {
            nothing: std::iter::once(0.0).chain(sums).collect(),
            decay: (0..len).map(|k| (-lambda * k as f64).exp()).collect(),
            scale: (0..=len)
                .map(|n| (1.0 - (-lambda).exp()) / (1.0 - (-lambda * n as f64).exp()))
                .collect(),
            steps,
        })
    }

    /// Finds the troughs of `values` and their probabilities.
    pub(crate) fn find(&self, values: &[f64], troughs: &mut Troughs) {
        let found = &mut troughs.found;
        found.clear();
        found.extend(
            (0..values.len())
                .filter(|&at| is_trough(values, at))
                .map(|at| (at, values[at], 0.0)),
        );
        let Some(mut deepest) = found.first().copied() else {
            return;
        };
        for &trough in found.iter() {
            if trough.1 < deepest.1 {
                deepest = trough;
            }
        }
        for &(threshold, probability) in &self.steps {
            let count = found.iter().filter(|trough| trough.1 < threshold).count();
            let below = found.iter_mut().filter(|trough| trough.1 < threshold);
            for (trough, decay) in below.zip(&self.decay) {
                trough.2 += self.scale[count] * decay * probability;
            }
        }
        let above = self.steps.iter().filter(|step| deepest.1 >= step.0).count();
        if let Some(trough) = found.iter_mut().find(|trough| trough.0 == deepest.0) {
            trough.2 += self.nothing[above];
        }
    }
}

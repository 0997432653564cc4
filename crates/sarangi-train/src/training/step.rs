//! Steps: the gradients of one or several batches, and what an optimiser makes of them.

use candle_core::{Device, Tensor};
use ndarray::Ix2;
use sarangi_core::{During, Result, TensorExt};
use sarangi_eval::arg_max;
use sarangi_nn::{Gradients, Value};

use super::Learner;
use super::agreement::BatchSums;
use crate::TrainingSpec;
use crate::schedule::EpochRates;

/// What a network said of a batch.
pub(super) struct Answer {
    pub(super) loss: f64,
    pub(super) right: usize,
    pub(super) chunks: usize,
}

/// Makes the steps of one epoch.
pub(super) struct Stepper<'a> {
    spec: &'a TrainingSpec,
    rates: &'a EpochRates,
    /// The batches that are still to come.
    left: usize,
    /// The steps that are done, those that were skipped included.
    done: usize,
    skipped: usize,
    gathered: Option<Gathered>,
}

/// The gradients of the batches of a step that is not complete.
struct Gathered {
    batches: usize,
    /// The sum of the gradients, each times its share.
    gradients: Gradients,
    shares: f64,
}

impl<'a> Stepper<'a> {
    pub(super) fn new(spec: &'a TrainingSpec, rates: &'a EpochRates, batches: usize) -> Self {
        Self {
            spec,
            rates,
            left: batches,
            done: 0,
            skipped: 0,
            gathered: None,
        }
    }

    /// How many steps were left out.
    pub(super) fn skipped(&self) -> usize {
        self.skipped
    }

    /// Takes in the loss of a batch, which counts by its share, and makes a step if that completes
    /// one. The last step of an epoch may be of fewer batches.
    pub(super) fn take(&mut self, loss: &Value, share: f64, learner: &mut Learner) -> Result<()> {
        let gradients = match &learner.scaler {
            Some(scaler) => loss.backward_from(&start(scaler.scale(), loss, learner)?)?,
            None => loss.backward()?,
        };
        self.took(gradients, share, learner)
    }

    /// As [`take`](Self::take), given the loss of this rank's part of a batch.
    pub(super) fn take_part(
        &mut self,
        loss: &Value,
        all: BatchSums,
        learner: &mut Learner,
    ) -> Result<()> {
        let scale = learner.scaler.map_or(1.0, |scaler| scaler.scale());
        // Scaled before the way back: batch norms sum over the ranks what comes to them.
        let dy = start(scale * all.weight as f32, loss, learner)?;
        let parameters = learner.optimiser.parameters();
        // Of a step of several batches their sum travels, once.
        let gradients = match &mut learner.exchange {
            Some(exchange) if self.spec.accumulate == 1 => {
                exchange.backward_from(loss, &dy, &parameters)?
            }
            _ => loss.backward_from(&dy)?,
        };
        self.took(gradients, all.share, learner)
    }

    fn took(&mut self, mut gradients: Gradients, share: f64, learner: &mut Learner) -> Result<()> {
        self.left = self.left.saturating_sub(1);
        if self.spec.accumulate > 1 {
            let parameters = learner.optimiser.parameters();
            gradients.scale(&parameters, share)?;
            let mut gathered = match self.gathered.take() {
                None => Gathered {
                    batches: 0,
                    gradients,
                    shares: 0.0,
                },
                Some(mut gathered) => {
                    gathered.gradients.add(gradients, &parameters)?;
                    gathered
                }
            };
            gathered.batches += 1;
            gathered.shares += share;
            if gathered.batches < self.spec.accumulate && self.left > 0 {
                self.gathered = Some(gathered);
                return Ok(());
            }
            gradients = gathered.gradients;
            if let Some(exchange) = &learner.exchange {
                exchange.sum(&mut gradients, &parameters)?;
            }
            if gathered.shares > 0.0 {
                gradients.scale(&parameters, 1.0 / gathered.shares)?;
            }
        }
        self.step(gradients, learner)
    }

    fn step(&mut self, mut gradients: Gradients, learner: &mut Learner) -> Result<()> {
        let rate = self.rates.at(self.done);
        self.done += 1;
        let clip = self.spec.clip;
        if learner.scaler.is_some() || clip.value.is_some() || clip.norm.is_some() {
            let parameters = learner.optimiser.parameters();
            if let Some(scaler) = &mut learner.scaler {
                gradients.scale(&parameters, 1.0 / f64::from(scaler.scale()))?;
                let finite = gradients.are_finite(&parameters)?;
                scaler.update(&self.spec.scaler, finite);
                if !finite {
                    self.skipped += 1;
                    return Ok(());
                }
            }
            if let Some(bound) = clip.value {
                gradients.clip_value(&parameters, bound)?;
            }
            if let Some(bound) = clip.norm {
                gradients.clip_norm(&parameters, bound)?;
            }
        }
        learner.optimiser.step(&gradients, rate)?;
        if let Some(average) = &learner.average {
            average.update(&learner.params, learner.optimiser.steps())?;
        }
        Ok(())
    }
}

/// What a way back begins with.
fn start(scale: f32, loss: &Value, learner: &Learner) -> Result<Value> {
    let scale = Tensor::new(scale, &Device::Cpu)
        .and_then(|scale| scale.to_device(learner.params.device()))
        .and_then(|scale| scale.reshape(loss.dims()))
        .during("scaler")?;
    Value::new(&scale)
}

/// How many rows have their largest logit at the label.
pub(super) fn hits(logits: &Value, labels: &[u32]) -> Result<usize> {
    logits.tensor()?.with_array::<Ix2, _>(|rows| {
        let rows = rows.outer_iter().zip(labels);
        rows.filter(|(row, label)| arg_max(&row.to_vec()) == **label as usize)
            .count()
    })
}

#[cfg(test)]
mod tests;

//! Averages of weights.

use candle_core::Device;
use sarangi_core::{During, Result};
use sarangi_nn::{Model, Params};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::share;

/// An exponential moving average of the weights, which is what is then evaluated and saved as the
/// model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaSpec {
    /// How much of the average is kept in a step.
    #[serde(default = "default_decay")]
    pub decay: f64,
    /// Whether less is kept at first: (1 + n) / (10 + n) in step n if that is less than `decay`, as
    /// TensorFlow's `ExponentialMovingAverage` does with `num_updates`.
    #[serde(default)]
    pub warmup: bool,
}

fn default_decay() -> f64 {
    0.9999
}

impl EmaSpec {
    /// How much of the average is kept in a step, counted from 1.
    pub fn decay(&self, step: u64) -> f64 {
        let begun = (1.0 + step as f64) / (10.0 + step as f64);
        match self.warmup {
            true => self.decay.min(begun),
            false => self.decay,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        share("ema", "decay", self.decay)
    }
}

/// A second network whose weights are the average of the first one's.
///
/// It begins as a copy of the first, and running statistics are averaged as weights are: timm's
/// `ModelEmaV2`. (torch's `AveragedModel` copies them unless it is told `use_buffers`.)
pub(crate) struct Average {
    pub(crate) spec: EmaSpec,
    pub(crate) params: Params,
    pub(crate) network: Box<dyn Model>,
}

impl Average {
    /// The average of nothing but the network as it is; `build` builds another of its kind.
    pub(crate) fn new(
        spec: EmaSpec,
        of: &Params,
        device: &Device,
        build: impl FnOnce(&Params) -> Result<Box<dyn Model>>,
    ) -> Result<Self> {
        let params = Params::from_values(of.snapshot()?, device);
        let network = build(&params)?;
        params.check_all_used()?;
        Ok(Self {
            spec,
            params,
            network,
        })
    }

    /// Takes in the network's weights after a step, counted from 1.
    pub(crate) fn update(&self, of: &Params, step: u64) -> Result<()> {
        let decay = self.spec.decay(step);
        // Both have the same names in the same order.
        for ((_, average), (_, now)) in self.params.all().into_iter().zip(of.all()) {
            (average.var.as_tensor() * decay)
                .and_then(|kept| kept + (now.var.as_tensor() * (1.0 - decay))?)
                .and_then(|moved| average.var.set(&moved))
                .during("average")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Tensor;
    use sarangi_core::Seed;
    use sarangi_nn::{BatchNorm, BatchNormSpec, Mode, Value};

    struct Norm(BatchNorm);

    impl Model for Norm {
        fn forward(&self, xs: &Value, mode: Mode<'_>) -> Result<Value> {
            self.0.forward(xs, mode)
        }
    }

    fn build(params: &Params) -> Result<Box<dyn Model>> {
        let norm = BatchNorm::new(params, 2, BatchNormSpec::default())?;
        Ok(Box::new(Norm(norm)))
    }

    #[test]
    fn weights_and_statistics_move_towards_the_network_s() {
        let params = Params::new(Seed(1), &Device::Cpu);
        build(&params).unwrap();
        let spec = EmaSpec {
            decay: 0.75,
            warmup: false,
        };
        let average = Average::new(spec, &params, &Device::Cpu, build).unwrap();
        let value = |params: &Params, name: &str| {
            params.snapshot().unwrap()[name].to_vec1::<f32>().unwrap()
        };
        for (name, p) in params.all() {
            let values = if name == "weight" {
                [5.0f32, 1.0]
            } else {
                [2.0, 4.0]
            };
            p.var
                .set(&Tensor::new(&values, &Device::Cpu).unwrap())
                .unwrap();
        }
        average.update(&params, 1).unwrap();
        assert_eq!(value(&average.params, "weight"), [2.0, 1.0]);
        assert_eq!(value(&average.params, "running_mean"), [0.5, 1.0]);
        average.update(&params, 2).unwrap();
        assert_eq!(value(&average.params, "weight"), [2.75, 1.0]);
        assert_eq!(value(&params, "weight"), [5.0, 1.0]);
    }

    #[test]
    fn the_decay_warms_up() {
        let spec = EmaSpec {
            decay: 0.9,
            warmup: true,
        };
        assert_eq!(
            [1, 10, 71, 1000].map(|step| spec.decay(step)),
            [2.0 / 11.0, 0.55, 72.0 / 81.0, 0.9]
        );
        assert_eq!(
            EmaSpec {
                warmup: false,
                ..spec
            }
            .decay(1),
            0.9
        );
    }
}

//! Gradients of half-precision numbers, kept from vanishing.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::optimiser_spec::positive;

/// How the loss is scaled under `precision = "f16"`; names and defaults of `torch.amp.GradScaler`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScalerSpec {
    /// What the loss is multiplied by at first.
    pub init_scale: f64,
    /// What the scale is multiplied by after `growth_interval` steps without overflow.
    pub growth_factor: f64,
    /// What it is multiplied by after a step whose gradients are not finite; that step is left out.
    pub backoff_factor: f64,
    /// After how many steps in a row it grows.
    pub growth_interval: u32,
}

impl Default for ScalerSpec {
    fn default() -> Self {
        Self {
            init_scale: 65_536.0,
            growth_factor: 2.0,
            backoff_factor: 0.5,
            growth_interval: 2000,
        }
    }
}

impl ScalerSpec {
    pub(crate) fn check(&self) -> Result<()> {
        const SPEC: &str = "scaler";
        positive(SPEC, "init_scale", self.init_scale)?;
        let wrong = |field, rule: &str, value: f64| {
            Err(Error::config(
                SPEC,
                field,
                format!("must be {rule}, got {value}"),
            ))
        };
        if !(self.growth_factor > 1.0 && self.growth_factor.is_finite()) {
            return wrong("growth_factor", "above 1 and finite", self.growth_factor);
        }
        if !(self.backoff_factor > 0.0 && self.backoff_factor < 1.0) {
            return wrong("backoff_factor", "above 0 and below 1", self.backoff_factor);
        }
        match self.growth_interval {
            0 => wrong("growth_interval", "at least 1", 0.0),
            _ => Ok(()),
        }
    }
}

/// The scale of a run: `torch.amp.GradScaler`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradScaler {
    scale: f32,
    /// Steps without overflow since the scale last changed.
    growth_tracker: u32,
}

impl GradScaler {
    /// As a run begins.
    pub fn new(spec: &ScalerSpec) -> Self {
        Self {
            scale: spec.init_scale as f32,
            growth_tracker: 0,
        }
    }

    /// What the loss is multiplied by now, and the gradients are to be divided by.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Moves the scale after a step whose gradients were all finite, or not, in which case the step
    /// must not be made.
    pub fn update(&mut self, spec: &ScalerSpec, finite: bool) {
        if !finite {
            self.scale *= spec.backoff_factor as f32;
            self.growth_tracker = 0;
            return;
        }
        self.growth_tracker += 1;
        if self.growth_tracker >= spec.growth_interval {
            let grown = self.scale * spec.growth_factor as f32;
            // As torch: a scale that is no number would end the run.
            if grown.is_finite() {
                self.scale = grown;
            }
            self.growth_tracker = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What torch 2.11's `torch._amp_update_scale_` gives, step for step.
    #[test]
    fn it_grows_backs_off_and_stays_finite_as_torch_s() {
        let spec = ScalerSpec {
            init_scale: 8.0,
            growth_factor: 4.0,
            backoff_factor: 0.25,
            growth_interval: 2,
        };
        let mut scaler = GradScaler::new(&spec);
        let finite = [
            true, true, true, false, true, true, true, true, false, false,
        ];
        let scales = finite.map(|finite| {
            scaler.update(&spec, finite);
            scaler.scale()
        });
        assert_eq!(
            scales,
            [8.0, 32.0, 32.0, 8.0, 8.0, 32.0, 32.0, 128.0, 32.0, 8.0]
        );
        let mut large = GradScaler {
            scale: f32::MAX,
            growth_tracker: 1,
        };
        large.update(&spec, true);
        assert_eq!((large.scale(), large.growth_tracker), (f32::MAX, 0));
    }

    #[test]
    fn numbers_that_make_no_sense_are_named() {
        let good = ScalerSpec::default();
        good.check().unwrap();
        let cases = [
            (
                ScalerSpec {
                    init_scale: 0.0,
                    ..good
                },
                "init_scale",
            ),
            (
                ScalerSpec {
                    growth_factor: 1.0,
                    ..good
                },
                "growth_factor",
            ),
            (
                ScalerSpec {
                    backoff_factor: 1.0,
                    ..good
                },
                "backoff_factor",
            ),
            (
                ScalerSpec {
                    growth_interval: 0,
                    ..good
                },
                "growth_interval",
            ),
        ];
        for (spec, field) in cases {
            let error = spec.check().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}

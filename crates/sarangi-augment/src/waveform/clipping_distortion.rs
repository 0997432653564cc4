//! Peaks cut off.

use sarangi_core::{Result, Rng, SampleRate, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::in_place;
use crate::percentile::percentiles;
use crate::{Change, Uniform, WaveformAugmentation};

/// A share of the samples, the loudest upwards and downwards, is cut off at the level above which it
/// lies, however loud the sound is: `audiomentations.ClippingDistortion`, which takes the half of an
/// odd percentage for the whole number below.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClippingDistortion {
    /// Percent of the samples that are cut, half above and half below; 0 to 100. Default \[0, 40\].
    pub percentile_threshold: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ClippingDistortion {
    fn default() -> Self {
        Self {
            percentile_threshold: Uniform::between(0.0, 40.0),
            p: 1.0,
        }
    }
}

impl Change<WaveformAugmentation> for ClippingDistortion {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, _: SampleRate) -> Result<()> {
        let range = 0.0..=100.0;
        self.percentile_threshold
            .check("clipping_distortion", "percentile_threshold", range)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            percentile_threshold: self.percentile_threshold.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), wave: Waveform) -> Result<Waveform> {
        let half = self.percentile_threshold.value() / 2.0;
        let samples = wave.samples().iter().copied().collect();
        let [low, high] = percentiles(samples, [half, 100.0 - half]).map(|x| x as f32);
        in_place(wave, |row| {
            row.iter_mut().for_each(|x| *x = x.max(low).min(high))
        })
    }
}

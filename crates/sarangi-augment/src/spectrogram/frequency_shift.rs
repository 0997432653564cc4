//! Higher or lower.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng, within};
use serde::{Deserialize, Serialize};

use super::border::CVAL;
use super::resample_axis::resample_axis;
use crate::{Change, FillMode, SpectrogramAugmentation, Uniform};

/// Higher or lower by whole bins.
///
/// On bins that are spaced in octaves, as a constant-Q transform's, this is a transposition, and on mel
/// bins nearly one above 1 kHz; on an STFT's it is none, and on MFCC it means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrequencyShift {
    /// How many bins, whole, −10000 to 10000; higher if positive. Default \[−4, 4\].
    pub n_bins: Uniform,
    /// What comes in. Default `nearest`.
    pub fill_mode: FillMode,
    /// The value that comes in with `constant`, −1e6 to 1e6. Default 0.
    pub cval: f32,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for FrequencyShift {
    fn default() -> Self {
        Self {
            n_bins: Uniform::between(-4.0, 4.0),
            fill_mode: FillMode::Nearest,
            cval: 0.0,
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for FrequencyShift {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        self.n_bins
            .check_whole("frequency_shift", "n_bins", -1e4..=1e4)?;
        within("frequency_shift", "cval", self.cval, CVAL)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            n_bins: self.n_bins.draw_whole(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), map: FeatureMap) -> Result<FeatureMap> {
        let source = |bin: usize| bin as f64 - self.n_bins.value();
        let beyond = self.fill_mode.beyond(self.cval);
        Ok(resample_axis(&map, Axis(1), beyond, source))
    }
}

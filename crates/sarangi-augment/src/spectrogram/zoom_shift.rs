//! Larger or smaller, and elsewhere.

use ndarray::Axis;
use sarangi_core::{FeatureMap, Result, Rng, within};
use serde::{Deserialize, Serialize};

use super::border::CVAL;
use super::resample_axis::resample_axis;
use crate::{Change, FillMode, SpectrogramAugmentation, Uniform};

/// Larger or smaller about the middle, and moved, as Keras's `ImageDataGenerator` with `zoom_range=0.2`
/// and `width_shift_range=0.1`; bilinear.
///
/// Index i of an axis of n shows what was at z · (i − c) + c − s · n, with c = (n − 1) / 2, z the zoom and
/// s the shift.
///
/// By default time alone is changed, which is what a faster or slower performance does. Keras also
/// changes the height (`"frequency_zoom": [0.8, 1.2], "frequency_shift": [-0.1, 0.1]`): that puts the
/// harmonics at ratios that no instrument has, and is off for this reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZoomShift {
    /// How many of the frames there were are shown, as a factor, 0.1 to 10: below 1 enlarges, as in
    /// Keras. Default \[0.8, 1.2\].
    pub time_zoom: Uniform,
    /// The same of the bins. Default 1.
    pub frequency_zoom: Uniform,
    /// How much later, as a share of the frames, −1 to 1. Default \[−0.1, 0.1\].
    pub time_shift: Uniform,
    /// How much higher, as a share of the bins, −1 to 1. Default 0.
    pub frequency_shift: Uniform,
    /// What is beyond the edges. Default `nearest`.
    pub fill_mode: FillMode,
    /// The value beyond the edges with `constant`, −1e6 to 1e6. Default 0.
    pub cval: f32,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for ZoomShift {
    fn default() -> Self {
        Self {
            time_zoom: Uniform::between(0.8, 1.2),
            frequency_zoom: Uniform::fixed(1.0),
            time_shift: Uniform::between(-0.1, 0.1),
            frequency_shift: Uniform::fixed(0.0),
            fill_mode: FillMode::Nearest,
            cval: 0.0,
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for ZoomShift {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        const SPEC: &str = "zoom_shift";
        self.time_zoom.check(SPEC, "time_zoom", 0.1..=10.0)?;
        self.frequency_zoom
            .check(SPEC, "frequency_zoom", 0.1..=10.0)?;
        self.time_shift.check(SPEC, "time_shift", -1.0..=1.0)?;
        self.frequency_shift
            .check(SPEC, "frequency_shift", -1.0..=1.0)?;
        within(SPEC, "cval", self.cval, CVAL)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            time_zoom: self.time_zoom.draw(rng),
            frequency_zoom: self.frequency_zoom.draw(rng),
            time_shift: self.time_shift.draw(rng),
            frequency_shift: self.frequency_shift.draw(rng),
            p: 1.0,
            ..*self
        }
    }

    fn apply(&self, (): &(), map: FeatureMap) -> Result<FeatureMap> {
        let beyond = self.fill_mode.beyond(self.cval);
        let along = |map: FeatureMap, axis: Axis, zoom: Uniform, shift: Uniform| {
            let (zoom, shift) = (zoom.value(), shift.value());
            if zoom == 1.0 && shift == 0.0 {
                return map;
            }
            let len = map.len_of(axis) as f64;
            let centre = (len - 1.0) / 2.0;
            let source = |i: usize| zoom * (i as f64 - centre) + centre - shift * len;
            resample_axis(&map, axis, beyond, source)
        };
        let map = along(map, Axis(2), self.time_zoom, self.time_shift);
        let map = along(map, Axis(1), self.frequency_zoom, self.frequency_shift);
        Ok(map)
    }
}

//! A part as large as the whole.

use ndarray::{Axis, s};
use sarangi_core::{FeatureMap, Result, Rng};
use sarangi_dsp::resize_bilinear;
use serde::{Deserialize, Serialize};

use super::area::rectangle;
use crate::{Change, SpectrogramAugmentation, Uniform};

/// A rectangle of the map made as large as the map, as `torchvision.transforms.RandomResizedCrop`;
/// bilinear.
///
/// For pictures. On a spectrogram it is no change that leaves the label true: what was bass may be shown
/// where treble is, at another tempo, and a note's harmonics lie at ratios that no instrument has. It is
/// in no preset; [`ZoomShift`](crate::ZoomShift) moves and scales time alone.
///
/// The ratio moves to the nearest that fits where torchvision would draw again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomResizedCrop {
    /// The area as a share of the map, 0 to 1; at least one bin and frame. Default \[0.08, 1\].
    pub scale: Uniform,
    /// Frames by bins, 0.01 to 100, uniform on a logarithmic scale. Default \[3/4, 4/3\].
    pub ratio: Uniform,
    /// Which bins: 0 for the lowest at which it fits, 1 for the highest. Default \[0, 1\].
    pub bin_location: Uniform,
    /// Which frames: 0 for the first at which it fits, 1 for the last. Default \[0, 1\].
    pub frame_location: Uniform,
    /// How likely it is that an example is changed. Default 1.
    pub p: f64,
}

impl Default for RandomResizedCrop {
    fn default() -> Self {
        Self {
            scale: Uniform::between(0.08, 1.0),
            ratio: Uniform::between(3.0 / 4.0, 4.0 / 3.0),
            bin_location: Uniform::between(0.0, 1.0),
            frame_location: Uniform::between(0.0, 1.0),
            p: 1.0,
        }
    }
}

impl Change<SpectrogramAugmentation> for RandomResizedCrop {
    type Plan = ();

    fn p(&self) -> f64 {
        self.p
    }

    fn plan(&self, (): ()) -> Result<()> {
        const SPEC: &str = "random_resized_crop";
        self.scale.check(SPEC, "scale", 0.0..=1.0)?;
        self.ratio.check(SPEC, "ratio", 0.01..=100.0)?;
        self.bin_location.check(SPEC, "bin_location", 0.0..=1.0)?;
        self.frame_location.check(SPEC, "frame_location", 0.0..=1.0)
    }

    fn draw(&self, (): &(), rng: &mut Rng) -> Self {
        Self {
            scale: self.scale.draw(rng),
            ratio: self.ratio.draw_octaves(rng),
            bin_location: self.bin_location.draw(rng),
            frame_location: self.frame_location.draw(rng),
            p: 1.0,
        }
    }

    fn apply(&self, (): &(), mut map: FeatureMap) -> Result<FeatureMap> {
        let (_, bins, frames) = map.dim();
        if map.is_empty() {
            return Ok(map);
        }
        let (rows, columns) = rectangle(
            (bins, frames),
            (self.scale.value(), 1),
            1.0 / self.ratio.value(),
            [self.bin_location.value(), self.frame_location.value()],
        );
        for mut plane in map.axis_iter_mut(Axis(0)) {
            let part = plane.slice(s![rows.clone(), columns.clone()]);
            let whole = resize_bilinear(part, (bins, frames))?;
            plane.assign(&whole);
        }
        Ok(map)
    }
}

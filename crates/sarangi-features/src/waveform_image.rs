//! Waveforms as pictures that a network for photographs can look at.

use ndarray::Array3;
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Transform, Waveform};
use sarangi_plot::finite_range;
use serde::{Deserialize, Serialize};

use crate::Colour;
use crate::channels::mono;
use crate::check::within;

const NAME: &str = "waveform_image";
/// matplotlib's margin around the data: a twentieth at each end.
const MARGIN: f64 = 1.05;

/// The waveform of mono sound drawn in colour: time from left to right, amplitude from bottom to top
/// with zero in the middle, no axes, no smooth edges.
///
/// Column c of w shows samples ⌊c · n / w⌋ to ⌊(c + 1) · n / w⌋: every pixel from the least to the
/// largest of them has the foreground's colour, at least one; neighbouring columns share a sample, so
/// that the drawing hangs together. Amplitude a lies in row ⌊(1 − a / vmax) / 2 · height⌋. What comes out is
/// red, green and blue from 0 to 1: what loading its PNG would give.
///
/// As `librosa.display.waveshow` (before 0.9 `waveplot`) without axes, in its colour; librosa draws
/// the larger side of each column on both sides, this what there is on each.
#[cfg_attr(doc, doc = include_str!("../pictures/waveform-image.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WaveformImageSpec {
    /// Pixels from top to bottom, 1 to 65,536. Default 256.
    pub height: usize,
    /// Pixels from left to right, 1 to 65,536. Default 256.
    pub width: usize,
    /// Red, green and blue of the waveform, 0 to 255 each. Default matplotlib's first colour, the blue
    /// (31, 119, 180).
    pub foreground: Colour,
    /// Red, green and blue of the ground. Default white.
    pub background: Colour,
    /// The amplitude of the upper edge, above 0; the lower edge is as far below zero, and what lies
    /// beyond is cut. `None` for 1.05 times the largest amplitude of the sound. Default `None`.
    pub vmax: Option<f32>,
}

impl Default for WaveformImageSpec {
    fn default() -> Self {
        Self {
            height: 256,
            width: 256,
            foreground: [31, 119, 180],
            background: [255; 3],
            vmax: None,
        }
    }
}

impl Spec<SampleRate> for WaveformImageSpec {
    type Built = WaveformImage;

    fn build(&self, rate: SampleRate) -> Result<WaveformImage> {
        within(NAME, "height", self.height, 1..=1 << 16)?;
        within(NAME, "width", self.width, 1..=1 << 16)?;
        let vmax = self.vmax.unwrap_or(1.0);
        within(NAME, "vmax", vmax, f32::MIN_POSITIVE..=f32::MAX)?;
        Ok(WaveformImage {
            spec: self.clone(),
            rate,
        })
    }
}

/// A planned picture of a waveform: (3, height, width).
#[derive(Debug)]
pub struct WaveformImage {
    spec: WaveformImageSpec,
    rate: SampleRate,
}

impl WaveformImage {
    /// The amplitude of the upper edge.
    fn reach(&self, samples: &[f32]) -> f64 {
        let peak = || {
            let (low, high) = finite_range(samples.iter().copied()).unwrap_or((0.0, 0.0));
            let peak = f64::from(high.max(-low));
            if peak > 0.0 { MARGIN * peak } else { 1.0 }
        };
        self.spec.vmax.map_or_else(peak, f64::from)
    }
}

impl Transform<Waveform> for WaveformImage {
    type Out = FeatureMap;

    fn apply(&self, wave: &Waveform) -> Result<FeatureMap> {
        let samples = mono(NAME, self.rate, wave)?;
        if samples.is_empty() {
            return Err(Error::shape(NAME, "a sound of at least one sample", "none"));
        }
        let (height, width) = (self.spec.height, self.spec.width);
        let [front, ground] = [self.spec.foreground, self.spec.background]
            .map(|colour| colour.map(|part| f32::from(part) / 255.0));
        let reach = self.reach(samples);
        // The cast cuts above, the minimum below.
        let row = |amplitude: f32| {
            let share = (1.0 - f64::from(amplitude) / reach) / 2.0;
            ((share * height as f64) as usize).min(height - 1)
        };
        let first =
            |column: usize| (column as u128 * samples.len() as u128 / width as u128) as usize;
        let mut image = Array3::from_shape_fn((3, height, width), |(part, _, _)| ground[part]);
        for column in 0..width {
            let shared = first(column + 1).min(samples.len() - 1);
            let shown = samples[first(column)..=shared].iter().copied();
            let Some((low, high)) = finite_range(shown) else {
                continue;
            };
            for row in row(high)..=row(low) {
                for (part, value) in front.into_iter().enumerate() {
                    image[(part, row, column)] = value;
                }
            }
        }
        Ok(image)
    }
}

impl Feature for WaveformImage {
    fn shape(&self, samples: usize) -> [usize; 3] {
        let width = if samples > 0 { self.spec.width } else { 0 };
        [3, self.spec.height, width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};
    use proptest::prelude::*;

    const RATE: SampleRate = SampleRate::HZ_22050;

    fn image(json: &str, samples: &[f32]) -> FeatureMap {
        let spec: WaveformImageSpec = serde_json::from_str(json).unwrap();
        let wave = Waveform::mono(samples.to_vec(), RATE);
        spec.build(RATE).unwrap().apply(&wave).unwrap()
    }

    /// What of a picture of black on white is black.
    fn drawn(size: &str, samples: &[f32]) -> ndarray::Array2<u8> {
        let json = format!(r#"{{"foreground": [0, 0, 0], {size}}}"#);
        let map = image(&json, samples);
        assert_eq!(map.index_axis(Axis(0), 0), map.index_axis(Axis(0), 2));
        map.index_axis(Axis(0), 1).mapv(|x| u8::from(x == 0.0))
    }

    #[test]
    fn columns_are_filled_from_the_least_to_the_largest() {
        let samples = [0.9, 0.1, -0.1, -0.9, 0.4, 0.4];
        // A third column's samples begin with one that the second has shown.
        let want = array![[1, 0, 0], [1, 1, 1], [1, 1, 0], [0, 1, 0]];
        let size = r#""height": 4, "width": 3, "vmax": 1.0"#;
        assert_eq!(drawn(size, &samples), want);
    }

    #[test]
    fn few_samples_are_steps_that_hang_together() {
        let want = array![[0, 1, 1], [1, 1, 0]];
        let size = r#""height": 2, "width": 3, "vmax": 1.0"#;
        assert_eq!(drawn(size, &[-0.5, 0.5]), want);
    }

    #[test]
    fn the_largest_has_a_margin_and_what_is_beyond_is_cut() {
        let size = r#""height": 200, "width": 1"#;
        let own = drawn(size, &[1.0, -1.0]);
        let rows: Vec<usize> = (0..200).filter(|&row| own[(row, 0)] == 1).collect();
        assert_eq!((rows[0], rows[rows.len() - 1], rows.len()), (4, 195, 192));
        let cut = drawn(r#""height": 3, "width": 1, "vmax": 0.5"#, &[9.0, -9.0]);
        assert_eq!(cut, array![[1], [1], [1]]);
    }

    #[test]
    fn silence_is_a_line_and_colours_are_those_asked_for() {
        let map = image(
            r#"{"height": 3, "width": 2, "foreground": [255, 0, 51], "background": [0, 0, 0]}"#,
            &[0.0; 100],
        );
        for (part, value) in [1.0, 0.0, 0.2].into_iter().enumerate() {
            let want = array![[0.0, 0.0], [value, value], [0.0, 0.0]];
            assert_eq!(map.index_axis(Axis(0), part), want);
        }
    }

    #[test]
    fn nonsense_names_its_field() {
        let error = |json| {
            let spec: WaveformImageSpec = serde_json::from_str(json).unwrap();
            spec.build(RATE).unwrap_err().to_string()
        };
        assert!(error(r#"{"height": 0}"#).starts_with("waveform_image: height"));
        assert!(error(r#"{"width": 70000}"#).starts_with("waveform_image: width"));
        assert!(error(r#"{"vmax": 0}"#).starts_with("waveform_image: vmax"));
        assert!(
            serde_json::from_str::<WaveformImageSpec>(r#"{"foreground": [0, 0, 256]}"#).is_err()
        );
    }

    proptest! {
        #[test]
        fn every_column_is_one_stroke(
            samples in prop::collection::vec(-1.0f32..1.0, 1..40),
            height in 1usize..20,
            width in 1usize..20,
        ) {
            let drawn = drawn(&format!(r#""height": {height}, "width": {width}"#), &samples);
            for column in drawn.columns() {
                let edges = column.iter().zip(column.iter().skip(1)).filter(|(a, b)| a != b);
                prop_assert!(column.sum() > 0 && edges.count() <= 2);
            }
        }
    }
}

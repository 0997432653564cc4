//! Features as pictures that a network for photographs can look at.

use ndarray::{Array3, Axis};
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Transform, Waveform};
use sarangi_dsp::resize_antialiased;
use sarangi_plot::Shades;
use serde::{Deserialize, Serialize};

use crate::channels::mono;
use crate::check::within;
use crate::{ChannelFeature, ColourMap, FeatureSpec};

const NAME: &str = "image";

/// A feature of mono sound as a picture in colour: what a network trained on photographs takes.
///
/// The map is resized (a shrunk one is averaged over, as PIL and
/// `torch.nn.functional.interpolate(mode="bilinear", antialias=True)` do), its values are spread
/// over the colours, and what comes out is red, green and blue from 0 to 1, the lowest bin at the
/// bottom: what loading its PNG would give. Means and deviations of a data set are not taken off.
#[cfg_attr(doc, doc = include_str!("../pictures/image.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageSpec {
    /// The feature, by name or with its fields; any that makes one map of a channel. Default the
    /// mel spectrogram in decibels.
    #[serde(deserialize_with = "crate::named::one")]
    pub of: Box<FeatureSpec>,
    /// Pixels from top to bottom, 1 to 65,536. Default 224.
    pub height: usize,
    /// Pixels from left to right, 1 to 65,536. Default 224.
    pub width: usize,
    /// The colours. Default viridis.
    pub cmap: ColourMap,
    /// The value of the first colour; `None` for the least of the map. Default `None`.
    pub vmin: Option<f32>,
    /// The value of the last colour; `None` for the largest of the map. Default `None`.
    pub vmax: Option<f32>,
}

impl Default for ImageSpec {
    fn default() -> Self {
        Self {
            of: Box::new(FeatureSpec::LogMel(Default::default())),
            height: 224,
            width: 224,
            cmap: ColourMap::Viridis,
            vmin: None,
            vmax: None,
        }
    }
}

impl Spec<SampleRate> for ImageSpec {
    type Built = Image;

    fn build(&self, rate: SampleRate) -> Result<Image> {
        within(NAME, "height", self.height, 1..=1 << 16)?;
        within(NAME, "width", self.width, 1..=1 << 16)?;
        for (field, value) in [("vmin", self.vmin), ("vmax", self.vmax)] {
            within(NAME, field, value.unwrap_or(0.0), f32::MIN..=f32::MAX)?;
        }
        if let (Some(low), Some(high)) = (self.vmin, self.vmax)
            && low >= high
        {
            let reason = format!("must be above vmin ({low}), got {high}");
            return Err(Error::config(NAME, "vmax", reason));
        }
        Ok(Image {
            of: self.of.build_channel(rate)?,
            size: (self.height, self.width),
            cmap: self.cmap,
            limits: (self.vmin, self.vmax),
        })
    }
}

/// A planned picture of a sound: (3, height, width).
#[derive(Debug)]
pub struct Image {
    of: Box<dyn ChannelFeature>,
    size: (usize, usize),
    cmap: ColourMap,
    limits: (Option<f32>, Option<f32>),
}

impl Transform<Waveform> for Image {
    type Out = FeatureMap;

    fn apply(&self, wave: &Waveform) -> Result<FeatureMap> {
        mono(NAME, self.of.rate(), wave)?;
        let map = crate::channels::apply(&*self.of, wave)?;
        let resized = resize_antialiased(map.index_axis(Axis(0), 0), self.size)?;
        let shades = Shades::of(resized.view(), self.limits);
        let mut image = Array3::zeros([3, self.size.0, self.size.1]);
        for (row, values) in resized.outer_iter().rev().enumerate() {
            for (column, &value) in values.iter().enumerate() {
                let colour = self.cmap.colour(shades.share(value));
                for (channel, part) in colour.into_iter().enumerate() {
                    image[(channel, row, column)] = f32::from(part) / 255.0;
                }
            }
        }
        Ok(image)
    }
}

impl Feature for Image {
    fn shape(&self, samples: usize) -> [usize; 3] {
        let heard = self.of.frames(samples) > 0;
        [3, self.size.0, if heard { self.size.1 } else { 0 }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    fn image(json: &str, wave: &Waveform) -> FeatureMap {
        let spec: ImageSpec = serde_json::from_str(json).unwrap();
        spec.build(wave.rate()).unwrap().apply(wave).unwrap()
    }

    #[test]
    fn a_picture_has_its_low_bins_below_and_keeps_to_its_limits() {
        // A low tone: the bright rows are near the bottom.
        let tone = (0..22_050).map(|n| (n as f32 * 0.05).sin()).collect();
        let wave = Waveform::mono(tone, SampleRate::HZ_22050);
        let map = image(r#"{"cmap": "grey", "height": 256, "width": 256}"#, &wave);
        assert_eq!(map.dim(), (3, 256, 256));
        assert_eq!(map.slice(s![0, .., ..]), map.slice(s![2, .., ..]));
        let brightness = |row: usize| map.slice(s![0, row, ..]).sum();
        assert!(brightness(248) > 2.0 * brightness(20));
        assert!(map.iter().all(|x| (0.0..=1.0).contains(x)));
        let dark = image(r#"{"cmap": "grey", "vmin": 1000, "vmax": 1001}"#, &wave);
        assert!(dark.iter().all(|&x| x == 0.0));
        let wide = image(r#"{"of": "waveform", "height": 1, "width": 7}"#, &wave);
        assert_eq!(wide.dim(), (3, 1, 7));
    }

    #[test]
    fn nonsense_names_its_field() {
        let error = |json| {
            let spec: ImageSpec = serde_json::from_str(json).unwrap();
            spec.build(SampleRate::HZ_22050).unwrap_err().to_string()
        };
        assert!(error(r#"{"height": 0}"#).starts_with("image: height"));
        assert!(error(r#"{"vmin": 2, "vmax": 2}"#).starts_with("image: vmax"));
        assert!(error(r#"{"of": "image"}"#).contains("one map"));
    }
}

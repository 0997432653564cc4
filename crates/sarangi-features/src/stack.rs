//! Features of one sound, stacked as channels.

use ndarray::{Array3, ArrayView2, Axis};
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Transform, Waveform};
use sarangi_dsp::{Pool, resize_bilinear};
use serde::{Deserialize, Serialize};

use crate::channels::mono;
use crate::check::within;
use crate::{ChannelFeature, FeatureSpec};

const NAME: &str = "stack";

/// Several features of mono sound as the channels of one map.
///
/// Each is resized to the shape of the first (or a given one) by bilinear interpolation with
/// half-pixel centres. Features of the same power spectrogram share it: it is computed once.
#[cfg_attr(doc, doc = include_str!("../pictures/stack.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StackSpec {
    /// The features, each by its name or with its fields; 1 to 64, each with one map of a channel.
    /// Default MFCC with its first and second derivative.
    #[serde(deserialize_with = "crate::named::many")]
    pub features: Vec<FeatureSpec>,
    /// Bins of the stack; `None` for those of the first feature. Default `None`.
    pub n_bins: Option<usize>,
    /// Frames of the stack, whatever the sound's length; `None` for those of the first feature.
    /// Default `None`.
    pub n_frames: Option<usize>,
}

impl Default for StackSpec {
    fn default() -> Self {
        let second = crate::DeltaSpec {
            order: 2,
            ..Default::default()
        };
        Self {
            features: vec![
                FeatureSpec::Mfcc(Default::default()),
                FeatureSpec::Delta(Default::default()),
                FeatureSpec::Delta(second),
            ],
            n_bins: None,
            n_frames: None,
        }
    }
}

impl Spec<SampleRate> for StackSpec {
    type Built = Stack;

    fn build(&self, rate: SampleRate) -> Result<Stack> {
        within(NAME, "features", self.features.len(), 1..=64)?;
        within(NAME, "n_bins", self.n_bins.unwrap_or(1), 1..=1 << 16)?;
        within(NAME, "n_frames", self.n_frames.unwrap_or(1), 1..=1 << 20)?;
        let features = self.features.iter().map(|spec| spec.build_channel(rate));
        let features: Vec<_> = features.collect::<Result<_>>()?;
        Ok(Stack {
            shared: shared(&features),
            features,
            rate,
            n_bins: self.n_bins,
            n_frames: self.n_frames,
            scratch: Pool::new(Default::default),
        })
    }
}

/// A planned stack: (features, bins, frames) of mono sound.
#[derive(Debug)]
pub struct Stack {
    features: Vec<Box<dyn ChannelFeature>>,
    /// The features of each group take the same power spectrogram; a group of one takes none.
    shared: Vec<Vec<usize>>,
    rate: SampleRate,
    n_bins: Option<usize>,
    n_frames: Option<usize>,
    scratch: Pool<Scratch>,
}

#[derive(Debug, Default)]
struct Scratch {
    power: Vec<f32>,
    map: Vec<f32>,
}

/// Features in groups of one transform, by their indices.
fn shared(features: &[Box<dyn ChannelFeature>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, feature) in features.iter().enumerate() {
        let same = groups.iter_mut().find(|group| {
            let first = features[group[0]].of_power();
            match (feature.of_power(), first) {
                (Some(a), Some(b)) => a.stft().is_same_as(b.stft()),
                _ => false,
            }
        });
        match same {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

impl Stack {
    /// How many transforms of the sound its features share; each that shares none has its own.
    pub fn transforms(&self) -> usize {
        self.shared.len()
    }

    fn of_group(&self, group: &[usize], samples: &[f32], out: &mut FeatureMap) -> Result<()> {
        self.scratch.with(|Scratch { power, map }| {
            let transform = match group {
                [_] => None,
                _ => self.features[group[0]].of_power(),
            };
            if let Some(transform) = transform {
                let stft = transform.stft();
                let frames = stft.frames(samples.len());
                power.resize(stft.bins() * frames, 0.0);
                stft.power_into(samples, 0..frames, power, &mut stft.scratch())?;
            }
            for &index in group {
                let feature = &self.features[index];
                let size = (feature.bins(), feature.frames(samples.len()));
                map.resize(size.0 * size.1, 0.0);
                match transform.and(feature.of_power()) {
                    Some(feature) => feature.compute_of_power(power, map)?,
                    None => feature.compute_into(samples, map)?,
                }
                let map = ArrayView2::from_shape(size, map).map_err(|e| Error::backend(NAME, e))?;
                let mut channel = out.index_axis_mut(Axis(0), index);
                let wanted = channel.dim();
                match size == wanted {
                    true => channel.assign(&map),
                    false => channel.assign(&resize_bilinear(map, wanted)?),
                }
            }
            Ok(())
        })
    }
}

impl Transform<Waveform> for Stack {
    type Out = FeatureMap;

    fn apply(&self, wave: &Waveform) -> Result<FeatureMap> {
        let samples = mono(NAME, self.rate, wave)?;
        for feature in &self.features {
            if feature.frames(samples.len()) == 0 {
                return Err(Error::shape(
                    NAME,
                    format_args!("a sound of at least one frame of {}", feature.name()),
                    format_args!("{} samples", samples.len()),
                ));
            }
        }
        let mut map = Array3::zeros(self.shape(samples.len()));
        for group in &self.shared {
            self.of_group(group, samples, &mut map)?;
        }
        Ok(map)
    }
}

impl Feature for Stack {
    fn shape(&self, samples: usize) -> [usize; 3] {
        let frames = self.features.iter().map(|feature| feature.frames(samples));
        let heard = frames.clone().all(|frames| frames > 0);
        let frames = self.n_frames.or_else(|| frames.clone().next());
        [
            self.features.len(),
            self.n_bins.unwrap_or_else(|| self.features[0].bins()),
            if heard { frames.unwrap_or(0) } else { 0 },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    const RATE: SampleRate = SampleRate::HZ_22050;

    fn stack(json: &str) -> Stack {
        let spec: StackSpec = serde_json::from_str(json).unwrap();
        spec.build(RATE).unwrap()
    }

    fn sound(len: usize) -> Waveform {
        let strike = |n: usize| (-((n % 9000) as f32) / 2000.0).exp();
        let samples = (0..len).map(|n| strike(n) * (n as f32 * 0.11).sin());
        Waveform::mono(samples.collect(), RATE)
    }

    #[test]
    fn channels_are_the_features_by_themselves_and_share_their_transform() {
        let plan = stack(
            r#"{"features": ["mel", "log-mel", {"type": "power"}, "chroma-stft", "onset", "beat",
                "delta", "tempogram", "beat-mfcc", "stft-magnitude", "spectral-centroid",
                {"type": "mel", "power": 1.0}, {"type": "mfcc", "n_fft": 1024},
                {"type": "derivative", "of": "chroma-stft", "mode": "wrap"}], "n_bins": 128}"#,
        );
        // The centroid and the mel of magnitudes want other spectra, the last MFCC other frames, and a
        // derivative transforms for itself.
        assert_eq!(plan.transforms(), 5);
        let wave = sound(30_000);
        let map = plan.apply(&wave).unwrap();
        assert_eq!(map.shape(), [14, 128, 59]);
        assert_eq!(map.shape(), plan.shape(30_000));
        for (feature, channel) in plan.features.iter().zip(map.outer_iter()) {
            let mut alone = vec![0.0; feature.bins() * 59];
            feature
                .compute_into(wave.channel(0).unwrap(), &mut alone)
                .unwrap();
            let alone = ArrayView2::from_shape((feature.bins(), 59), &alone).unwrap();
            let alone = resize_bilinear(alone, (128, 59)).unwrap();
            let peak = alone.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            for (a, b) in alone.iter().zip(channel) {
                assert!((a - b).abs() <= 1e-5 * peak, "{}: {a} {b}", feature.name());
            }
        }
    }

    #[test]
    fn a_given_shape_is_kept_to() {
        let plan = stack(r#"{"features": ["log-mel", "rms"], "n_bins": 64, "n_frames": 32}"#);
        let map = plan.apply(&sound(20_000)).unwrap();
        assert_eq!(map.shape(), [2, 64, 32]);
        let rms = map.slice(s![1, .., ..]);
        assert!(rms.outer_iter().all(|row| row == rms.row(0)));
        assert_eq!(plan.shape(0), [2, 64, 0]);
    }

    #[test]
    fn nonsense_names_its_field() {
        let error = |json| {
            let spec: StackSpec = serde_json::from_str(json).unwrap();
            spec.build(RATE).unwrap_err().to_string()
        };
        assert!(error(r#"{"features": []}"#).starts_with("stack: features"));
        assert!(error(r#"{"n_bins": 0}"#).starts_with("stack: n_bins"));
        assert!(error(r#"{"features": ["stack"]}"#).contains("one map"));
        let unknown = serde_json::from_str::<StackSpec>(r#"{"features": ["mell"]}"#).unwrap_err();
        assert!(
            unknown.to_string().contains("`mell` is unknown"),
            "{unknown}"
        );
    }
}

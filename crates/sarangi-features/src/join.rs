//! The channels of several features, one after another.

use ndarray::{Axis, concatenate};
use sarangi_core::{Error, Feature, FeatureMap, Result, SampleRate, Spec, Transform, Waveform};
use serde::{Deserialize, Serialize};

use crate::channels::mono;
use crate::check::within;
use crate::{FeatureSpec, ImageSpec, ScalogramSpec};

const NAME: &str = "join";

/// The channels of several features of mono sound one after another: what a network with several
/// inputs takes, such as two pictures side by side, 6 × 224 × 224.
///
/// Nothing is resized: of a sound all must have the same bins and frames. Each may make one map or
/// several, and be there more than once; where each makes one map and they may be resized, take
/// [`StackSpec`](crate::StackSpec). As `numpy.concatenate` along the channels.
#[cfg_attr(doc, doc = include_str!("../pictures/join.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinSpec {
    /// The features, each by its name or with its fields; 1 to 64. Default the pictures of the mel
    /// spectrogram in decibels and of the scalogram.
    #[serde(deserialize_with = "crate::named::many")]
    pub features: Vec<FeatureSpec>,
}

impl Default for JoinSpec {
    fn default() -> Self {
        let scalogram = ImageSpec {
            of: Box::new(FeatureSpec::Scalogram(ScalogramSpec::default())),
            ..ImageSpec::default()
        };
        Self {
            features: vec![
                FeatureSpec::Image(ImageSpec::default()),
                FeatureSpec::Image(scalogram),
            ],
        }
    }
}

impl Spec<SampleRate> for JoinSpec {
    type Built = Join;

    fn build(&self, rate: SampleRate) -> Result<Join> {
        within(NAME, "features", self.features.len(), 1..=64)?;
        let part = |spec: &FeatureSpec| {
            Ok(Part {
                name: spec.name(),
                feature: spec.build(rate)?,
            })
        };
        Ok(Join {
            parts: self.features.iter().map(part).collect::<Result<_>>()?,
            rate,
        })
    }
}

/// Planned features whose channels stand one after another: (channels of all, bins, frames) of mono
/// sound.
pub struct Join {
    parts: Vec<Part>,
    rate: SampleRate,
}

struct Part {
    name: &'static str,
    feature: Box<dyn Feature>,
}

impl Join {
    /// Refuses features that make maps of different sizes of so many samples.
    fn check(&self, samples: usize) -> Result<()> {
        let size = |part: &Part| {
            let [_, bins, frames] = part.feature.shape(samples);
            (bins, frames)
        };
        let others = self.parts.iter().enumerate().skip(1);
        for (index, other) in others {
            let (first, other_size) = (size(&self.parts[0]), size(other));
            // What is too short for one says so itself.
            if first != other_size && first.1 > 0 && other_size.1 > 0 {
                let reason = format!(
                    "must have the same bins and frames, but of {samples} samples the first, `{}`, \
                     has {} × {}, and number {}, `{}`, {} × {}; choose settings that agree, or `stack`, \
                     which resizes",
                    self.parts[0].name,
                    first.0,
                    first.1,
                    index + 1,
                    other.name,
                    other_size.0,
                    other_size.1,
                );
                return Err(Error::config(NAME, "features", reason));
            }
        }
        Ok(())
    }
}

impl Transform<Waveform> for Join {
    type Out = FeatureMap;

    /// # Errors
    /// [`Error::Config`] if the features have different bins or frames, [`Error::Shape`] if the sound
    /// is not mono or too short for one.
    fn apply(&self, wave: &Waveform) -> Result<FeatureMap> {
        mono(NAME, self.rate, wave)?;
        self.check(wave.len())?;
        let maps = self.parts.iter().map(|part| part.feature.apply(wave));
        let maps: Vec<FeatureMap> = maps.collect::<Result<_>>()?;
        let views: Vec<_> = maps.iter().map(|map| map.view()).collect();
        concatenate(Axis(0), &views).map_err(|e| Error::backend(NAME, e))
    }
}

impl Feature for Join {
    fn shape(&self, samples: usize) -> [usize; 3] {
        let shapes = self.parts.iter().map(|part| part.feature.shape(samples));
        let [_, bins, frames] = self.parts[0].feature.shape(samples);
        let heard = shapes.clone().all(|[_, _, frames]| frames > 0);
        let channels = shapes.map(|[channels, _, _]| channels).sum();
        [channels, bins, if heard { frames } else { 0 }]
    }
}

impl std::fmt::Debug for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.parts.iter().map(|part| part.name).collect();
        f.debug_struct("Join")
            .field("features", &names)
            .field("rate", &self.rate)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    const RATE: SampleRate = SampleRate::HZ_22050;

    fn join(json: &str) -> Result<Join> {
        let spec: JoinSpec = serde_json::from_str(json).unwrap();
        spec.build(RATE)
    }

    fn sound(len: usize) -> Waveform {
        let samples = (0..len).map(|n| (n as f32 * 0.11).sin() * (n as f32 * 0.001).cos());
        Waveform::mono(samples.collect(), RATE)
    }

    #[test]
    fn channels_stand_one_after_another_and_may_repeat() {
        let picture = r#"{"type": "image", "of": "log-spectrogram", "height": 32, "width": 48}"#;
        let json = format!(
            r#"{{"features": [{picture}, {{"type": "waveform_image", "height": 32, "width": 48}},
                {{"type": "stack", "features": ["rms", "mel"], "n_bins": 32, "n_frames": 48}}, {picture}]}}"#
        );
        let (plan, wave) = (join(&json).unwrap(), sound(20_000));
        let map = plan.apply(&wave).unwrap();
        assert_eq!(map.dim(), (11, 32, 48));
        assert_eq!(map.shape(), plan.shape(20_000));
        let mut first = 0;
        for part in &plan.parts {
            let alone = part.feature.apply(&wave).unwrap();
            let next = first + alone.dim().0;
            assert_eq!(map.slice(s![first..next, .., ..]), alone);
            first = next;
        }
        assert_eq!(map.slice(s![..3, .., ..]), map.slice(s![8.., .., ..]));
    }

    #[test]
    fn features_of_different_sizes_are_both_named() {
        let plan = join(r#"{"features": ["mfcc", {"type": "mel", "n_mels": 20}, "chroma-stft"]}"#);
        let error = plan.unwrap().apply(&sound(9000)).unwrap_err();
        assert!(matches!(error, Error::Config { .. }));
        let text = error.to_string();
        assert!(text.starts_with("join: features: "), "{text}");
        assert!(text.contains("`mfcc`, has 20 × 18"), "{text}");
        assert!(text.contains("number 3, `chroma-stft`, 12 × 18"), "{text}");
        // The same bins, but twice the frames.
        let plan = join(r#"{"features": ["mel", {"type": "mel", "hop_length": 256}]}"#).unwrap();
        assert!(
            plan.apply(&sound(9000))
                .unwrap_err()
                .to_string()
                .contains("128 × 36")
        );
        // Of so short a sound there is one frame of each.
        assert_eq!(plan.apply(&sound(100)).unwrap().dim(), (2, 128, 1));
    }

    #[test]
    fn nonsense_names_its_field() {
        let error = |json| join(json).unwrap_err().to_string();
        assert!(error(r#"{"features": []}"#).starts_with("join: features"));
        assert!(error(r#"{"features": [{"type": "mel", "n_mels": 0}]}"#).contains("n_mels"));
        let stereo = Waveform::from_channels(vec![vec![0.0; 3000]; 2], RATE).unwrap();
        let refused = join("{}").unwrap().apply(&stereo).unwrap_err().to_string();
        assert!(
            refused.starts_with("join") && refused.contains("mono"),
            "{refused}"
        );
        let short = join(r#"{"features": ["rms", {"type": "power", "center": false}]}"#).unwrap();
        assert_eq!(short.shape(100)[2], 0);
        assert!(matches!(short.apply(&sound(100)), Err(Error::Shape { .. })));
    }
}

//! Any feature, beat by beat.

use sarangi_core::{Error, Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::sync::sync_in_place;
use crate::{
    Analysis, Beat, BeatSpec, ChannelFeature, FeatureSpec, MelBands, SyncAggregate, Tracking,
};

/// A feature joined between beats and stretched back to its number of frames.
///
/// `librosa.util.sync(feature, beats, aggregate)`, the ends of the sound being boundaries too, then
/// bilinear interpolation to the shape of the feature, so that the shape does not depend on how
/// many beats there are; [`sync`](fn@crate::sync) by itself gives one frame for each beat. Proved by
/// `compositions_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/beat-sync.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatSyncSpec {
    /// The feature, by name or with its fields: any that makes one map of a channel and has
    /// `hop_length` samples between its frames. Default chroma.
    #[serde(deserialize_with = "crate::named::one")]
    pub of: Box<FeatureSpec>,
    /// How frames are joined. Default their mean.
    pub aggregate: SyncAggregate,
    /// How beats are searched for.
    #[serde(flatten)]
    pub tracking: Tracking,
    /// Beats: the mel filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// Beats: the frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for BeatSyncSpec {
    fn default() -> Self {
        let beat = BeatSpec::default();
        Self {
            of: Box::new(FeatureSpec::ChromaStft(Default::default())),
            aggregate: SyncAggregate::Mean,
            tracking: beat.tracking,
            bands: beat.bands,
            analysis: beat.analysis,
        }
    }
}

impl Spec<SampleRate> for BeatSyncSpec {
    type Built = BeatSync;

    fn build(&self, rate: SampleRate) -> Result<BeatSync> {
        let beat = BeatSpec {
            tracking: self.tracking.clone(),
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
        };
        let (of, beat) = (self.of.build_channel(rate)?, beat.build(rate)?);
        // Frames that stand for other times would be cut at the wrong ones.
        let long = 1 << 24;
        if of.frames(long).abs_diff(beat.frames(long)) > 4 {
            return Err(Error::config(
                "beat_sync",
                "of",
                format!(
                    "must have hop_length ({}) samples between its frames, as the beats",
                    self.analysis.hop_length
                ),
            ));
        }
        Ok(BeatSync {
            of,
            beat,
            aggregate: self.aggregate,
        })
    }
}

/// A planned beat-synchronous feature: as many bins and frames as what is joined.
#[derive(Debug)]
pub struct BeatSync {
    of: Box<dyn ChannelFeature>,
    beat: Beat,
    aggregate: SyncAggregate,
}

impl ChannelFeature for BeatSync {
    fn name(&self) -> &'static str {
        "beat_sync"
    }

    fn rate(&self) -> SampleRate {
        self.of.rate()
    }

    fn bins(&self) -> usize {
        self.of.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.of.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let size = (self.bins(), self.frames(samples.len()));
        output(self.name(), out, size.0, size.1)?;
        self.of.compute_into(samples, out)?;
        let beats = self.beat.track(samples)?.frames;
        sync_in_place(out, size.1, &beats, self.aggregate)
    }
}

features_of_channels!(BeatSync);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_must_stand_for_the_same_times() {
        let spec: BeatSyncSpec =
            serde_json::from_str(r#"{"of": {"type": "rms", "hop_length": 256}}"#).unwrap();
        let error = spec.build(SampleRate::HZ_22050).unwrap_err().to_string();
        assert!(
            error.starts_with("beat_sync: of: must have hop_length (512)"),
            "{error}"
        );
        let spec: BeatSyncSpec = serde_json::from_str(r#"{"of": "five-channel"}"#).unwrap();
        let error = spec.build(SampleRate::HZ_22050).unwrap_err().to_string();
        assert!(error.contains("one map"), "{error}");
    }
}

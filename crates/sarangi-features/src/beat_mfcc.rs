//! MFCC averaged between beats.

use ndarray::{ArrayView2, s};
use sarangi_core::{Error, Result, SampleRate, Spec};
use sarangi_dsp::{Pool, resize_bilinear};
use serde::{Deserialize, Serialize};

use crate::beat_tracker::BeatTracker;
use crate::channels::features_of_channels;
use crate::check::output;
use crate::onset::OnsetCurve;
use crate::{Aggregate, Analysis, BeatSpec, ChannelFeature, MelBands, Mfcc, MfccSpec};

/// Beat-synchronous MFCC, stretched back to the number of frames.
///
/// `librosa.util.sync(mfcc, beats)`, the mean between neighbouring beats with the first and last
/// frame as boundaries, then bilinear interpolation to the shape of the MFCC. Beats come from the
/// same mel spectrogram. Proved by `rhythm_*` in the golden files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeatMfccSpec {
    /// MFCC: coefficients. Default 20.
    pub n_mfcc: usize,
    /// MFCC: lifter. Default 0.
    pub lifter: f64,
    /// Beats: the most likely tempo in beats per minute. Default 120.
    pub start_bpm: f64,
    /// Beats: how strictly they keep to the tempo. Default 100.
    pub tightness: f64,
    /// Beats: whether weak ones at the ends are left out. Default true.
    pub trim: bool,
    /// Beats: the tempo in beats per minute; `None` to estimate it. Default `None`.
    pub bpm: Option<f64>,
    /// The mel filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// The frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for BeatMfccSpec {
    fn default() -> Self {
        let (mfcc, beat) = (MfccSpec::default(), BeatSpec::default());
        Self {
            n_mfcc: mfcc.n_mfcc,
            lifter: mfcc.lifter,
            start_bpm: beat.start_bpm,
            tightness: beat.tightness,
            trim: beat.trim,
            bpm: beat.bpm,
            bands: mfcc.bands,
            analysis: mfcc.analysis,
        }
    }
}

impl Spec<SampleRate> for BeatMfccSpec {
    type Built = BeatMfcc;

    fn build(&self, rate: SampleRate) -> Result<BeatMfcc> {
        let mfcc = MfccSpec {
            n_mfcc: self.n_mfcc,
            lifter: self.lifter,
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..MfccSpec::default()
        };
        let beat = BeatSpec {
            start_bpm: self.start_bpm,
            tightness: self.tightness,
            trim: self.trim,
            bpm: self.bpm,
            analysis: self.analysis.clone(),
            ..BeatSpec::default()
        };
        Ok(BeatMfcc {
            mfcc: mfcc.build(rate)?,
            sync: BeatSync::new(&beat, rate)?,
            scratch: Pool::new(Default::default),
        })
    }
}

/// Planned beat-synchronous MFCC: (n_mfcc, frames).
#[derive(Debug)]
pub struct BeatMfcc {
    mfcc: Mfcc,
    sync: BeatSync,
    /// The log-mel map and the MFCC.
    scratch: Pool<(Vec<f32>, Vec<f32>)>,
}

impl ChannelFeature for BeatMfcc {
    const NAME: &'static str = "beat_mfcc";

    fn rate(&self) -> SampleRate {
        self.mfcc.rate()
    }

    fn bins(&self) -> usize {
        self.mfcc.bins()
    }

    fn frames(&self, samples: usize) -> usize {
        self.mfcc.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        let frames = self.frames(samples.len());
        output(Self::NAME, out, self.bins(), frames)?;
        self.scratch.with(|(log_mel, mfcc)| {
            log_mel.resize(self.mfcc.log_mel().bins() * frames, 0.0);
            mfcc.resize(out.len(), 0.0);
            self.mfcc.log_mel().compute_into(samples, log_mel)?;
            self.mfcc.of_log_mel(log_mel, frames, mfcc)?;
            self.sync.of_maps(log_mel, mfcc, frames, out)
        })
    }
}

features_of_channels!(BeatMfcc);

/// The step from a log-mel map, in which beats are found, and a map of the same frames to the
/// latter's means between beats.
#[derive(Debug)]
pub(crate) struct BeatSync {
    curve: OnsetCurve,
    tracker: BeatTracker,
}

impl BeatSync {
    pub(crate) fn new(beat: &BeatSpec, rate: SampleRate) -> Result<Self> {
        Ok(Self {
            curve: OnsetCurve::new(1, Aggregate::Median, &beat.analysis),
            tracker: beat.tracker(rate)?,
        })
    }

    /// # Shapes
    /// `log_mel`, `map` and `out` are row-major with `frames` columns, the last two alike.
    pub(crate) fn of_maps(
        &self,
        log_mel: &[f32],
        map: &[f32],
        frames: usize,
        out: &mut [f32],
    ) -> Result<()> {
        let mut onset = vec![0.0; frames];
        self.curve.of_log_mel(log_mel, &mut onset);
        let beats = self.tracker.track(&onset)?.frames;
        let rows = map.len() / frames;
        let map = ArrayView2::from_shape((rows, frames), map)
            .map_err(|_| Error::shape("beat_mfcc", "whole rows", map.len()))?;
        let means = means_between(map, &beats);
        let resized = resize_bilinear(means.view(), (rows, frames))?;
        for (y, &x) in out.iter_mut().zip(&resized) {
            *y = x;
        }
        Ok(())
    }
}

/// The mean of the columns between neighbouring boundaries, the ends of the map being boundaries.
fn means_between(map: ArrayView2<'_, f32>, boundaries: &[usize]) -> ndarray::Array2<f32> {
    let mut edges: Vec<usize> = vec![0, map.ncols()];
    edges.extend(boundaries.iter().map(|&b| b.min(map.ncols())));
    edges.sort_unstable();
    edges.dedup();
    let mut means = ndarray::Array2::zeros((map.nrows(), edges.len() - 1));
    for (pair, mut mean) in edges.windows(2).zip(means.columns_mut()) {
        let segment = map.slice(s![.., pair[0]..pair[1]]);
        for (y, row) in mean.iter_mut().zip(segment.outer_iter()) {
            *y = row.sum() / row.len() as f32;
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn means_lie_between_beats_and_the_ends() {
        let map = array![[1.0, 3.0, 5.0, 7.0], [0.0, 0.0, 8.0, 0.0]];
        let means = |beats: &[usize]| means_between(map.view(), beats);
        assert_eq!(means(&[2]), array![[2.0, 6.0], [0.0, 4.0]]);
        assert_eq!(means(&[]), array![[4.0], [2.0]]);
        assert_eq!(means(&[0, 0, 4, 9]), array![[4.0], [2.0]]);
        assert_eq!(means(&[0, 1, 2, 3]), map);
    }
}

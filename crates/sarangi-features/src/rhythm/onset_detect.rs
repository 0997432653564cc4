//! Where notes begin.

use sarangi_core::{Result, SampleRate, Spec};
use serde::{Deserialize, Serialize};

use crate::channels::features_of_channels;
use crate::check::output;
use crate::rhythm::marks::mark;
use crate::rhythm::peak_pick::PeakPick;
use crate::{Analysis, ChannelFeature, Decibels, MelBands, Onset, OnsetSpec};

/// Onsets, with the names and defaults of `librosa.onset.onset_detect`.
///
/// Peaks of the onset strength, scaled to go from 0 to 1. As a feature: 1 on frames with an onset,
/// else 0; [`OnsetDetect::onsets`] and [`OnsetDetect::times`] give frames and seconds. Proved by
/// `onsets_*` in the golden files.
#[cfg_attr(doc, doc = include_str!("../../pictures/onset-detect.html"))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnsetDetectSpec {
    /// Whether each onset is moved back to the minimum of the curve before it. Default false.
    pub backtrack: bool,
    /// Whether the curve is scaled to go from 0 to 1. Default true.
    pub normalize: bool,
    /// How far above the mean around it a peak must be. Default 0.07.
    pub delta: f64,
    /// Frames before a peak that are not above it; `None` for 30 ms. Default `None`.
    pub pre_max: Option<usize>,
    /// One more than the frames after a peak that are not above it; `None` for 1. Default `None`.
    pub post_max: Option<usize>,
    /// Frames before a peak whose mean counts; `None` for 100 ms. Default `None`.
    pub pre_avg: Option<usize>,
    /// One more than the frames after a peak whose mean counts; `None` for 100 ms. Default `None`.
    pub post_avg: Option<usize>,
    /// Frames after an onset without another; `None` for 30 ms. Default `None`.
    pub wait: Option<usize>,
    /// Onset strength: the scale.
    #[serde(flatten)]
    pub decibels: Decibels,
    /// Onset strength: the filters.
    #[serde(flatten)]
    pub bands: MelBands,
    /// Onset strength: the frames.
    #[serde(flatten)]
    pub analysis: Analysis,
}

impl Default for OnsetDetectSpec {
    fn default() -> Self {
        Self {
            backtrack: false,
            normalize: true,
            delta: 0.07,
            pre_max: None,
            post_max: None,
            pre_avg: None,
            post_avg: None,
            wait: None,
            decibels: Decibels::default(),
            bands: MelBands::default(),
            analysis: Analysis::default(),
        }
    }
}

impl Spec<SampleRate> for OnsetDetectSpec {
    type Built = OnsetDetect;

    fn build(&self, rate: SampleRate) -> Result<OnsetDetect> {
        let onset = OnsetSpec {
            decibels: self.decibels.clone(),
            bands: self.bands.clone(),
            analysis: self.analysis.clone(),
            ..OnsetSpec::default()
        };
        let onset = onset.build(rate)?;
        let frames = |seconds: f64| {
            (seconds * rate.as_f64() / self.analysis.hop_length as f64).floor() as usize
        };
        let picker = PeakPick {
            pre_max: self.pre_max.unwrap_or_else(|| frames(0.03)),
            post_max: self.post_max.unwrap_or(1),
            pre_avg: self.pre_avg.unwrap_or_else(|| frames(0.1)),
            post_avg: self.post_avg.unwrap_or_else(|| frames(0.1) + 1),
            delta: self.delta,
            wait: self.wait.unwrap_or_else(|| frames(0.03)),
        };
        picker.check()?;
        Ok(OnsetDetect {
            onset,
            picker,
            normalize: self.normalize,
            backtrack: self.backtrack,
            hop_length: self.analysis.hop_length,
        })
    }
}

/// Planned onsets: (1, frames).
#[derive(Debug)]
pub struct OnsetDetect {
    onset: Onset,
    picker: PeakPick,
    normalize: bool,
    backtrack: bool,
    hop_length: usize,
}

impl OnsetDetect {
    /// The frames of the onsets of one channel, in order.
    ///
    /// # Errors
    /// [`Error::Shape`](sarangi_core::Error::Shape) if the sound is too short for a frame.
    pub fn onsets(&self, samples: &[f32]) -> Result<Vec<usize>> {
        let mut curve = vec![0.0; self.frames(samples.len())];
        self.onset.compute_into(samples, &mut curve)?;
        if self.normalize {
            let least = curve.iter().copied().fold(f32::INFINITY, f32::min);
            curve.iter_mut().for_each(|x| *x -= least);
            let most = curve.iter().copied().fold(0.0, f32::max) + f32::MIN_POSITIVE;
            curve.iter_mut().for_each(|x| *x /= most);
        }
        if curve.iter().all(|&x| x == 0.0) {
            return Ok(Vec::new());
        }
        let mut onsets = self.picker.peaks(&curve);
        if self.backtrack {
            onsets
                .iter_mut()
                .for_each(|n| *n = minimum_before(&curve, *n));
            onsets.dedup();
        }
        Ok(onsets)
    }

    /// The same in seconds from the beginning of the sound.
    ///
    /// # Errors
    /// As [`onsets`](Self::onsets).
    pub fn times(&self, samples: &[f32]) -> Result<Vec<f64>> {
        let onsets = self.onsets(samples)?;
        let seconds = |frame: usize| self.rate().seconds(frame * self.hop_length);
        Ok(onsets.into_iter().map(seconds).collect())
    }
}

/// The last minimum at or before `n`; 0 if there is none.
fn minimum_before(curve: &[f32], n: usize) -> usize {
    let is_minimum = |i: usize| {
        let next = curve.get(i + 1);
        curve[i] <= curve[i - 1] && next.is_some_and(|&next| curve[i] < next)
    };
    (1..=n).rev().find(|&i| is_minimum(i)).unwrap_or(0)
}

impl ChannelFeature for OnsetDetect {
    fn name(&self) -> &'static str {
        "onset_detect"
    }

    fn rate(&self) -> SampleRate {
        self.onset.rate()
    }

    fn bins(&self) -> usize {
        1
    }

    fn frames(&self, samples: usize) -> usize {
        self.onset.frames(samples)
    }

    fn compute_into(&self, samples: &[f32], out: &mut [f32]) -> Result<()> {
        output(self.name(), out, 1, self.frames(samples.len()))?;
        mark(&self.onsets(samples)?, out);
        Ok(())
    }
}

features_of_channels!(OnsetDetect);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onsets_are_found_where_clicks_are() {
        let rate = SampleRate::HZ_22050;
        let clicks = [3000, 11_025, 30_000];
        let mut samples = vec![0.0; 40_000];
        for &click in &clicks {
            for (n, x) in samples[click..click + 2000].iter_mut().enumerate() {
                *x = (-(n as f32) / 200.0).exp() * (n as f32 * 0.9).sin();
            }
        }
        let times = OnsetDetectSpec::default()
            .build(rate)
            .unwrap()
            .times(&samples)
            .unwrap();
        assert_eq!(times.len(), 3);
        for (time, click) in times.iter().zip(clicks) {
            assert!((time - rate.seconds(click)).abs() < 0.03, "{time} {click}");
        }
        let back = OnsetDetectSpec {
            backtrack: true,
            ..Default::default()
        };
        let earlier = back.build(rate).unwrap().times(&samples).unwrap();
        assert!(earlier.iter().zip(&times).all(|(a, b)| a < b));
    }
}

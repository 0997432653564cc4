//! Beats by dynamic programming.

use sarangi_core::{Result, SampleRate};

use crate::Tracking;
use crate::rhythm::tempo::TempoEstimator;

/// Beats of a sound: its tempo and the frames on which they fall.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beats {
    /// Beats per minute; 0 if there is no onset at all.
    pub tempo: f64,
    /// Frames, ascending.
    pub frames: Vec<usize>,
}

/// A planned beat tracker over an onset curve, as `librosa.beat.beat_track`.
///
/// The path of frames with the largest sum of onset strength, less `tightness` · ln²(step / period)
/// for each step (D. Ellis, *Beat tracking by dynamic programming*, 2007).
#[derive(Debug)]
pub(crate) struct BeatTracker {
    tempo: Option<f64>,
    estimator: TempoEstimator,
    frame_rate: f64,
    tightness: f64,
    trim: bool,
}

impl BeatTracker {
    /// What is searched for has been checked.
    pub(crate) fn new(tracking: &Tracking, hop_length: usize, rate: SampleRate) -> Result<Self> {
        Ok(Self {
            tempo: tracking.bpm,
            estimator: TempoEstimator::new(rate, hop_length, tracking.start_bpm)?,
            frame_rate: rate.as_f64() / hop_length.max(1) as f64,
            tightness: tracking.tightness,
            trim: tracking.trim,
        })
    }

    /// The beats of an onset curve.
    pub(crate) fn track(&self, onset: &[f32]) -> Result<Beats> {
        if onset.iter().all(|&x| x == 0.0) {
            return Ok(Beats::default());
        }
        let tempo = match self.tempo {
            Some(bpm) => bpm,
            None => self.estimator.estimate(onset)?,
        };
        let period = (self.frame_rate * 60.0 / tempo).round_ties_even().max(1.0);
        let local = local_score(&normalised(onset), period, period);
        let frames = best_path(&local, period, self.tightness);
        Ok(Beats {
            tempo,
            frames: trimmed(&local, frames, self.trim),
        })
    }
}

/// The best path, ascending.
pub(crate) fn best_path(local: &[f64], period: f64, tightness: f64) -> Vec<usize> {
    let nearest = (period / 2.0).round_ties_even().max(1.0) as usize;
    let farthest = (2.0 * period).min(local.len() as f64) as usize;
    let penalties: Vec<f64> = (nearest..=farthest)
        .map(|step| tightness * ((step as f64).ln() - period.ln()).powi(2))
        .collect();
    let loudest = local.iter().fold(f64::NEG_INFINITY, |m, &x| m.max(x));
    let mut scores = vec![0.0f64; local.len()];
    let mut links: Vec<Option<usize>> = vec![None; local.len()];
    let mut waiting = true;
    for (i, &here) in local.iter().enumerate() {
        let mut best: Option<(f64, usize)> = None;
        for (step, penalty) in (nearest..).zip(&penalties) {
            let Some(from) = i.checked_sub(step) else {
                break;
            };
            let score = scores[from] - penalty;
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, from));
            }
        }
        scores[i] = here + best.map_or(0.0, |(score, _)| score);
        // The first beat is not before the sound begins in earnest.
        waiting = waiting && here < 0.01 * loudest;
        if !waiting {
            links[i] = best.map(|(_, from)| from);
        }
    }
    let mut frames = Vec::new();
    let mut next = Some(last_beat(&scores));
    while let Some(frame) = next {
        frames.push(frame);
        next = links[frame];
    }
    frames.reverse();
    frames
}

/// The curve divided by its standard deviation.
fn normalised(onset: &[f32]) -> Vec<f32> {
    let count = onset.len() as f64;
    let mean = onset.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let squares: f64 = onset.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0).max(1.0)).sqrt() as f32 + f32::MIN_POSITIVE;
    onset.iter().map(|&x| x / deviation).collect()
}

/// The curve smoothed with a narrow bell, exp(−½ (32 n / period)²), cut off at `reach` frames.
///
/// The first onset is left out of every sum, as in librosa.
pub(crate) fn local_score(onset: &[f32], period: f64, reach: f64) -> Vec<f64> {
    let reach = reach.min(onset.len() as f64) as usize;
    let bell: Vec<f64> = (0..=reach)
        .map(|n| (-0.5 * (n as f64 * 32.0 / period).powi(2)).exp())
        .collect();
    (0..onset.len())
        .map(|i| {
            let from = i.saturating_sub(reach).max(1);
            let to = onset.len().min(i + reach + 1);
            // Summed from the far end, the order in which a convolution meets them.
            (from..to)
                .rev()
                .map(|j| bell[i.abs_diff(j)] * f64::from(onset[j]))
                .sum()
        })
        .collect()
}

/// The last local maximum that reaches half the median of all local maxima, else the last frame.
fn last_beat(scores: &[f64]) -> usize {
    let len = scores.len();
    let peaks: Vec<usize> = (1..len)
        .filter(|&i| {
            scores[i] > scores[i - 1] && scores.get(i + 1).is_none_or(|&next| scores[i] >= next)
        })
        .collect();
    let mut sorted: Vec<f64> = peaks.iter().map(|&i| scores[i]).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let median = match sorted.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => (sorted[half - 1] + sorted[half]) / 2.0,
        _ => sorted[half],
    };
    let reached = peaks.iter().rev().find(|&&i| scores[i] >= 0.5 * median);
    reached.copied().unwrap_or(len.saturating_sub(1))
}

/// Leaves out beats before the first and after the last frame whose score is above a threshold:
/// half the root mean square of the smoothed scores on the beats, or 0 if `trim` is off.
pub(crate) fn trimmed(local: &[f64], beats: Vec<usize>, trim: bool) -> Vec<usize> {
    let threshold = if trim {
        let on_beats: Vec<f64> = beats.iter().map(|&i| local[i]).collect();
        let score = |i: Option<usize>| i.and_then(|i| on_beats.get(i)).copied().unwrap_or(0.0);
        // The convolution with (0, ½, 1, ½, 0), of which librosa keeps two values beyond the last
        // beat, as far as the curve is long.
        let count = (on_beats.len() + 2).min(local.len());
        let squares: f64 = (0..count)
            .map(|i| {
                let smooth =
                    0.5 * score(i.checked_sub(1)) + score(Some(i)) + 0.5 * score(Some(i + 1));
                smooth * smooth
            })
            .sum();
        0.5 * (squares / count as f64).sqrt()
    } else {
        0.0
    };
    let loud = |&score: &f64| score > threshold;
    let (first, last) = (local.iter().position(loud), local.iter().rposition(loud));
    beats
        .into_iter()
        .filter(|&i| first.is_some_and(|first| i >= first) && last.is_some_and(|last| i <= last))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tracker(bpm: Option<f64>) -> BeatTracker {
        let tracking = Tracking {
            bpm,
            ..Tracking::default()
        };
        BeatTracker::new(&tracking, 512, SampleRate::HZ_22050).unwrap()
    }

    #[test]
    fn clicks_are_beats() {
        let mut clicks = vec![0.0; 260];
        (10..250).step_by(22).for_each(|i| clicks[i] = 1.0);
        let beats = tracker(None).track(&clicks).unwrap();
        assert_eq!(beats.frames, (10..250).step_by(22).collect::<Vec<_>>());
        assert!((beats.tempo - 60.0 * 22_050.0 / 512.0 / 22.0).abs() < 1e-9);
    }

    #[test]
    fn silence_has_no_beats() {
        assert_eq!(tracker(None).track(&[0.0; 130]).unwrap(), Beats::default());
        assert_eq!(tracker(None).track(&[]).unwrap(), Beats::default());
    }

    proptest! {
        #[test]
        fn beats_ascend_within_any_curve(
            onset in prop::collection::vec(prop_oneof![Just(0.0f32), 0.0f32..9.0], 0..90),
            bpm in prop::option::of(1e-3f64..1e6),
        ) {
            let beats = tracker(bpm).track(&onset).unwrap();
            prop_assert!(beats.frames.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(beats.frames.iter().all(|&frame| frame < onset.len()));
        }
    }
}

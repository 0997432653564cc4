//! Peaks of a curve.

use sarangi_core::Result;
use serde::{Deserialize, Serialize};

use crate::check::within;

const FARTHEST: usize = 1 << 24;

/// When a value of a curve is a peak: `librosa.util.peak_pick`.
///
/// Value n is one if it is the largest of those from n − `pre_max` to n + `post_max` (which is left
/// out), at least `delta` above the mean of those from n − `pre_avg` to n + `post_avg` (left out), and
/// more than `wait` after the peak before (S. Böck, F. Krebs and M. Schedl, *ISMIR* 2012). Proved by
/// `onsets_*` in the golden files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeakPick {
    /// Values before a peak that are not above it.
    pub pre_max: usize,
    /// One more than the values after a peak that are not above it, at least 1.
    pub post_max: usize,
    /// Values before a peak whose mean counts.
    pub pre_avg: usize,
    /// One more than the values after a peak whose mean counts, at least 1.
    pub post_avg: usize,
    /// How far above the mean a peak must be, at least 0.
    pub delta: f64,
    /// Values after a peak that are none.
    pub wait: usize,
}

impl PeakPick {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) naming the field.
    pub fn check(&self) -> Result<()> {
        within("peak_pick", "pre_max", self.pre_max, 0..=FARTHEST)?;
        within("peak_pick", "post_max", self.post_max, 1..=FARTHEST)?;
        within("peak_pick", "pre_avg", self.pre_avg, 0..=FARTHEST)?;
        within("peak_pick", "post_avg", self.post_avg, 1..=FARTHEST)?;
        within("peak_pick", "wait", self.wait, 0..=FARTHEST)?;
        within("peak_pick", "delta", self.delta, 0.0..=1e30)
    }

    /// The places of the peaks, in order.
    pub fn peaks(&self, curve: &[f32]) -> Vec<usize> {
        let around = |n: usize, before: usize, after: usize| {
            let end = curve.len().min(n.saturating_add(after));
            &curve[n.saturating_sub(before).min(end)..end]
        };
        let is_peak = |n: usize| {
            let most = around(n, self.pre_max, self.post_max).iter();
            let near = around(n, self.pre_avg, self.post_avg);
            let mean = near.iter().map(|&x| f64::from(x)).sum::<f64>() / near.len().max(1) as f64;
            most.fold(f32::NEG_INFINITY, |m, &x| m.max(x)) == curve[n]
                && f64::from(curve[n]) >= mean + self.delta
        };
        let mut peaks = Vec::new();
        let mut n = 0;
        while n < curve.len() {
            if is_peak(n) {
                peaks.push(n);
                n += self.wait;
            }
            n += 1;
        }
        peaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPEC: PeakPick = PeakPick {
        pre_max: 2,
        post_max: 3,
        pre_avg: 3,
        post_avg: 4,
        delta: 0.5,
        wait: 1,
    };

    #[test]
    fn peaks_stand_out_and_apart() {
        let curve = [3.0, 0.0, 0.0, 5.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.1, 0.0];
        // 5.0 twice: the second is as large, but what follows a peak at once is none.
        assert_eq!(SPEC.peaks(&curve), [0, 3, 5]);
        let patient = PeakPick { wait: 2, ..SPEC };
        assert_eq!(patient.peaks(&curve), [0, 3]);
        assert!(SPEC.peaks(&[]).is_empty());
        // No more than the mean: a flat curve has no peak.
        assert!(SPEC.peaks(&[1.0; 9]).is_empty());
    }

    proptest! {
        #[test]
        fn no_curve_is_trouble(
            curve in prop::collection::vec(any::<f32>(), 0..40),
            wait in 0usize..50,
        ) {
            let spec = PeakPick { wait, ..SPEC };
            let peaks = spec.peaks(&curve);
            prop_assert!(peaks.windows(2).all(|pair| pair[1] > pair[0] + wait));
        }
    }
}

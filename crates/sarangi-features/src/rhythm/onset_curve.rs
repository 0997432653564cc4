//! From mel spectrograms to curves of onset strength.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::median::median;

/// How the rises of all mel bands become one number per frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// Their mean, librosa's default.
    #[default]
    Mean,
    /// Their median, as the beat tracker uses it.
    Median,
}

/// The step from a log-mel map to curves of onset strength.
#[derive(Clone, Debug)]
pub(crate) struct OnsetCurve {
    pub(crate) lag: usize,
    /// Frames by which a curve is late: the lag, and half a transform if centred.
    pub(crate) delay: usize,
    pub(crate) aggregate: Aggregate,
    /// Bands over which the louder past counts.
    pub(crate) max_size: usize,
    /// The bands of each curve.
    pub(crate) groups: Vec<Range<usize>>,
}

impl OnsetCurve {
    /// One curve of all bands.
    pub(crate) fn new(lag: usize, aggregate: Aggregate, delay: usize, bands: usize) -> Self {
        Self {
            lag,
            delay: lag + delay,
            aggregate,
            max_size: 1,
            groups: std::iter::once(0..bands).collect(),
        }
    }

    /// # Shapes
    /// `log_mel` is row-major (bands, `frames`), `out` row-major (curves, `frames`).
    pub(crate) fn of_log_mel(&self, log_mel: &[f32], frames: usize, out: &mut [f32]) {
        out.fill(0.0);
        // Rises that the delay would push beyond the end are not computed.
        let count = frames.saturating_sub(self.delay);
        if count == 0 {
            return;
        }
        let spread = (self.max_size > 1).then(|| louder(log_mel, frames, self.max_size));
        let before = spread.as_deref().unwrap_or(log_mel);
        for (group, out) in self.groups.iter().zip(out.chunks_exact_mut(frames)) {
            let rows = group.start * frames..group.end * frames;
            let (before, after) = (&before[rows.clone()], &log_mel[rows]);
            let out = &mut out[self.delay..];
            match self.aggregate {
                Aggregate::Mean => self.means(before, after, frames, out),
                Aggregate::Median => self.medians(before, after, frames, out),
            }
        }
    }

    fn means(&self, before: &[f32], after: &[f32], frames: usize, out: &mut [f32]) {
        let rows = before.chunks_exact(frames).zip(after.chunks_exact(frames));
        let scale = rows.len() as f32;
        for (before, after) in rows {
            for (y, (&before, &after)) in out.iter_mut().zip(before.iter().zip(&after[self.lag..]))
            {
                *y += (after - before).max(0.0);
            }
        }
        out.iter_mut().for_each(|y| *y /= scale);
    }

    fn medians(&self, before: &[f32], after: &[f32], frames: usize, out: &mut [f32]) {
        let mut column = Vec::with_capacity(before.len() / frames);
        for (t, y) in out.iter_mut().enumerate() {
            let rows = before.chunks_exact(frames).zip(after.chunks_exact(frames));
            column.clear();
            column.extend(rows.map(|(before, after)| (after[t + self.lag] - before[t]).max(0.0)));
            *y = median(&mut column);
        }
    }
}

/// The loudest of `size` neighbouring bands around each, those beyond the ends left out.
fn louder(map: &[f32], frames: usize, size: usize) -> Vec<f32> {
    let (below, bands) = (size / 2, map.len() / frames);
    let mut loudest = vec![f32::NEG_INFINITY; map.len()];
    for (band, out) in loudest.chunks_exact_mut(frames).enumerate() {
        let from = band.saturating_sub(below);
        let to = bands.min(band + size - below);
        for row in map[from * frames..to * frames].chunks_exact(frames) {
            out.iter_mut().zip(row).for_each(|(y, &x)| *y = y.max(x));
        }
    }
    loudest
}

/// The next value of a curve without its slow part, y\[t\] = x\[t\] − x\[t−1\] + 0.99 · y\[t−1\].
pub(crate) fn detrended(x: f32, carried: &mut f64) -> f32 {
    let y = f64::from(x) + *carried;
    *carried = 0.99 * y - f64::from(x);
    y as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three bands; from frame 1 to frame 2 they rise by 2, 4 and 9, then they only fall.
    const LOG_MEL: [f32; 15] = [
        0.0, 0.0, 2.0, 2.0, 1.0, 5.0, 1.0, 5.0, 5.0, 4.0, 0.0, 0.0, 9.0, 0.0, 0.0,
    ];

    #[test]
    fn a_rise_appears_after_the_delay() {
        let curve = |aggregate, delay| {
            let mut out = [9.0; 5];
            OnsetCurve::new(1, aggregate, delay, 3).of_log_mel(&LOG_MEL, 5, &mut out);
            out
        };
        assert_eq!(curve(Aggregate::Mean, 0), [0.0, 0.0, 5.0, 0.0, 0.0]);
        assert_eq!(curve(Aggregate::Median, 0), [0.0, 0.0, 4.0, 0.0, 0.0]);
        assert_eq!(curve(Aggregate::Median, 1), [0.0, 0.0, 0.0, 4.0, 0.0]);
    }

    #[test]
    fn groups_have_curves_of_their_own_and_a_louder_past_hides_a_rise() {
        let mut curve = OnsetCurve::new(1, Aggregate::Mean, 0, 3);
        curve.groups = vec![0..2, 2..3];
        let mut out = [7.0; 10];
        curve.of_log_mel(&LOG_MEL, 5, &mut out);
        assert_eq!(out, [0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0]);
        curve.max_size = 3;
        curve.of_log_mel(&LOG_MEL, 5, &mut out);
        // Before the rise the bands' neighbours are at 1, 1 and 1.
        assert_eq!(out[..5], [0.0, 0.0, 2.5, 0.0, 0.0]);
        assert_eq!(out[5..], [0.0, 0.0, 8.0, 0.0, 0.0]);
    }

    #[test]
    fn a_map_shorter_than_the_delay_has_no_onset() {
        for frames in 1..4 {
            let mut out = vec![1.0; frames];
            OnsetCurve::new(1, Aggregate::Mean, 2, 2).of_log_mel(
                &vec![3.0; frames * 2],
                frames,
                &mut out,
            );
            assert!(out.iter().all(|&x| x == 0.0));
        }
    }
}

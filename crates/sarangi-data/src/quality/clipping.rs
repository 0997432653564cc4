//! Samples that were cut at full scale.

use super::QualitySpec;

/// Samples of one channel that lie in runs at full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clipped {
    pub(super) samples: usize,
    pub(super) runs: usize,
}

impl Clipped {
    /// Counts the runs of at least `clip_run` samples at full scale on one side of zero: a single loud
    /// sample is a peak, a row of them a cut one.
    pub(super) fn of(samples: &[f32], spec: &QualitySpec) -> Self {
        let side = |x: f32| match f64::from(x) {
            x if x >= spec.clip_level => 1,
            x if x <= -spec.clip_level => -1,
            _ => 0,
        };
        let mut found = Self::default();
        let mut run = 0;
        let mut last = 0;
        // One more, which ends the last run.
        for side in samples.iter().map(|&x| side(x)).chain([0]) {
            if side != last {
                if run >= spec.clip_run {
                    found.samples += run;
                    found.runs += 1;
                }
                run = 0;
                last = side;
            }
            if side != 0 {
                run += 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_at_full_scale_count_and_peaks_do_not() {
        let clipped = |samples: &[f32]| {
            let found = Clipped::of(samples, &QualitySpec::default());
            (found.samples, found.runs)
        };
        assert_eq!(clipped(&[0.0, 1.0, 1.0, 0.2, 1.0, 0.0]), (0, 0));
        assert_eq!(
            clipped(&[0.0, 1.0, 1.0, 1.0, 0.2, -1.0, -1.2, -1.0, -1.0]),
            (7, 2)
        );
        // Two on each side are no row of four.
        assert_eq!(clipped(&[1.0, 1.0, -1.0, -1.0]), (0, 0));
        assert_eq!(clipped(&[32_767.0 / 32_768.0; 5]), (5, 1));
        assert_eq!(clipped(&[]), (0, 0));
    }
}

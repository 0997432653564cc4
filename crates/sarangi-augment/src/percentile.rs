//! Levels below which a share of the samples lies.

/// The values below which `percents` of the samples lie, linear between two samples;
/// `numpy.percentile`. 0 of nothing.
pub(crate) fn percentiles<const N: usize>(mut samples: Vec<f32>, percents: [f64; N]) -> [f64; N] {
    let Some(last) = samples.len().checked_sub(1) else {
        return [0.0; N];
    };
    percents.map(|percent| {
        let place = last as f64 * percent / 100.0;
        let (index, share) = (place.floor() as usize, place.fract());
        let (_, low, above) = samples.select_nth_unstable_by(index.min(last), f32::total_cmp);
        let next = above.iter().copied().min_by(f32::total_cmp);
        let (low, high) = (f64::from(*low), f64::from(next.unwrap_or(*low)));
        low + (high - low) * share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_numpys() {
        // numpy.percentile([3, 1, 4, 1, 5], [0, 10, 50, 80, 100])
        let got = percentiles(
            vec![3.0, 1.0, 4.0, 1.0, 5.0],
            [0.0, 10.0, 50.0, 80.0, 100.0],
        );
        let want = [1.0, 1.0, 3.0, 4.2, 5.0];
        assert!(
            got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-12),
            "{got:?}"
        );
        assert_eq!(percentiles(Vec::new(), [50.0]), [0.0]);
    }
}

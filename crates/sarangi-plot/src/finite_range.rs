//! The range of numbers.

/// The least and the largest finite number, if there is one.
///
/// ```
/// use sarangi_plot::finite_range;
///
/// assert_eq!(finite_range([2.0, f32::NAN, -1.0, f32::INFINITY]), Some((-1.0, 2.0)));
/// assert_eq!(finite_range([f32::NAN]), None);
/// ```
pub fn finite_range(values: impl IntoIterator<Item = f32>) -> Option<(f32, f32)> {
    let finite = values.into_iter().filter(|x| x.is_finite());
    finite.fold(None, |range, x| {
        let (low, high) = range.unwrap_or((x, x));
        Some((x.min(low), x.max(high)))
    })
}

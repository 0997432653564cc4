//! From values to shares of a range.

use ndarray::ArrayView2;

/// How far values lie between the ends of a range.
#[derive(Clone, Copy, Debug)]
pub struct Shades {
    low: f64,
    high: f64,
    scale: f64,
}

impl Shades {
    /// The range from one limit to the other; one that is not given is the least or the largest
    /// finite value of the map.
    pub fn of(map: ArrayView2<'_, f32>, limits: (Option<f32>, Option<f32>)) -> Self {
        let (least, largest) = finite_range(map);
        // In double precision, as the width of the range may be beyond single precision.
        let low = f64::from(limits.0.unwrap_or(least));
        let high = f64::from(limits.1.unwrap_or(largest));
        let width = high - low;
        Self {
            low,
            high,
            scale: if width > 0.0 { 1.0 / width } else { 0.0 },
        }
    }

    /// The ends of the range, as given or found.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// 0 at the low end, 1 at the high end; an infinite value stays so.
    pub fn share(&self, value: f32) -> f32 {
        match value.is_infinite() {
            true => value,
            false => ((f64::from(value) - self.low) * self.scale) as f32,
        }
    }
}

/// The least and the largest finite value; (0, 0) if there is none.
fn finite_range(channel: ArrayView2<'_, f32>) -> (f32, f32) {
    let finite = channel.iter().copied().filter(|x| x.is_finite());
    finite
        .fold(None, |range, x| {
            let (low, high) = range.unwrap_or((x, x));
            Some((x.min(low), x.max(high)))
        })
        .unwrap_or((0.0, 0.0))
}

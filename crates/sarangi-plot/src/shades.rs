//! From values to shares of a range.

use ndarray::ArrayView2;

use crate::finite_range;

/// How far values lie between the ends of a range.
#[derive(Clone, Copy, Debug)]
pub struct Shades {
    low: f64,
    high: f64,
    scale: f64,
}

impl Shades {
    /// The range from one limit to the other; one that is not given is the least or the largest
    /// finite value of the map, 0 if there is none.
    pub fn of(map: ArrayView2<'_, f32>, limits: (Option<f32>, Option<f32>)) -> Self {
        let (least, largest) = finite_range(map.iter().copied()).unwrap_or((0.0, 0.0));
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

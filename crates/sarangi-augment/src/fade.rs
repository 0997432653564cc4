//! Seams that do not click.

use std::f64::consts::FRAC_PI_2;

/// The weight of sample `index` of a fade-in over `len` samples: sin²(π/2 · (index + ½) / len). That of
/// what fades out meanwhile is 1 minus this, so that two alike sounds cross without a change of level.
pub(crate) fn fade_in(index: usize, len: usize) -> f32 {
    let angle = FRAC_PI_2 * (index as f64 + 0.5) / len as f64;
    angle.sin().powi(2) as f32
}

/// Fades a whole part in.
pub(crate) fn fade_part_in(part: &mut [f32]) {
    let len = part.len();
    for (index, x) in part.iter_mut().enumerate() {
        *x *= fade_in(index, len);
    }
}

/// Fades a whole part out.
pub(crate) fn fade_part_out(part: &mut [f32]) {
    let len = part.len();
    for (index, x) in part.iter_mut().rev().enumerate() {
        *x *= fade_in(index, len);
    }
}

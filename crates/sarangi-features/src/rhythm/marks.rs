//! Events as a curve.

/// Writes 1 on the frames of events, else 0.
pub(crate) fn mark(frames: &[usize], out: &mut [f32]) {
    out.fill(0.0);
    frames.iter().for_each(|&frame| out[frame] = 1.0);
}

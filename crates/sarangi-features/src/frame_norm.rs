//! The scaling of frames.

use serde::{Deserialize, Serialize};

/// How each frame of a map is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameNorm {
    /// Its largest magnitude is 1.
    #[default]
    Inf,
    /// The sum of its magnitudes is 1.
    L1,
    /// The sum of its squares is 1.
    L2,
    /// As it is.
    None,
}

impl FrameNorm {
    /// Scales each column of a row-major matrix; one that is as good as zero stays as it is:
    /// `librosa.util.normalize`.
    pub(crate) fn apply(self, matrix: &mut [f32], columns: usize) {
        let add: fn(f64, f64) -> f64 = match self {
            FrameNorm::Inf => f64::max,
            FrameNorm::L1 => |sum, x| sum + x,
            FrameNorm::L2 => |sum, x| sum + x * x,
            FrameNorm::None => return,
        };
        let mut lengths = vec![0.0f64; columns];
        for row in matrix.chunks_exact(columns) {
            for (length, &x) in lengths.iter_mut().zip(row) {
                *length = add(*length, f64::from(x.abs()));
            }
        }
        for length in &mut lengths {
            if self == FrameNorm::L2 {
                *length = length.sqrt();
            }
            if *length < f64::from(f32::MIN_POSITIVE) {
                *length = 1.0;
            }
        }
        for row in matrix.chunks_exact_mut(columns) {
            for (x, &length) in row.iter_mut().zip(&lengths) {
                *x = (f64::from(*x) / length) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_unit_norm_or_stay_silent() {
        for (norm, want) in [
            (FrameNorm::Inf, [0.75, 1.0]),
            (FrameNorm::L1, [3.0 / 7.0, 4.0 / 7.0]),
            (FrameNorm::L2, [0.6, 0.8]),
            (FrameNorm::None, [3.0, 4.0]),
        ] {
            let mut matrix = [3.0, 0.0, 4.0, 0.0];
            norm.apply(&mut matrix, 2);
            assert_eq!(matrix, [want[0], 0.0, want[1], 0.0], "{norm:?}");
        }
    }
}

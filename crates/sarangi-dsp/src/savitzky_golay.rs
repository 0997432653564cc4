//! Savitzky–Golay filters: smoothing and differentiating by a sliding polynomial fit.

use sarangi_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::Padding;

/// The widest filter that is designed.
const WIDEST: usize = 4095;

/// What a filter sees at the ends of a signal, with scipy's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// The polynomial fitted to the first or last `width` samples, of which there must be as many.
    #[default]
    Interp,
    /// The first or last sample again and again.
    Nearest,
    /// The signal mirrored at its first and last sample, which are not repeated.
    Mirror,
    /// Zeros.
    Constant,
    /// The signal over again.
    Wrap,
}

impl Ends {
    /// Where in a signal of `len` samples (at least one) the value at `index` is found; `None` means
    /// zero.
    fn source(self, index: isize, len: usize) -> Option<usize> {
        match self {
            // A fit has no values beyond the ends.
            Self::Interp | Self::Constant => Padding::Constant.source(index, len),
            Self::Nearest => Padding::Edge.source(index, len),
            Self::Mirror => Padding::Reflect.source(index, len),
            Self::Wrap => Some(index.rem_euclid(len as isize) as usize),
        }
    }
}

/// A filter that fits a polynomial to `width` neighbouring samples by least squares and takes its
/// `deriv`-th derivative in the middle.
///
/// `scipy.signal.savgol_filter(x, width, polyorder, deriv=deriv, mode=…)`; at the ends the polynomial
/// fitted to the first or last `width` samples is used, if not told [otherwise](Ends). Designed in
/// double precision with orthogonal polynomials (A. Savitzky and M. J. E. Golay, *Analytical
/// Chemistry* 36, 1964), used in single.
#[derive(Clone, Debug, PartialEq)]
pub struct SavitzkyGolay {
    width: usize,
    ends: Ends,
    /// Row i gives the derivative at position i of a window: the middle row is the filter proper.
    weights: Vec<f32>,
}

impl SavitzkyGolay {
    /// Designs a filter.
    ///
    /// # Errors
    /// [`Error::Config`] if `width` is even, less than 3 or more than 4095, or if `polyorder` is
    /// not less than `width`.
    pub fn new(width: usize, polyorder: usize, deriv: usize) -> Result<Self> {
        let refuse = |field, reason| Err(Error::config("savitzky_golay", field, reason));
        if width.is_multiple_of(2) || !(3..=WIDEST).contains(&width) {
            return refuse(
                "width",
                format!("must be an odd number from 3 to {WIDEST}, got {width}"),
            );
        }
        if polyorder >= width {
            return refuse(
                "polyorder",
                format!("must be less than the width ({width}), got {polyorder}"),
            );
        }
        Ok(Self {
            width,
            ends: Ends::Interp,
            weights: design(width, polyorder, deriv),
        })
    }

    /// The same filter with other ends.
    pub fn with_ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    /// Samples in a fit.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Filters `input` into `output` without allocating.
    ///
    /// # Errors
    /// [`Error::Shape`] if the two differ in length or are shorter than the width, if their ends
    /// are a fit's; with other ends any length will do.
    pub fn process_into(&self, input: &[f32], output: &mut [f32]) -> Result<()> {
        let (len, width) = (input.len(), self.width);
        if self.ends == Ends::Interp && len < width {
            return Err(Error::shape(
                "savitzky_golay",
                format_args!("at least {width} frames (the width)"),
                len,
            ));
        }
        if output.len() != len {
            return Err(Error::shape("savitzky_golay", len, output.len()));
        }
        let half = width / 2;
        let middle = &self.weights[half * width..(half + 1) * width];
        let edge = half.min(len);
        if self.ends == Ends::Interp {
            let (first, last) = (&input[..width], &input[len - width..]);
            let at = |position: usize, samples: &[f32]| -> f32 {
                let weights = &self.weights[position * width..(position + 1) * width];
                weights.iter().zip(samples).map(|(w, x)| w * x).sum()
            };
            for i in 0..half {
                output[i] = at(i, first);
                output[len - half + i] = at(half + 1 + i, last);
            }
        } else {
            let at = |centre: usize| -> f32 {
                let taps = middle.iter().enumerate().map(|(n, w)| {
                    let index = (centre + n) as isize - half as isize;
                    w * self.ends.source(index, len).map_or(0.0, |i| input[i])
                });
                taps.sum()
            };
            for i in (0..edge).chain(edge.max(len - edge)..len) {
                output[i] = at(i);
            }
        }
        if len < width {
            return Ok(());
        }
        let inner = &mut output[half..len - half];
        inner.fill(0.0);
        for (n, &w) in middle.iter().enumerate() {
            for (y, &x) in inner.iter_mut().zip(&input[n..]) {
                *y += w * x;
            }
        }
        Ok(())
    }
}

/// The (width, width) matrix whose row i is the derivative at position i as weights of the samples.
///
/// With polynomials p_j orthogonal on the positions u, the fit is Σ_j ⟨p_j, x⟩ / ⟨p_j, p_j⟩ · p_j.
/// Both p_j and its derivatives follow p_{j+1} = u·p_j − b_j·p_{j−1}, which stays accurate where
/// powers of u would not.
fn design(width: usize, polyorder: usize, deriv: usize) -> Vec<f32> {
    if deriv > polyorder {
        return vec![0.0; width * width];
    }
    let half = (width / 2) as f64;
    let positions: Vec<f64> = (0..width).map(|i| (i as f64 - half) / half).collect();
    // values[d][i]: the d-th derivative of the current polynomial at position i.
    let mut before = vec![vec![0.0; width]; deriv + 1];
    let mut current = before.clone();
    current[0].fill(1.0);
    let mut norm_before = 1.0;
    let mut weights = vec![0.0; width * width];
    for j in 0..=polyorder {
        let norm: f64 = current[0].iter().map(|p| p * p).sum();
        for (row, d) in weights.chunks_exact_mut(width).zip(&current[deriv]) {
            for (w, p) in row.iter_mut().zip(&current[0]) {
                *w += d * p / norm;
            }
        }
        let b = if j == 0 { 0.0 } else { norm / norm_before };
        let mut next = before.clone();
        for d in 0..=deriv {
            for (i, u) in positions.iter().enumerate() {
                let lower = if d == 0 {
                    0.0
                } else {
                    d as f64 * current[d - 1][i]
                };
                next[d][i] = u * current[d][i] + lower - b * before[d][i];
            }
        }
        norm_before = norm;
        before = std::mem::replace(&mut current, next);
    }
    // Positions were scaled by 1 / half, so derivatives are too large by half^deriv.
    let scale = half.powi(-(deriv as i32));
    weights.iter().map(|w| (w * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(width: usize, polyorder: usize, deriv: usize, input: &[f32]) -> Vec<f32> {
        let mut out = vec![f32::NAN; input.len()];
        SavitzkyGolay::new(width, polyorder, deriv)
            .unwrap()
            .process_into(input, &mut out)
            .unwrap();
        out
    }

    #[test]
    fn values_are_scipys() {
        // savgol_filter([0, 1, 4, 2, 8, 3, 3], 5, 2, deriv=1, mode="interp"), two ends and inside
        let got = filter(5, 2, 1, &[0.0, 1.0, 4.0, 2.0, 8.0, 3.0, 3.0]);
        let want = [0.271_428_6, 0.985_714_3, 1.7, 0.8, -0.1, -1.1, -2.1];
        for (a, b) in got.iter().zip(want) {
            assert!((a - b).abs() < 1e-5, "{got:?}");
        }
        // The regression of librosa's delta.
        let ramp: Vec<f32> = (0..20).map(|i| 3.0 * i as f32).collect();
        assert!(
            filter(9, 1, 1, &ramp)
                .iter()
                .all(|d| (d - 3.0).abs() < 1e-5)
        );
    }

    proptest! {
        #[test]
        fn a_polynomial_is_differentiated_exactly_even_at_the_ends(
            a in -2.0f64..2.0, b in -2.0f64..2.0, c in -2.0f64..2.0, d in -2.0f64..2.0,
            half in 2usize..9, deriv in 0usize..4,
        ) {
            let u = |i: usize| i as f64 / 10.0;
            let value = |x: f64| match deriv {
                0 => a + b * x + c * x * x + d * x * x * x,
                1 => (b + 2.0 * c * x + 3.0 * d * x * x) / 10.0,
                2 => (2.0 * c + 6.0 * d * x) / 100.0,
                _ => 6.0 * d / 1000.0,
            };
            let input: Vec<f32> = (0..40).map(|i| {
                let x = u(i);
                (a + b * x + c * x * x + d * x * x * x) as f32
            }).collect();
            let got = filter(2 * half + 1, 3, deriv, &input);
            let peak = input.iter().fold(1.0f32, |m, x| m.max(x.abs()));
            for (i, &y) in got.iter().enumerate() {
                prop_assert!((f64::from(y) - value(u(i))).abs() < 2e-5 * f64::from(peak), "{} {}", i, y);
            }
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        for (width, polyorder) in [(4, 1), (1, 0), (0, 0), (5, 5), (4097, 1), (usize::MAX, 1)] {
            assert!(SavitzkyGolay::new(width, polyorder, 1).is_err(), "{width}");
        }
        let nine = SavitzkyGolay::new(9, 1, 1).unwrap();
        assert!(nine.process_into(&[0.0; 8], &mut [0.0; 8]).is_err());
        assert!(nine.process_into(&[0.0; 9], &mut [0.0; 8]).is_err());
        assert!(filter(9, 1, 2, &[1.0; 9]).iter().all(|&x| x == 0.0));
    }

    #[test]
    fn other_ends_are_scipys() {
        // savgol_filter([1, 4, 2, 8, 5, 7], 5, 1, deriv=1, mode=…)
        let input = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0];
        let ends = [
            (Ends::Nearest, [0.5, 1.5, 1.2, 0.9, 0.9, 0.0]),
            (Ends::Mirror, [0.0, 0.9, 1.2, 0.9, 0.5, 0.0]),
            (Ends::Constant, [0.8, 1.7, 1.2, 0.9, -0.5, -2.1]),
            (Ends::Wrap, [-0.9, 0.3, 1.2, 0.9, -0.3, -1.2]),
        ];
        for (ends, want) in ends {
            let filter = SavitzkyGolay::new(5, 1, 1).unwrap().with_ends(ends);
            let mut got = [9.0; 6];
            filter.process_into(&input, &mut got).unwrap();
            let near = got
                .iter()
                .zip(want)
                .all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6);
            assert!(near, "{ends:?}: {got:?}");
            // Shorter than the filter, and than half of it.
            for len in 1..5 {
                let mut short = vec![0.0; len];
                filter.process_into(&input[..len], &mut short).unwrap();
            }
        }
    }
}

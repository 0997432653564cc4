//! Window functions.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

/// The shape of a window, designed in double precision.
///
/// All are sums of cosines, w\[n\] = a₀ − a₁ cos(2πn/D) + a₂ cos(4πn/D), where D is the length for a
/// periodic window and the length − 1 for a symmetric one. Equivalent to
/// `scipy.signal.get_window(name, len, fftbins=…)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Hann: a = (0.5, 0.5), librosa's default.
    #[default]
    Hann,
    /// Hamming: a = (0.54, 0.46).
    Hamming,
    /// Blackman: a = (0.42, 0.5, 0.08).
    Blackman,
    /// Rectangular: all ones; also read under scipy's name `boxcar`.
    #[serde(alias = "boxcar", alias = "ones")]
    Rectangular,
}

impl Window {
    /// The window whose period is `len`: for spectral analysis (`fftbins=True`, `sym=False`).
    pub fn periodic(self, len: usize) -> Vec<f64> {
        self.cosines(len, len)
    }

    /// The window that reads the same backwards: for filter design (`fftbins=False`, `sym=True`).
    pub fn symmetric(self, len: usize) -> Vec<f64> {
        self.cosines(len, len.saturating_sub(1))
    }

    fn cosines(self, len: usize, period: usize) -> Vec<f64> {
        if len == 1 {
            return vec![1.0];
        }
        let [a0, a1, a2] = match self {
            Self::Hann => [0.5, 0.5, 0.0],
            Self::Hamming => [0.54, 0.46, 0.0],
            Self::Blackman => [0.42, 0.5, 0.08],
            Self::Rectangular => [1.0, 0.0, 0.0],
        };
        (0..len)
            .map(|n| {
                let phase = TAU * n as f64 / period as f64;
                a0 - a1 * phase.cos() + a2 * (2.0 * phase).cos()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Window; 4] = [
        Window::Hann,
        Window::Hamming,
        Window::Blackman,
        Window::Rectangular,
    ];

    #[test]
    fn a_periodic_window_is_a_symmetric_one_without_its_last_point() {
        for window in ALL {
            for len in [2, 5, 64] {
                let longer = window.symmetric(len + 1);
                for (a, b) in window.periodic(len).iter().zip(&longer) {
                    assert!((a - b).abs() < 1e-12, "{window:?} {len}");
                }
                for (a, b) in longer.iter().zip(longer.iter().rev()) {
                    assert!((a - b).abs() < 1e-12, "{window:?} {len}");
                }
            }
        }
    }

    #[test]
    fn values_are_scipys() {
        let hann = Window::Hann.periodic(4);
        for (a, b) in hann.iter().zip([0.0, 0.5, 1.0, 0.5]) {
            assert!((a - b).abs() < 1e-12, "{hann:?}");
        }
        let hamming = Window::Hamming.symmetric(3);
        assert!((hamming[0] - 0.08).abs() < 1e-12 && (hamming[1] - 1.0).abs() < 1e-12);
        assert!(Window::Hann.periodic(0).is_empty());
        assert_eq!(Window::Hann.periodic(1), [1.0]);
    }
}

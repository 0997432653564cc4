//! Filters that are as flat as can be where they let sound through.

use std::f64::consts::PI;

use num_complex::Complex64;
use sarangi_core::{Error, Result, within};

use crate::biquad::check_frequency;
use crate::{Biquad, Cascade};

/// Which frequencies a filter lets through; in cycles per sample, Hz divided by the sampling rate.
///
/// At each frequency given here the gain of a [`Cascade::butterworth`] is 1/√2, −3 dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Band {
    /// Those below.
    LowPass(f64),
    /// Those above.
    HighPass(f64),
    /// Those between the two.
    BandPass(f64, f64),
    /// Those outside the two.
    BandStop(f64, f64),
}

impl Cascade {
    /// Butterworth's filter of the `order`, 1 to 16, which falls by 6 · order decibels per octave
    /// beyond each of its edges; `scipy.signal.butter(order, …, output="sos")`.
    ///
    /// The analogue filter's poles are moved to the digital ones by the bilinear transform, its edges
    /// bent beforehand so that they come to lie where they should.
    ///
    /// # Errors
    /// [`Error::Config`] if a frequency is not between 0 and 0.5, two of them are not in order, or
    /// the order is beyond its range.
    pub fn butterworth(order: usize, band: Band) -> Result<Self> {
        within("filter", "order", order, 1..=16)?;
        // The poles of the filter whose edge is 1, but for the conjugate of each.
        let pole = |k: usize| {
            let angle = PI * (2 * k + 1 + order) as f64 / (2 * order) as f64;
            Complex64::cis(angle)
        };
        let poles = (0..order / 2).map(pole);
        let real = (!order.is_multiple_of(2)).then_some(-1.0);
        let sections = match band {
            Band::LowPass(edge) => one_edge(edge, poles, real, 1.0)?,
            Band::HighPass(edge) => one_edge(edge, poles, real, -1.0)?,
            Band::BandPass(low, high) => {
                let [low, high] = two_edges(low, high)?;
                let center = 2.0 * (low * high).sqrt().atan();
                let [roots, pair] = moved(poles, real, |pole| pole * (high - low), low * high);
                sections(roots, pair, [1.0, 0.0, -1.0], Complex64::cis(center))
            }
            Band::BandStop(low, high) => {
                let [low, high] = two_edges(low, high)?;
                let center = 2.0 * (low * high).sqrt().atan();
                let [roots, pair] = moved(poles, real, |pole| (high - low) / pole, low * high);
                let zeros = [1.0, -2.0 * center.cos(), 1.0];
                sections(roots, pair, zeros, Complex64::new(1.0, 0.0))
            }
        };
        Ok(Self::new(sections))
    }
}

/// Low-pass (`side` 1) or high-pass (`side` −1).
fn one_edge(
    edge: f64,
    poles: impl Iterator<Item = Complex64>,
    real: Option<f64>,
    side: f64,
) -> Result<Vec<Biquad>> {
    check_frequency(edge)?;
    let edge = (PI * edge).tan();
    // The high-pass has s / edge turned over; the poles lie on a circle, which is then its own image.
    let kept = Complex64::new(side, 0.0);
    let roots = poles.map(|pole| pole * edge).collect();
    let zeros = [1.0, 2.0 * side, 1.0];
    let mut sections = sections(roots, None, zeros, kept);
    if let Some(real) = real {
        let pole = digital(Complex64::new(real * edge, 0.0)).re;
        sections.push(scaled([1.0, side, 0.0], [-pole, 0.0], kept));
    }
    Ok(sections)
}

/// The bent edges.
fn two_edges(low: f64, high: f64) -> Result<[f64; 2]> {
    check_frequency(low)?;
    check_frequency(high)?;
    match low < high {
        true => Ok([low, high].map(|edge| (PI * edge).tan())),
        false => {
            let reason = format!("the low edge comes first, got {low} and {high}");
            Err(Error::config("filter", "frequency", reason))
        }
    }
}

/// The poles of a filter with two edges: each of those with one edge becomes the two roots of
/// s² − `middle(pole)` · s + `product`. A real one's two roots belong together.
fn moved(
    poles: impl Iterator<Item = Complex64>,
    real: Option<f64>,
    middle: impl Fn(Complex64) -> Complex64,
    product: f64,
) -> [Vec<Complex64>; 2] {
    let roots = |pole: Complex64| {
        let half = middle(pole) / 2.0;
        let spread = (half * half - product).sqrt();
        [half + spread, half - spread]
    };
    let pair = real.map(|real| roots(Complex64::new(real, 0.0)).to_vec());
    [poles.flat_map(roots).collect(), pair.unwrap_or_default()]
}

/// A section for each root and its conjugate, and one for a pair, with these zeros; their gain is 1
/// at `kept`.
fn sections(
    roots: Vec<Complex64>,
    pair: impl IntoIterator<Item = Complex64>,
    zeros: [f64; 3],
    kept: Complex64,
) -> Vec<Biquad> {
    let conjugates = roots.into_iter().map(|root| [root, root.conj()]);
    let pair: Vec<Complex64> = pair.into_iter().collect();
    let pair = <[Complex64; 2]>::try_from(pair).ok();
    let section = |roots: [Complex64; 2]| {
        let [one, other] = roots.map(digital);
        scaled(zeros, [-(one + other).re, (one * other).re], kept)
    };
    conjugates.chain(pair).map(section).collect()
}

/// The bilinear transform.
fn digital(s: Complex64) -> Complex64 {
    (1.0 + s) / (1.0 - s)
}

fn scaled(zeros: [f64; 3], poles: [f64; 2], kept: Complex64) -> Biquad {
    let gain = Biquad::new(zeros, poles).at(kept).norm();
    Biquad::new(zeros.map(|zero| zero / gain), poles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_are_three_decibels_down_and_beyond_it_falls() {
        let db = |filter: &Cascade, at: f64| 20.0 * filter.gain_at(at).log10();
        for order in 1..=16 {
            for (band, edges, through, beyond) in [
                (Band::LowPass(0.05), vec![0.05], 0.0, 0.1),
                (Band::HighPass(0.05), vec![0.05], 0.5, 0.025),
                (Band::BandPass(0.02, 0.11), vec![0.02, 0.11], 0.0475, 0.3),
                (Band::BandStop(0.02, 0.11), vec![0.02, 0.11], 0.0, 0.0475),
            ] {
                let filter = Cascade::butterworth(order, band).unwrap();
                for edge in edges {
                    let got = db(&filter, edge);
                    assert!((got + 3.0103).abs() < 1e-3, "{order} {band:?}: {got}");
                }
                let kept = db(&filter, through);
                assert!(kept.abs() < 0.05, "{order} {band:?}: {kept}");
                let lost = db(&filter, beyond);
                assert!(
                    lost < -5.5 * order as f64,
                    "{order} {band:?}: {lost} at {beyond}"
                );
            }
        }
    }

    #[test]
    fn impulse_responses_are_scipys() {
        // sosfilt(butter(order, 2 * edges, kind, output="sos"), [1, 0, 0, 0, 0, 0]), scipy 1.17.1
        for (order, band, want) in [
            (
                5,
                Band::LowPass(0.1),
                [
                    0.00128258108,
                    0.0102291255,
                    0.0383802501,
                    0.0913555118,
                    0.157063778,
                    0.209748012,
                ],
            ),
            (
                4,
                Band::HighPass(0.3),
                [
                    0.0465829066,
                    -0.222763894,
                    0.422044635,
                    -0.37344561,
                    0.0909621602,
                    0.112406026,
                ],
            ),
            (
                3,
                Band::BandPass(0.05, 0.2),
                [
                    0.0495329964,
                    0.163603347,
                    0.146421253,
                    -0.106518923,
                    -0.328121815,
                    -0.281126594,
                ],
            ),
            (
                2,
                Band::BandStop(0.05, 0.2),
                [
                    0.505001029,
                    -0.501849891,
                    0.167749941,
                    0.294343758,
                    0.155887152,
                    0.0540013563,
                ],
            ),
        ] {
            let mut impulse = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
            Cascade::butterworth(order, band)
                .unwrap()
                .filter(&mut impulse);
            for (got, want) in impulse.into_iter().zip(want) {
                assert!(
                    (f64::from(got) - want).abs() < 1e-7,
                    "{band:?}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for (order, band, names) in [
            (0, Band::LowPass(0.1), "order"),
            (17, Band::LowPass(0.1), "order"),
            (2, Band::HighPass(0.5), "frequency"),
            (2, Band::BandPass(0.2, 0.1), "low edge comes first"),
            (2, Band::BandStop(0.2, f64::NAN), "frequency"),
        ] {
            let error = Cascade::butterworth(order, band).unwrap_err();
            assert!(error.to_string().contains(names), "{error}");
        }
    }
}

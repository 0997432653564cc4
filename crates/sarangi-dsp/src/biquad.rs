//! Recursive filters of second order, one after the other.

use std::f64::consts::TAU;

use num_complex::Complex64;
use sarangi_core::{Result, within};

/// One recursive filter of second order, in double precision:
/// H(z) = (b₀ + b₁z⁻¹ + b₂z⁻²) / (1 + a₁z⁻¹ + a₂z⁻²).
///
/// The equalisers are those of Robert Bristow-Johnson's "Audio EQ Cookbook". Frequencies are in
/// cycles per sample: Hz divided by the sampling rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Biquad {
    pub(crate) b: [f64; 3],
    pub(crate) a: [f64; 2],
}

impl Biquad {
    /// The filter of these coefficients.
    pub const fn new(b: [f64; 3], a: [f64; 2]) -> Self {
        Self { b, a }
    }

    /// Raises (or lowers) what is near `frequency` by `gain_db`; the wider, the smaller `q` is.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) if the frequency is not between 0 and 0.5, the
    /// gain beyond ±120 dB, or `q` not from 0.001 to 1000.
    pub fn peaking(frequency: f64, gain_db: f64, q: f64) -> Result<Self> {
        let Bell { cos, alpha, gain } = Bell::new(frequency, gain_db, q)?;
        Ok(Self::normalised(
            [1.0 + alpha * gain, -2.0 * cos, 1.0 - alpha * gain],
            [1.0 + alpha / gain, -2.0 * cos, 1.0 - alpha / gain],
        ))
    }

    /// Raises (or lowers) what is below `frequency` by `gain_db`; at the frequency itself, by half as
    /// many decibels. Above a `q` of 1/√2 the curve overshoots.
    ///
    /// # Errors
    /// As [`peaking`](Self::peaking).
    pub fn low_shelf(frequency: f64, gain_db: f64, q: f64) -> Result<Self> {
        Self::shelf(Bell::new(frequency, gain_db, q)?, 1.0)
    }

    /// Raises (or lowers) what is above `frequency` by `gain_db`; see
    /// [`low_shelf`](Self::low_shelf).
    ///
    /// # Errors
    /// As [`peaking`](Self::peaking).
    pub fn high_shelf(frequency: f64, gain_db: f64, q: f64) -> Result<Self> {
        Self::shelf(Bell::new(frequency, gain_db, q)?, -1.0)
    }

    /// A shelf below (`side` 1) or above (`side` −1): the two are mirror images, in which the
    /// frequency's cosine changes its sign and so do the odd coefficients.
    fn shelf(Bell { cos, alpha, gain }: Bell, side: f64) -> Result<Self> {
        let (plus, minus, cos) = (gain + 1.0, gain - 1.0, side * cos);
        let width = 2.0 * gain.sqrt() * alpha;
        Ok(Self::normalised(
            [
                gain * (plus - minus * cos + width),
                side * 2.0 * gain * (minus - plus * cos),
                gain * (plus - minus * cos - width),
            ],
            [
                plus + minus * cos + width,
                side * -2.0 * (minus + plus * cos),
                plus + minus * cos - width,
            ],
        ))
    }

    fn normalised(b: [f64; 3], [a0, a1, a2]: [f64; 3]) -> Self {
        Self::new(b.map(|b| b / a0), [a1 / a0, a2 / a0])
    }

    /// H(z).
    pub(crate) fn at(&self, z: Complex64) -> Complex64 {
        let [b0, b1, b2] = self.b;
        let [a1, a2] = self.a;
        let back = z.inv();
        (b0 + back * (b1 + back * b2)) / (1.0 + back * (a1 + back * a2))
    }
}

/// What the equalisers' formulas share.
struct Bell {
    cos: f64,
    alpha: f64,
    gain: f64,
}

impl Bell {
    fn new(frequency: f64, gain_db: f64, q: f64) -> Result<Self> {
        check_frequency(frequency)?;
        within("biquad", "gain_db", gain_db, -120.0..=120.0)?;
        within("biquad", "q", q, 1e-3..=1e3)?;
        let angle = TAU * frequency;
        Ok(Self {
            cos: angle.cos(),
            alpha: angle.sin() / (2.0 * q),
            gain: 10f64.powf(gain_db / 40.0),
        })
    }
}

/// Refuses what does not lie between the constant and the fastest alternation.
pub(crate) fn check_frequency(frequency: f64) -> Result<()> {
    within("filter", "frequency", frequency, 1e-9..=0.5 - 1e-9)
}

/// Recursive filters of second order, one after the other; `scipy.signal.sosfilt`.
///
/// Samples are single, all arithmetic double.
#[derive(Clone, Debug, PartialEq)]
pub struct Cascade {
    sections: Vec<Biquad>,
}

impl Cascade {
    /// These, one after the other; with none, nothing changes.
    pub fn new(sections: Vec<Biquad>) -> Self {
        Self { sections }
    }

    /// Filters in place, as if silence had come before; `scipy.signal.sosfilt(sos, x)`.
    pub fn filter(&self, samples: &mut [f32]) {
        self.run(samples, self.at_rest());
    }

    /// Filters in place, as if the first sample had stood there for ever: a sound that was cut out
    /// of the middle of another does not begin with a thump.
    /// `scipy.signal.sosfilt(sos, x, zi=scipy.signal.sosfilt_zi(sos) * x[0])`.
    pub fn filter_settled(&self, samples: &mut [f32]) {
        let first = samples.first().copied().unwrap_or(0.0);
        self.run(samples, self.settled(f64::from(first)));
    }

    fn run(&self, samples: &mut [f32], mut state: CascadeState) {
        for x in samples {
            *x = self.next(&mut state, f64::from(*x)) as f32;
        }
    }

    /// How much a sine of `frequency` cycles per sample is amplified, 1 for not at all.
    pub fn gain_at(&self, frequency: f64) -> f64 {
        let z = Complex64::cis(TAU * frequency);
        self.sections.iter().map(|s| s.at(z).norm()).product()
    }

    pub(crate) fn at_rest(&self) -> CascadeState {
        CascadeState(vec![[0.0; 2]; self.sections.len()])
    }

    fn settled(&self, first: f64) -> CascadeState {
        let mut x = first;
        let state = self.sections.iter().map(|section| {
            let [_, b1, b2] = section.b;
            let [a1, a2] = section.a;
            let y = x * section.at(Complex64::new(1.0, 0.0)).re;
            let second = b2 * x - a2 * y;
            let state = [b1 * x - a1 * y + second, second];
            x = y;
            state
        });
        CascadeState(state.collect())
    }

    /// The next sample, by the transposed second form.
    #[inline]
    pub(crate) fn next(&self, state: &mut CascadeState, x: f64) -> f64 {
        let sections = self.sections.iter().zip(&mut state.0);
        sections.fold(x, |x, (section, state)| {
            let [b0, b1, b2] = section.b;
            let [a1, a2] = section.a;
            let y = b0 * x + state[0];
            *state = [b1 * x - a1 * y + state[1], b2 * x - a2 * y];
            y
        })
    }
}

/// What a [`Cascade`] remembers between samples.
#[derive(Clone, Debug)]
pub(crate) struct CascadeState(Vec<[f64; 2]>);

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: f64 = std::f64::consts::FRAC_1_SQRT_2;

    fn decibels(section: Biquad, frequency: f64) -> f64 {
        20.0 * Cascade::new(vec![section]).gain_at(frequency).log10()
    }

    #[test]
    fn equalisers_reach_their_gains_and_leave_the_rest() {
        for gain_db in [-18.0, -3.0, 6.0, 24.0] {
            let peak = Biquad::peaking(0.05, gain_db, 1.3).unwrap();
            let low = Biquad::low_shelf(0.02, gain_db, FLAT).unwrap();
            let high = Biquad::high_shelf(0.2, gain_db, FLAT).unwrap();
            for (section, frequency, want) in [
                (peak, 0.05, gain_db),
                (peak, 0.0, 0.0),
                (peak, 0.5, 0.0),
                (low, 0.0, gain_db),
                (low, 0.02, gain_db / 2.0),
                (low, 0.5, 0.0),
                (high, 0.0, 0.0),
                (high, 0.2, gain_db / 2.0),
                (high, 0.5, gain_db),
            ] {
                let got = decibels(section, frequency);
                assert!((got - want).abs() < 1e-9, "{gain_db} at {frequency}: {got}");
            }
        }
    }

    #[test]
    fn a_constant_stays_where_it_settles() {
        let shelf = Biquad::low_shelf(0.01, 6.0, 0.5).unwrap();
        let peak = Biquad::peaking(0.1, -12.0, 3.0).unwrap();
        let mut samples = vec![0.25; 500];
        Cascade::new(vec![shelf, peak]).filter_settled(&mut samples);
        let want = 0.25 * 10f32.powf(6.0 / 20.0);
        assert!(samples.iter().all(|x| (x - want).abs() < 1e-6));
        Cascade::new(Vec::new()).filter(&mut samples);
        assert!((samples[0] - want).abs() < 1e-6);
        Cascade::new(vec![shelf]).filter_settled(&mut []);
    }

    #[test]
    fn nonsense_is_refused() {
        for (frequency, gain_db, q, names) in [
            (0.0, 0.0, 1.0, "frequency"),
            (0.5, 0.0, 1.0, "frequency"),
            (f64::NAN, 0.0, 1.0, "frequency"),
            (0.1, f64::INFINITY, 1.0, "gain_db"),
            (0.1, 0.0, 0.0, "q"),
        ] {
            let error = Biquad::peaking(frequency, gain_db, q).unwrap_err();
            assert!(error.to_string().contains(names), "{error}");
        }
    }
}

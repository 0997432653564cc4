//! The distributions that tests and intervals need, from the incomplete beta function.

/// ln Γ(x) for x > 0: Stirling's series after shifting x above 10.
fn ln_gamma(x: f64) -> f64 {
    // B₂ₖ / (2k (2k − 1)), Abramowitz and Stegun 6.1.40.
    const SERIES: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let mut shift = 1.0;
    let mut x = x;
    while x < 10.0 {
        shift *= x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let tail = SERIES
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * square + term)
        / x;
    let half_ln_tau = 0.5 * std::f64::consts::TAU.ln();
    (x - 0.5) * x.ln() - x + half_ln_tau + tail - f64::ln(shift)
}

/// The regularised incomplete beta function Iₓ(a, b) for a, b > 0 and 0 ≤ x ≤ 1.
///
/// Its continued fraction (Abramowitz and Stegun 26.5.8) by Lentz's method, on the side where it
/// converges fast.
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta_by_fraction(b, a, 1.0 - x);
    }
    incomplete_beta_by_fraction(a, b, x)
}

fn incomplete_beta_by_fraction(a: f64, b: f64, x: f64) -> f64 {
    /// Steps grow with √max(a, b); this many suffice for a hundred million.
    const STEPS: u32 = 100_000;
    const TINY: f64 = 1e-300;
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..=STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    ln_front.exp() * fraction / a
}

/// P(X ≤ k) for X binomial with n trials of probability ½.
pub(crate) fn fair_binomial_cdf(k: u64, n: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    incomplete_beta((n - k) as f64, k as f64 + 1.0, 0.5)
}

/// P(|X| > t) for X of Student's distribution with `freedom` degrees of freedom.
#[cfg(test)]
fn student_t_two_sided(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The t that |X| stays below with probability `level`, for X of Student's distribution.
pub(crate) fn student_t_quantile(level: f64, freedom: f64) -> f64 {
    // By halving x = ν / (ν + t²), which the incomplete beta function grows with. Its logarithm is
    // what is halved, so that levels near 1 are as exact.
    let (mut low, mut high) = (-700.0f64, 0.0f64);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if incomplete_beta(freedom / 2.0, 0.5, middle.exp()) < 1.0 - level {
            low = middle;
        } else {
            high = middle;
        }
    }
    let ln_x = 0.5 * (low + high);
    // t² = ν (1 − x) / x, without cancellation for x near 1.
    (freedom * -ln_x.exp_m1() / ln_x.exp()).sqrt()
}

/// P(X > statistic) for X of the χ² distribution with one degree of freedom: erfc(√(statistic / 2)).
pub(crate) fn chi_squared_1_tail(statistic: f64) -> f64 {
    let x = statistic / 2.0;
    if x.is_nan() || x <= 0.0 {
        return 1.0;
    }
    let front = (0.5 * x.ln() - x - ln_gamma(0.5)).exp();
    if x < 1.5 {
        // The incomplete gamma function's series, Abramowitz and Stegun 6.5.29.
        let (mut sum, mut term) = (2.0, 2.0);
        for n in 1..200 {
            term *= x / (0.5 + f64::from(n));
            sum += term;
        }
        return 1.0 - front * sum;
    }
    // Its continued fraction, 6.5.31, from the end.
    let mut fraction = x;
    for n in (1..400).rev().map(f64::from) {
        fraction = x + (n - 0.5) / (1.0 + n / fraction);
    }
    front / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-13 * want.abs().max(1e-3),
            "got {got}, want {want}"
        );
    }

    #[test]
    fn known_values() {
        near(ln_gamma(0.5), 0.5 * std::f64::consts::PI.ln());
        near(ln_gamma(11.0), 3_628_800f64.ln());
        near(incomplete_beta(1.0, 1.0, 0.3), 0.3);
        near(incomplete_beta(2.0, 3.0, 0.5), 0.6875);
        near(fair_binomial_cdf(2, 5), 0.5);
        near(fair_binomial_cdf(0, 10), 0.5f64.powi(10));
        assert_eq!(
            (fair_binomial_cdf(3, 3), fair_binomial_cdf(0, 0)),
            (1.0, 1.0)
        );
        // Cauchy's distribution: tan of half the level's angle.
        near(student_t_quantile(0.5, 1.0), 1.0);
        near(
            student_t_quantile(0.95, 1.0),
            (0.475 * std::f64::consts::PI).tan(),
        );
        near(student_t_two_sided(1.0, 1.0), 0.5);
        assert_eq!(chi_squared_1_tail(0.0), 1.0);
    }

    #[test]
    fn both_ways_to_the_tail_of_chi_squared_meet() {
        // scipy.stats.chi2.sf(3, 1); the series and the fraction meet there.
        let want = 0.083_264_516_663_550_42;
        for statistic in [3.0 - 1e-14, 3.0, 3.0 + 1e-14] {
            let got = chi_squared_1_tail(statistic);
            assert!((got - want).abs() < 1e-14, "{got}");
        }
    }
}

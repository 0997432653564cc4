//! The beta distribution.

/// The probability that a number of the beta distribution B(`a`, `b`) is at most `x`, as
/// `scipy.stats.beta.cdf`; `a` and `b` positive.
///
/// With Q(a, b, x) the continued fraction of the incomplete beta function, that is
/// x^a (1 − x)^b Q(a, b, x) / (a B(a, b)). The complement has the same form, and since the two add up
/// to 1 at the mean, B(a, b) follows from the fractions themselves.
pub(crate) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let mean = a / (a + b);
    // Logarithms, for a small share of a large power.
    let power = |x: f64| a * x.ln() + b * (-x).ln_1p();
    let below = |x: f64| fraction(x, a, b) / a;
    let above = |x: f64| fraction(1.0 - x, b, a) / b;
    let scale = (power(x) - power(mean)).exp() / (below(mean) + above(mean));
    if x <= mean {
        scale * below(x)
    } else {
        1.0 - scale * above(x)
    }
}

/// The continued fraction 1 / (1 + d₁ / (1 + d₂ / …)) of the incomplete beta function, evaluated from
/// the front by Lentz's method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |x: f64| if x.abs() < TINY { TINY } else { x };
    let (mut c, mut d) = (1.0, 1.0 / keep(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            d = 1.0 / keep(1.0 + term * d);
            c = keep(1.0 + term / c);
            value *= c * d;
        }
        if (value - before).abs() <= 1e-16 * value.abs() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_scipys() {
        // scipy.stats.beta.cdf(x, a, b)
        for (x, a, b, want) in CASES {
            let got = beta_cdf(x, a, b);
            assert!((got - want).abs() < 1e-13, "{x} {a} {b}: {got} {want}");
        }
        assert_eq!(
            (beta_cdf(-1.0, 2.0, 3.0), beta_cdf(2.0, 2.0, 3.0)),
            (0.0, 1.0)
        );
    }

    const CASES: [(f64, f64, f64, f64); 24] = [
        (0.01, 2.0, 18.0, 0.015273761488896611),
        (0.1, 2.0, 18.0, 0.5797350211684026),
        (0.42, 2.0, 18.0, 0.9995277438211415),
        (0.9, 2.0, 18.0, 1.0),
        (0.01, 0.5, 0.5, 0.06376856085851985),
        (0.1, 0.5, 0.5, 0.20483276469913345),
        (0.42, 0.5, 0.5, 0.44885057654807825),
        (0.9, 0.5, 0.5, 0.7951672353008665),
        (0.01, 1.0, 1.0, 0.01),
        (0.1, 1.0, 1.0, 0.1),
        (0.42, 1.0, 1.0, 0.42),
        (0.9, 1.0, 1.0, 0.9),
        (0.01, 30.0, 4.0, 5.299129540000005e-57),
        (0.1, 30.0, 4.0, 4.020490000000007e-27),
        (0.42, 30.0, 4.0, 5.693324102357478e-09),
        (0.9, 30.0, 4.0, 0.5769436641256929),
        (0.01, 500.0, 700.0, 0.0),
        (0.1, 500.0, 700.0, 1.5373547535261286e-180),
        (0.42, 500.0, 700.0, 0.5937664454826134),
        (0.9, 500.0, 700.0, 1.0),
        (0.01, 0.02, 9.0, 0.9611824229475688),
        (0.1, 0.02, 9.0, 0.9946765548244383),
        (0.42, 0.02, 9.0, 0.999963712104574),
        (0.9, 0.02, 9.0, 0.9999999999974271),
    ];
}

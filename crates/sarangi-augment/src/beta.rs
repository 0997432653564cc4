//! The beta distribution.

use sarangi_core::Rng;

/// Beta(`alpha`, `alpha`): symmetric about ½, near 0 and 1 for a small alpha, uniform for 1.
///
/// Up to 1 by Jöhnk's rejection, in logarithms where powers would vanish; above 1 as G / (G + G′) of two
/// gamma variables.
pub(crate) fn beta(alpha: f64, rng: &mut Rng) -> f64 {
    if alpha > 1.0 {
        let (a, b) = (gamma(alpha, rng), gamma(alpha, rng));
        return a / (a + b);
    }
    loop {
        // ln U^(1/α); 1 − uniform lies in (0, 1], so the logarithm is a number.
        let mut power = || (1.0 - rng.uniform()).ln() / alpha;
        let (a, b) = (power(), power());
        // Accepted if both powers add up to at most 1.
        if a.exp() + b.exp() <= 1.0 {
            // a/(a + b) of the powers, divided by the larger so that it does not vanish.
            return 1.0 / (1.0 + (b - a).exp());
        }
    }
}

/// Gamma of a shape of at least 1 and scale 1, by Marsaglia and Tsang (2000).
fn gamma(shape: f64, rng: &mut Rng) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = rng.normal();
        let v = (1.0 + c * x).powi(3);
        if v <= 0.0 {
            continue;
        }
        let u = 1.0 - rng.uniform();
        if u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn the_first_four_moments_are_those_of_the_distribution() {
        for alpha in [0.05, 0.2, 0.4, 0.8, 1.0, 1.5, 4.0, 32.0] {
            let mut rng = Seed(4).named("beta");
            let n = 100_000;
            let draws: Vec<f64> = (0..n).map(|_| beta(alpha, &mut rng)).collect();
            assert!(draws.iter().all(|x| (0.0..=1.0).contains(x)));
            let moment = |k| draws.iter().map(|x| (x - 0.5).powi(k)).sum::<f64>() / f64::from(n);
            let variance = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            // The excess kurtosis of Beta(α, α) is −6 / (2α + 3).
            let fourth = (3.0 - 6.0 / (2.0 * alpha + 3.0)) * variance.powi(2);
            // Five standard errors of each.
            let error = |variance_of: f64| 5.0 * (variance_of / f64::from(n)).sqrt();
            assert!(moment(1).abs() < error(variance), "{alpha}");
            let spread = error(fourth - variance.powi(2));
            assert!((moment(2) - variance).abs() < spread, "{alpha}");
            assert!((moment(4) / fourth - 1.0).abs() < 0.05, "{alpha}");
            assert!(moment(3).abs() < error(variance.powi(3) * 16.0), "{alpha}");
        }
    }

    #[test]
    fn a_uniform_is_uniform_and_the_smallest_alpha_still_ends() {
        let mut rng = Seed(5).named("beta");
        let mut tenths = [0u32; 10];
        for _ in 0..20_000 {
            tenths[((beta(1.0, &mut rng) * 10.0) as usize).min(9)] += 1;
        }
        assert!(tenths.iter().all(|n| n.abs_diff(2_000) < 220), "{tenths:?}");
        let low = (0..1_000).filter(|_| beta(1e-4, &mut rng) < 0.5).count();
        assert!((420..580).contains(&low), "{low}");
    }
}

//! Agreement beyond what chance gives.

use crate::Confusion;

impl Confusion {
    /// Matthews' correlation between truth and prediction, −1 to 1, over any number of classes
    /// (Gorodkin 2004), as scikit-learn's `matthews_corrcoef`; 0 if either is always the same class.
    ///
    /// With n examples, c of them right, tₖ of class k and pₖ said to be of class k:
    /// (c n − Σ tₖ pₖ) / √((n² − Σ pₖ²) (n² − Σ tₖ²)).
    pub fn matthews_correlation(&self) -> f64 {
        let Margins { n, hits, products } = self.margins();
        let [both, truth, predicted] = products;
        let spread = (n * n - truth) * (n * n - predicted);
        if spread > 0.0 {
            (hits * n - both) / spread.sqrt()
        } else {
            0.0
        }
    }

    /// Cohen's kappa: the share told right beyond what independent guesses with the same frequencies
    /// would get, (pₒ − pₑ) / (1 − pₑ), as scikit-learn's `cohen_kappa_score`. `None` where such
    /// guesses are all right: there is nothing beyond.
    pub fn cohen_kappa(&self) -> Option<f64> {
        let Margins { n, hits, products } = self.margins();
        let left = n * n - products[0];
        (left > 0.0).then(|| (hits * n - products[0]) / left)
    }

    fn margins(&self) -> Margins {
        let mut products = [0.0; 3];
        for (class, row) in self.counts().iter().enumerate() {
            let t = row.iter().sum::<u64>() as f64;
            let p = self.counts().iter().map(|row| row[class]).sum::<u64>() as f64;
            for (sum, product) in products.iter_mut().zip([t * p, t * t, p * p]) {
                *sum += product;
            }
        }
        let hits: u64 = (0..self.classes()).map(|i| self.counts()[i][i]).sum();
        Margins {
            n: self.total() as f64,
            hits: hits as f64,
            products,
        }
    }
}

struct Margins {
    n: f64,
    hits: f64,
    /// Σ tₖ pₖ, Σ tₖ², Σ pₖ².
    products: [f64; 3],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: [[u64; 2]; 2]) -> Confusion {
        Confusion::from_counts(counts.map(Vec::from).into()).unwrap()
    }

    #[test]
    fn all_right_all_wrong_and_no_better_than_chance() {
        let right = of([[3, 0], [0, 5]]);
        assert_eq!(
            (right.matthews_correlation(), right.cohen_kappa()),
            (1.0, Some(1.0))
        );
        assert_eq!(of([[0, 4], [4, 0]]).matthews_correlation(), -1.0);
        let chance = of([[2, 2], [3, 3]]);
        assert_eq!(
            (chance.matthews_correlation(), chance.cohen_kappa()),
            (0.0, Some(0.0))
        );
    }

    #[test]
    fn where_nothing_can_differ_there_is_no_agreement() {
        let single = of([[4, 0], [0, 0]]);
        assert_eq!(
            (single.matthews_correlation(), single.cohen_kappa()),
            (0.0, None)
        );
        let empty = of([[0, 0], [0, 0]]);
        assert_eq!(
            (empty.matthews_correlation(), empty.cohen_kappa()),
            (0.0, None)
        );
        // The majority's class always: four fifths right, and worth nothing.
        assert_eq!(of([[8, 0], [2, 0]]).cohen_kappa(), Some(0.0));
    }
}

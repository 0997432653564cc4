//! Examples in the order of a class's probability.

use crate::Predictions;

/// How many examples are of a class, and how many are not, at or above a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// The lowest probability among them.
    pub(crate) threshold: f64,
    /// Those of the class.
    pub(crate) hits: u64,
    /// Those not of it.
    pub(crate) false_alarms: u64,
}

/// One step for each distinct probability, from the largest: what scikit-learn's curves begin with.
/// Equal probabilities are one step, since no threshold can tell them apart.
#[derive(Clone, Debug)]
pub(crate) struct Ranking {
    pub(crate) steps: Vec<Step>,
}

impl Ranking {
    /// One class against the rest.
    pub(crate) fn of_class(predictions: &Predictions, class: usize) -> Self {
        let examples = predictions.chunks().iter();
        Self::of(examples.map(|example| (example.probabilities[class], example.truth == class)))
    }

    /// Every class of every example, each a decision of its own: what micro averages are of.
    pub(crate) fn of_all(predictions: &Predictions) -> Self {
        Self::of(predictions.chunks().iter().flat_map(|example| {
            let decision = move |(class, &p): (usize, &f32)| (p, class == example.truth);
            example.probabilities.iter().enumerate().map(decision)
        }))
    }

    /// From probabilities, which are at least 0 and finite, and whether each is a hit.
    pub(crate) fn of(scores: impl Iterator<Item = (f32, bool)>) -> Self {
        // The bits of floats that are not negative are in their order; + 0 makes −0 0. With the
        // truth in the lowest bit, one sort of numbers is all.
        let pack = |(p, hit): (f32, bool)| u64::from((p + 0.0).to_bits()) << 1 | u64::from(hit);
        let mut packed: Vec<u64> = scores.map(pack).collect();
        packed.sort_unstable();
        let mut steps: Vec<Step> = Vec::new();
        let (mut hits, mut false_alarms) = (0, 0);
        for value in packed.into_iter().rev() {
            let hit = value & 1;
            hits += hit;
            false_alarms += 1 - hit;
            let threshold = f64::from(f32::from_bits((value >> 1) as u32));
            let step = Step {
                threshold,
                hits,
                false_alarms,
            };
            match steps.last_mut() {
                Some(last) if last.threshold == threshold => *last = step,
                _ => steps.push(step),
            }
        }
        Self { steps }
    }

    /// How many examples are of the class, and how many are not.
    pub(crate) fn totals(&self) -> (u64, u64) {
        self.steps
            .last()
            .map_or((0, 0), |last| (last.hits, last.false_alarms))
    }

    /// Whether there are examples of the class and others: without, there is no curve.
    pub(crate) fn is_mixed(&self) -> bool {
        let (hits, others) = self.totals();
        hits > 0 && others > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_probabilities_are_one_step_and_minus_zero_is_zero() {
        let scores = [
            (0.5, true),
            (-0.0, false),
            (0.5, false),
            (0.0, true),
            (0.75, true),
        ];
        let steps: Vec<_> = Ranking::of(scores.into_iter())
            .steps
            .iter()
            .map(|s| (s.threshold, s.hits, s.false_alarms))
            .collect();
        assert_eq!(steps, [(0.75, 1, 0), (0.5, 2, 1), (0.0, 3, 2)]);
    }
}

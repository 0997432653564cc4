//! In which order examples are seen.

use sarangi_core::Rng;
use serde::{Deserialize, Serialize};

use crate::shuffled;

/// Which examples an epoch sees, and in which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampler {
    /// Each once, in random order.
    #[default]
    Shuffle,
    /// As many as there are, but equally many of each class, in random order: those of a rare class
    /// several times, of a frequent one some. `torch.utils.data.WeightedRandomSampler` with weights of
    /// one over the class's size draws so on average; here no example is seen again before
    /// all of its class were.
    Balanced,
}

impl Sampler {
    /// The examples of an epoch, given the class of each.
    pub fn order(self, labels: &[usize], rng: &mut Rng) -> Vec<usize> {
        match self {
            Self::Shuffle => shuffled(labels.len(), rng),
            Self::Balanced => balanced(labels, rng),
        }
    }
}

fn balanced(labels: &[usize], rng: &mut Rng) -> Vec<usize> {
    let classes = labels.iter().max().map_or(0, |most| most + 1);
    let mut members = vec![Vec::new(); classes];
    for (example, &label) in labels.iter().enumerate() {
        members[label].push(example);
    }
    members.retain(|members| !members.is_empty());
    // Which classes get one more where it does not come out even.
    rng.shuffle(&mut members);
    let mut order = Vec::with_capacity(labels.len());
    let classes = members.len();
    for (place, mut members) in members.into_iter().enumerate() {
        let mut wanted = labels.len() / classes + usize::from(place < labels.len() % classes);
        while wanted > 0 {
            rng.shuffle(&mut members);
            let taken = wanted.min(members.len());
            order.extend(&members[..taken]);
            wanted -= taken;
        }
    }
    rng.shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    #[test]
    fn a_balanced_epoch_has_equally_many_of_each_class() {
        let labels: Vec<usize> = (0..100).map(|i| usize::from(i >= 90) * 2).collect();
        let order = Sampler::Balanced.order(&labels, &mut Seed(1).rng(0, 0));
        assert_eq!(order.len(), 100);
        let rare: Vec<usize> = order.iter().copied().filter(|&i| labels[i] == 2).collect();
        assert_eq!(rare.len(), 50);
        for example in 90..100 {
            assert_eq!(rare.iter().filter(|&&i| i == example).count(), 5);
        }
        let mut frequent: Vec<usize> = order.into_iter().filter(|&i| i < 90).collect();
        frequent.sort_unstable();
        frequent.dedup();
        assert_eq!(frequent.len(), 50);
    }

    #[test]
    fn a_shuffled_epoch_has_each_once_and_nothing_gives_nothing() {
        let mut order = Sampler::Shuffle.order(&[0; 20], &mut Seed(1).rng(0, 0));
        assert!(!order.is_sorted());
        order.sort_unstable();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
        for sampler in [Sampler::Shuffle, Sampler::Balanced] {
            assert!(sampler.order(&[], &mut Seed(1).rng(0, 0)).is_empty());
        }
    }
}

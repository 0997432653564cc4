//! Randomness: explicit, reproducible, the same on every machine and number of threads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use serde::{Deserialize, Serialize};

/// The number from which everything random in a run follows.
///
/// A seed makes generators for places in the computation (this epoch, this example, this weight),
/// so that what is drawn at one place never depends on how much was drawn at another, nor on which
/// thread draws it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The generator for example `index` in epoch `epoch`.
    pub fn rng(self, epoch: u64, index: u64) -> Rng {
        self.derive(b"at", &[&epoch.to_le_bytes(), &index.to_le_bytes()])
    }

    /// The generator for something that has a name, such as a weight.
    pub fn named(self, name: &str) -> Rng {
        self.derive(b"named", &[name.as_bytes()])
    }

    /// A seed for a part of the computation that has places of its own.
    pub fn child(self, name: &str) -> Self {
        Self(self.derive(b"child", &[name.as_bytes()]).next_u64())
    }

    fn derive(self, purpose: &[u8], parts: &[&[u8]]) -> Rng {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.0.to_le_bytes());
        hash.update(purpose);
        for part in parts {
            hash.update(part);
        }
        Rng(ChaCha8Rng::from_seed(*hash.finalize().as_bytes()))
    }
}

/// A random generator (ChaCha with 8 rounds), whose sequence is fixed for ever.
#[derive(Clone, Debug)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [`low`, `high`).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform among 0, 1, …, `n` − 1, without bias; 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        if n < 2 {
            return 0;
        }
        // Lemire's multiply-and-shift: the low half tells the few draws that would be biased.
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= n.wrapping_neg() % n {
                return (product >> 64) as usize;
            }
        }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller's transform).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_fixed_for_ever() {
        // Changing these numbers breaks every stored run: never edit them.
        let mut rng = Seed(42).named("conv1.weight");
        assert_eq!(rng.next_u64(), 5_694_961_743_048_623_578);
        assert_eq!(Seed(7).rng(1, 2).below(1_000_000), 937_356);
    }

    #[test]
    fn places_are_independent() {
        let first = |mut rng: Rng| rng.next_u64();
        let all = [
            first(Seed(1).rng(0, 0)),
            first(Seed(1).rng(0, 1)),
            first(Seed(1).rng(1, 0)),
            first(Seed(2).rng(0, 0)),
            first(Seed(1).named("a")),
            first(Seed(1).named("b")),
            Seed(1).child("a").0,
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn draws_have_the_moments_they_should() {
        let mut rng = Seed(3).named("moments");
        let n = 20_000;
        let normal: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let mean = normal.iter().sum::<f64>() / f64::from(n);
        let variance = normal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
        let mut counts = [0u32; 7];
        (0..n).for_each(|_| counts[rng.below(7)] += 1);
        assert!(counts.iter().all(|&c| c.abs_diff(2857) < 250), "{counts:?}");
        assert!((0..n).all(|_| (0.0..1.0).contains(&rng.uniform())));
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        Seed(5).named("shuffle").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}

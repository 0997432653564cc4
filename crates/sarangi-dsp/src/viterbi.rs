//! The likeliest way through states that change little from step to step.

use pulp::Simd;
use sarangi_core::{Error, Result};

use crate::simd::{Kernel, run};

/// Targets that are worked on at once.
const LANES: usize = 8;
/// Added to each probability before the logarithm, so that what is impossible stays comparable.
const TINY: f64 = f64::MIN_POSITIVE;

/// Probabilities of moving from a place to those around it: `probability(i, j)` for the places
/// j = i − `reach`, …, i + `reach` that exist; elsewhere it is 0.
#[derive(Clone, Copy, Debug)]
pub struct LocalTransitions<F> {
    /// How many places there are.
    pub places: usize,
    /// How far a step goes at most.
    pub reach: usize,
    /// The probability of the step from the first place to the second.
    pub probability: F,
}

/// A planned Viterbi decoder of states that are places in layers, as `librosa.sequence.viterbi` with
/// the transitions `numpy.kron(switch, local)` and any beginning equally likely.
///
/// State a · places + i is place i of layer a; it moves to place j of layer b with the probability
/// switch\[a\]\[b\] · local(i, j). Outside the band that is 0, of which librosa takes the logarithm of
/// the least positive number, and so it is here: the one best of all states stands for all outside,
/// which makes a step cost states × (2 · reach + 1) instead of states².
#[derive(Debug)]
pub struct BandedViterbi {
    layers: usize,
    places: usize,
    reach: usize,
    /// Logarithms for each different entry of `switch`: (blocks of targets, distance, lanes).
    bands: Vec<Vec<[f64; LANES]>>,
    /// The band from layer a to b at a · layers + b.
    band_of: Vec<usize>,
}

impl BandedViterbi {
    /// Plans a decoder.
    ///
    /// # Errors
    /// [`Error::Shape`] if `switch` is not square, there are no states or more than 65,535, or the
    /// reach is that of all places.
    pub fn new<F: Fn(usize, usize) -> f64>(
        switch: &[Vec<f64>],
        local: &LocalTransitions<F>,
    ) -> Result<Self> {
        let (layers, places, reach) = (switch.len(), local.places, local.reach);
        let states = layers.saturating_mul(places);
        let square = switch.iter().all(|row| row.len() == layers);
        if !square || !(1..=usize::from(u16::MAX)).contains(&states) || reach > places {
            let got = format_args!("{layers} layers of {places} with a reach of {reach}");
            return Err(Error::shape("viterbi", "1 to 65535 states", got));
        }
        let mut different: Vec<f64> = Vec::new();
        let mut band_of = Vec::with_capacity(layers * layers);
        for &share in switch.iter().flatten() {
            let known = different
                .iter()
                .position(|x| x.to_bits() == share.to_bits());
            band_of.push(known.unwrap_or(different.len()));
            if known.is_none() {
                different.push(share);
            }
        }
        let band = |share: f64| {
            let rows = (0..places).step_by(LANES).flat_map(|first| {
                (0..=2 * reach).map(move |d| {
                    let mut row = [f64::NEG_INFINITY; LANES];
                    for (j, x) in (first..places).zip(&mut row) {
                        if let Some(i) = (j + d).checked_sub(reach).filter(|&i| i < places) {
                            *x = (share * (local.probability)(i, j) + TINY).ln();
                        }
                    }
                    row
                })
            });
            rows.collect()
        };
        Ok(Self {
            layers,
            places,
            reach,
            bands: different.into_iter().map(band).collect(),
            band_of,
        })
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.layers * self.places
    }

    /// The likeliest sequence of states for `steps` observations; `observe(t, …)` writes the
    /// probability of observation t in each state.
    pub fn decode(&self, steps: usize, mut observe: impl FnMut(usize, &mut [f64])) -> Vec<usize> {
        let states = self.states();
        if steps == 0 {
            return Vec::new();
        }
        let mut chances = vec![0.0; states];
        // Each layer with room on either side that no step comes from.
        let padded = self.padded();
        let mut values = vec![f64::NEG_INFINITY; self.layers * padded];
        let mut next = values.clone();
        let mut origins = vec![0u16; steps.saturating_sub(1) * states];
        observe(0, &mut chances);
        let beginning = (1.0 / states as f64 + TINY).ln();
        for (state, &chance) in chances.iter().enumerate() {
            values[self.at(state)] = (chance + TINY).ln() + beginning;
        }
        for (t, origins) in origins.chunks_exact_mut(states).enumerate() {
            chances.fill(0.0);
            observe(t + 1, &mut chances);
            let (best, value) = self.best(&values);
            run(Step {
                plan: self,
                values: &values,
                next: &mut next,
                origins,
                outside: (value + TINY.ln(), best as u16),
            });
            for (state, &chance) in chances.iter().enumerate() {
                next[self.at(state)] += (chance + TINY).ln();
            }
            std::mem::swap(&mut values, &mut next);
        }
        let mut state = self.best(&values).0;
        let mut path = vec![state];
        for origins in origins.chunks_exact(states).rev() {
            state = usize::from(origins[state]);
            path.push(state);
        }
        path.reverse();
        path
    }

    fn padded(&self) -> usize {
        self.places.next_multiple_of(LANES) + 2 * self.reach
    }

    fn at(&self, state: usize) -> usize {
        state / self.places * self.padded() + self.reach + state % self.places
    }

    /// The first state with the largest value.
    fn best(&self, values: &[f64]) -> (usize, f64) {
        let mut best = (0, f64::NEG_INFINITY);
        for state in 0..self.states() {
            let value = values[self.at(state)];
            if value > best.1 {
                best = (state, value);
            }
        }
        best
    }
}

/// From the values of one step to the best origins and values of the next.
struct Step<'a> {
    plan: &'a BandedViterbi,
    values: &'a [f64],
    next: &'a mut [f64],
    origins: &'a mut [u16],
    /// The best value from outside the band and its state.
    outside: (f64, u16),
}

impl Kernel for Step<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let plan = self.plan;
        let (padded, width) = (plan.padded(), 2 * plan.reach + 1);
        for (block, first) in (0..plan.places).step_by(LANES).enumerate() {
            for target in 0..plan.layers {
                let mut best = [f64::NEG_INFINITY; LANES];
                let mut from = [0u64; LANES];
                for lane in (0..LANES).step_by(S::F64_LANES) {
                    let mut most = simd.splat_f64s(f64::NEG_INFINITY);
                    let mut which = simd.splat_u64s(0);
                    for layer in 0..plan.layers {
                        let band = &plan.bands[plan.band_of[layer * plan.layers + target]];
                        let band = &band[block * width..][..width];
                        let values = &self.values[layer * padded + first + lane..];
                        let values = &values[..width + S::F64_LANES - 1];
                        for (d, band) in band.iter().enumerate() {
                            let value =
                                simd.add_f64s(vector::<S>(values, d), vector::<S>(band, lane));
                            let better = simd.less_than_f64s(most, value);
                            most = simd.select_f64s(better, value, most);
                            let number = simd.splat_u64s((layer * width + d) as u64);
                            which = simd.select_u64s(better, number, which);
                        }
                    }
                    S::as_mut_simd_f64s(&mut best[lane..lane + S::F64_LANES]).0[0] = most;
                    S::as_mut_simd_u64s(&mut from[lane..lane + S::F64_LANES]).0[0] = which;
                }
                let targets = (first..plan.places).zip(best.into_iter().zip(from));
                for (place, (value, number)) in targets {
                    let (layer, d) = (number as usize / width, number as usize % width);
                    let origin =
                        (layer * plan.places + place + d).saturating_sub(plan.reach) as u16;
                    let (far, outsider) = self.outside;
                    let outside = far > value || (far == value && outsider < origin);
                    let (value, origin) = if outside {
                        self.outside
                    } else {
                        (value, origin)
                    };
                    self.next[target * padded + plan.reach + place] = value;
                    self.origins[target * plan.places + place] = origin;
                }
            }
        }
    }
}

#[inline(always)]
fn vector<S: Simd>(values: &[f64], at: usize) -> S::f64s {
    S::as_simd_f64s(&values[at..at + S::F64_LANES]).0[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sarangi_core::Seed;

    /// All states against all states.
    fn densely(
        states: usize,
        steps: &[Vec<f64>],
        transition: impl Fn(usize, usize) -> f64,
    ) -> Vec<usize> {
        let ln = |p: f64| (p + TINY).ln();
        let mut values: Vec<f64> = steps[0]
            .iter()
            .map(|&p| ln(p) + ln(1.0 / states as f64))
            .collect();
        let mut origins = Vec::new();
        for step in &steps[1..] {
            let best = |j: usize| {
                let mut best = (0, f64::NEG_INFINITY);
                for (i, value) in values.iter().enumerate() {
                    let value = value + ln(transition(i, j));
                    if value > best.1 {
                        best = (i, value);
                    }
                }
                best
            };
            let bests: Vec<_> = (0..states).map(best).collect();
            values = bests
                .iter()
                .zip(step)
                .map(|(best, &p)| ln(p) + best.1)
                .collect();
            origins.push(bests.iter().map(|best| best.0).collect::<Vec<_>>());
        }
        let mut state = 0;
        for (i, &value) in values.iter().enumerate() {
            if value > values[state] {
                state = i;
            }
        }
        let mut path = vec![state];
        for origins in origins.iter().rev() {
            state = origins[state];
            path.push(state);
        }
        path.reverse();
        path
    }

    proptest! {
        #[test]
        fn the_way_is_that_of_all_transitions(
            seed in any::<u64>(),
            places in 1usize..30,
            reach in 0usize..9,
            steps in 1usize..12,
            sparse in prop::bool::ANY,
        ) {
            let reach = reach.min(places);
            let mut rng = Seed(seed).named("viterbi");
            let table: Vec<f64> = (0..places * places).map(|_| rng.uniform()).collect();
            let switch = vec![vec![0.9, 0.1], vec![0.2, 0.8]];
            let local = |i: usize, j: usize| table[i * places + j];
            // Many observations are impossible, so that the way must leave the band at times.
            let steps: Vec<Vec<f64>> = (0..steps)
                .map(|_| (0..2 * places)
                    .map(|_| if sparse && rng.chance(0.95) { 0.0 } else { rng.uniform() })
                    .collect())
                .collect();
            let plan = BandedViterbi::new(&switch, &LocalTransitions { places, reach, probability: local }).unwrap();
            let got = plan.decode(steps.len(), |t, out| out.copy_from_slice(&steps[t]));
            let want = densely(2 * places, &steps, |a, b| {
                let (i, j) = (a % places, b % places);
                let near = i.abs_diff(j) <= reach;
                if near { switch[a / places][b / places] * local(i, j) } else { 0.0 }
            });
            prop_assert_eq!(got, want);
        }
    }

    #[test]
    fn what_cannot_be_planned_is_refused() {
        let local = |places, reach| LocalTransitions {
            places,
            reach,
            probability: |_, _| 1.0,
        };
        let one = vec![vec![1.0]];
        assert!(BandedViterbi::new(&one, &local(0, 0)).is_err());
        assert!(BandedViterbi::new(&one, &local(70_000, 0)).is_err());
        assert!(BandedViterbi::new(&one, &local(3, 4)).is_err());
        assert!(BandedViterbi::new(&[vec![1.0, 0.0]], &local(3, 1)).is_err());
        let plan = BandedViterbi::new(&one, &local(3, 1)).unwrap();
        assert!(plan.decode(0, |_, _| ()).is_empty());
    }
}
